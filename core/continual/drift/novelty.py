"""How unlike what was learned is a single text? A distance from learned texts, to be ranked among those of usual texts.

What a pretrained encoder says of a text is compared with what it says of learned texts (`Neighbours`). Without an encoder its
spelling is: how rare its letters, runs of letters, words and pairs of words are among learned texts, and how many of them none of
these has (`Spelling`), as Mahalanobis' distance from usual texts (`Usual`). Both were tried the other way round: Mahalanobis'
distance in an encoder's features marks hardly any text of another domain, and vectors of hashed n-grams tell apart which usual
words a text has.

Knows nothing of models and files.

References
----------
K. Lee, K. Lee, H. Lee, J. Shin (2018), "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
Attacks".
O. Ledoit, M. Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices".
Y. Sun, Y. Ming, X. Zhu, Y. Li (2022), "Out-of-Distribution Detection with Deep Nearest Neighbors".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset.same_text import body_key

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHARACTERS = 600  # of a text that are looked at
LONGEST = 4  # letters of a run
KINDS = LONGEST + 2  # of pieces: runs of one to four letters, words, pairs of words
BUCKETS = 1 << 16
NEAREST = 5  # learned texts that a text is compared with
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|\w+")
_MULTIPLIERS = (0x1F3D5B79A2C4E687, 0x2545F4914F6CDD1D)  # large and odd; those of files that are there may never change
_RIDGE = 1e-6  # of the mean variance: texts that are all alike have a covariance without an inverse
_FLOOR = 0.03  # of the features' median deviation: what varies less than that among usual texts counts as if it did not


@dataclass(frozen=True, eq=False)
class Spelling:
    """How many texts hold each piece, by kind of piece: enough to say how rare the pieces of another text are.

    Parameters
    ----------
    counts
        Of texts, by the hash of a piece: uint16 (kinds, buckets).
    texts
        How many texts were counted.
    """

    counts: NDArray[np.uint16]
    texts: int

    @staticmethod
    def of(texts: Sequence[str]) -> Spelling:
        """Count the pieces of these texts."""
        counts = np.zeros((KINDS, BUCKETS), dtype=np.int64)
        for kind, (pieces, rows) in enumerate(_pieces(texts)):
            counts[kind] = np.bincount(np.unique(rows * BUCKETS + pieces) % BUCKETS, minlength=BUCKETS)
        return Spelling(np.minimum(counts, np.iinfo(np.uint16).max).astype(np.uint16), len(texts))

    def features(self, texts: Sequence[str]) -> Floats:
        """Of each kind of piece the mean rarity, and the root of the share that no counted text has: (texts, 2 kinds).

        NaN where a text has no piece of a kind.
        """
        columns = []
        for counts, (pieces, rows) in zip(self.counts, _pieces(texts), strict=True):
            held = np.bincount(rows, minlength=len(texts)).astype(np.float64)
            held[held == 0] = np.nan
            own = counts[pieces].astype(np.float64)
            rarity = np.bincount(rows, weights=np.log((self.texts + 1) / (own + 0.5)), minlength=len(texts))
            columns += [rarity / held, np.sqrt(np.bincount(rows, weights=own == 0, minlength=len(texts)) / held)]
        return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class Usual:
    """How usual the spelling of usual texts is, as `Spelling.features` has it of texts that were not counted.

    Each feature's mean and deviation follow the length of a text, since short texts vary more. Only what is rarer than usual
    counts: a text is not novel for being more usual than others.

    Parameters
    ----------
    level
        Mean of each feature: factors of 1, 1/√length and 1/length, (3, features).
    spread
        Logarithm of its variance: factors of 1 and the logarithm of the length, (2, features).
    factor
        L of the inverse covariance L Lᵀ: (features, features).
    """

    level: Floats
    spread: Floats
    factor: Floats

    @staticmethod
    def of(features: Floats, lengths: Floats) -> Usual:
        """Learn it from features (texts, features) and lengths (texts); a feature that a text lacks is NaN."""
        there = ~np.isnan(features)
        means = np.where(there, features, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        features = np.where(there, features, means)
        level = np.asarray(np.linalg.lstsq(_of_mean(lengths), features, rcond=None)[0], dtype=np.float64)
        rest = features - _of_mean(lengths) @ level
        floor = (_FLOOR * float(np.median(rest.std(axis=0)))) ** 2 or 1.0
        logs = np.log(rest**2 + floor)
        spread = np.asarray(np.linalg.lstsq(_of_variance(lengths), logs, rcond=None)[0], dtype=np.float64)
        deviations = rest / np.exp(_of_variance(lengths) @ spread / 2)
        covariance = shrunk_covariance(deviations)
        covariance += _RIDGE * (float(np.trace(covariance)) / len(covariance)) * np.eye(len(covariance))
        return Usual(level, spread, np.linalg.cholesky(np.linalg.inv(covariance)))

    def distances(self, features: Floats, lengths: Floats) -> Floats:
        """Squared distance of each text, (texts); larger is more unlike usual texts."""
        deviations = (features - _of_mean(lengths) @ self.level) / np.exp(_of_variance(lengths) @ self.spread / 2)
        rarer = np.maximum(np.nan_to_num(deviations, nan=0.0), 0.0)
        squares: Floats = ((rarer @ self.factor) ** 2).sum(axis=1)
        return squares


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What an encoder says of learned texts.

    Parameters
    ----------
    vectors
        Of length 1: float16 (texts, width).
    """

    vectors: NDArray[np.float16]

    @staticmethod
    def of(vectors: NDArray[Any]) -> Neighbours:
        """Take the vectors of learned texts."""
        return Neighbours(_of_length_one(vectors).astype(np.float16))

    def distances(self, vectors: NDArray[Any]) -> Floats:
        """One less the mean cosine to the nearest learned texts, (texts), 0 to 2."""
        cosines = _of_length_one(vectors) @ self.vectors.astype(np.float32).T
        nearest = np.partition(cosines, -min(NEAREST, cosines.shape[1]), axis=1)[:, -NEAREST:]
        far: Floats = 1 - nearest.mean(axis=1).astype(np.float64)
        return far


def lengths_of(texts: Sequence[str]) -> Floats:
    """Number of characters of each text that are looked at, at least 1."""
    return np.maximum([float(len(text)) for text in _read(texts)], 1.0)


def shrunk_covariance(values: Floats) -> Floats:
    """Ledoit's and Wolf's covariance of values (rows, features): drawn towards a multiple of the identity, so that it has an
    inverse.
    """
    rows, size = values.shape
    centred = values - values.mean(axis=0)
    covariance = centred.T @ centred / rows
    mean = float(np.trace(covariance)) / size
    away = float(((covariance - mean * np.eye(size)) ** 2).sum())
    noise = (float((np.square(centred).sum(axis=1) ** 2).mean()) - float((covariance**2).sum())) / rows
    share = 1.0 if away <= 0 else min(max(noise, 0.0) / away, 1.0)
    shrunk: Floats = (1 - share) * covariance + share * mean * np.eye(size)
    return shrunk if mean > 0 else np.eye(size)


def _of_mean(lengths: Floats) -> Floats:
    return np.stack([np.ones_like(lengths), 1 / np.sqrt(lengths), 1 / lengths], axis=1)


def _of_variance(lengths: Floats) -> Floats:
    return np.stack([np.ones_like(lengths), np.log(lengths)], axis=1)


def _of_length_one(vectors: NDArray[Any]) -> NDArray[np.float32]:
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(sizes, 1e-12), dtype=np.float32)


def _read(texts: Sequence[str]) -> list[str]:
    return [body_key(text)[:CHARACTERS] for text in texts]


def _pieces(texts: Sequence[str]) -> Iterator[tuple[Integers, Integers]]:
    """Of each kind the hashes of all pieces, below `BUCKETS`, and the row of each."""
    read = _read(texts)
    yield from _runs([f" {text} " for text in read])
    words = [_WORD.findall(text) for text in read]
    yield _hashed(words)
    yield _hashed([[f"{first} {second}" for first, second in pairwise(own)] for own in words])


def _runs(texts: Sequence[str]) -> Iterator[tuple[Integers, Integers]]:
    letters = "".join(texts).encode("utf-32-le", "surrogatepass")
    code = np.frombuffer(letters, dtype=np.uint32).astype(np.uint64)
    rows = np.repeat(np.arange(len(texts), dtype=np.int64), [len(text) for text in texts])
    key = code
    for size in range(1, LONGEST + 1):
        if size > 1:
            key = key[:-1] * np.uint64(_MULTIPLIERS[0]) + code[size - 1 :]
        inside = rows[: len(key)] == rows[size - 1 :]
        mixed: NDArray[Any] = key[inside] * np.uint64(_MULTIPLIERS[1])
        yield (mixed >> np.uint64(48)).astype(np.int64), rows[: len(key)][inside]


def _hashed(pieces: Sequence[Sequence[str]]) -> tuple[Integers, Integers]:
    hashes = [zlib.crc32(piece.encode("utf-8", "surrogatepass")) % BUCKETS for own in pieces for piece in own]
    return np.array(hashes, dtype=np.int64), np.repeat(np.arange(len(pieces)), [len(own) for own in pieces])
