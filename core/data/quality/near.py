"""Which texts are nearly the same: candidates by MinHash and by common halves, each then compared in full.

Two texts are near when they have the same letters and digits in the same order (they differ in case, spacing or
punctuation only), when their character n-grams overlap by at least `NEAR`, or when they differ in one word. The last is
asked only of texts long enough that a single word is not most of what they say.

References
----------
Broder 1997, "On the resemblance and containment of documents".
Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3, on bands of a signature.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from array import array
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from core.data.dataset.row_targets import Rows
from core.data.dataset.same_text import groups_of, key_numbers

NEAR = 0.7  # Jaccard similarity of the n-gram sets
MOST_TEXTS = 100_000  # of which signatures are made: about 20 seconds on one core for short texts
PROGRESS_EVERY = 2000

# 125 hashes: of pairs with a similarity of 0.7 99 % become candidates, of those with 0.1 one in 4,000.
_BANDS, _ROWS = 25, 5
_WORTH_COMPARING = 0.45  # estimated similarity; its standard error is 0.045
_MOST_LETTERS = 2000  # of a text that are looked at
_ALL_PAIRS = 40  # rows of a bucket that are all compared with each other; of a larger one only neighbours
_NEIGHBOURS = 3
_AT_ONCE = 100_000  # pairs whose signatures are compared at a time: 50 MB
_REMEMBERED = 2_000_000  # letters of texts whose n-grams are kept for the next pair: some 200 MB
_FEWEST_LETTERS = 8  # shorter texts are the same or they are not
_FEWEST_WORDS = 6.0  # for "one word differs"
_FEWEST_TOKENS = 5  # of a text that may differ so from one of six
_NGRAM = {"zh": 2, "mixed": 3}
_USUAL_NGRAM = 4

_NOT_LETTERS = re.compile(r"[\W_]+")
_TOKENS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_HAN_WORD = 2  # characters of a Chinese word that may differ
_HAN_WEIGHT = 0.6  # of a word: Chinese words have one or two characters
_HAN = 1 << 31  # marks the number of a Chinese character


@dataclass(frozen=True)
class NearPairs:
    """Pairs of texts that are nearly the same, but not equal.

    Parameters
    ----------
    pairs
        int64 (pairs, 2): positions of the texts, the smaller first.
    seen
        How many texts were compared with each other; all were compared by their letters.
    """

    pairs: npt.NDArray[np.int64]
    seen: int


def letters(text: str) -> str:
    """Letters and digits alone, in lower case; the text itself where it has none."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_LETTERS.sub("", plain) or plain


def near_pairs(
    texts: Sequence[str], *, language: str, first: Rows | None = None, seed: int = 0, most: int = MOST_TEXTS
) -> Generator[float, None, NearPairs]:
    """Find them, yielding how far it is, 0 to 1.

    Parameters
    ----------
    texts
        Texts of which no two are equal.
    first
        Positions that are compared in any case where there are more than ``most``, such as those of a test.
    """
    alike = groups_of(key_numbers(texts, letters))
    yield 0.1
    same = [(int(rows[0]), int(row)) for rows in alike for row in rows[1:]]
    repeated = np.zeros(len(texts), dtype=bool)
    repeated[[row for _, row in same]] = True
    sample = _sample(np.flatnonzero(~repeated), first, seed, most)
    plain = [letters(texts[row])[:_MOST_LETTERS] for row in sample]
    width = _NGRAM.get(language, _USUAL_NGRAM)
    signatures = np.zeros((len(plain), _BANDS * _ROWS), dtype=np.uint32)
    for done in _sign(plain, width, signatures):
        yield 0.1 + 0.6 * done
    tokens = [token_numbers(texts[row]) for row in sample]
    kept = []
    candidates, sharing = _candidates(signatures, tokens)

    @lru_cache(_REMEMBERED * len(plain) // max(1, sum(map(len, plain))))
    def ngrams(row: int) -> frozenset[str]:
        return frozenset(plain[row][at : at + width] for at in range(len(plain[row]) - width + 1))

    for begin in range(0, len(candidates), PROGRESS_EVERY):
        yield 0.75 + 0.25 * begin / len(candidates)
        piece = slice(begin, begin + PROGRESS_EVERY)
        for (left, right), halves in zip(candidates[piece].tolist(), sharing[piece].tolist(), strict=True):
            long_enough = min(len(plain[left]), len(plain[right])) >= _FEWEST_LETTERS
            if (long_enough and _alike(ngrams(left), ngrams(right))) or (
                halves and differ_in_a_word(tokens[left], tokens[right])
            ):
                kept.append((int(sample[left]), int(sample[right])))
    pairs = sorted({*same, *kept})
    return NearPairs(np.array(pairs, dtype=np.int64).reshape(-1, 2), len(sample))


def token_numbers(text: str) -> array[int]:
    """A number for each word and each Chinese character of a text: four bytes, where a string takes sixty."""
    tokens = _TOKENS.findall(unicodedata.normalize("NFKC", text).casefold())[:_MOST_LETTERS]
    return array("I", (_HAN | ord(token) if _is_han(token) else zlib.crc32(token.encode()) & ~_HAN for token in tokens))


def differ_in_a_word(left: Sequence[int], right: Sequence[int]) -> bool:
    """Whether two texts differ in one word only: put in, left out, or exchanged."""
    if max(_words(left), _words(right)) < _FEWEST_WORDS:
        return False
    shorter = min(len(left), len(right))
    start = 0
    while start < shorter and left[start] == right[start]:
        start += 1
    end = 0
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    middles = [part[start : len(part) - end] for part in (left, right)]
    return all(_a_word(middle) for middle in middles)


def _a_word(middle: Sequence[int]) -> bool:
    return len(middle) <= (_HAN_WORD if all(token & _HAN for token in middle) else 1)


def _words(tokens: Sequence[int]) -> float:
    """How many words a text has; a Chinese one is about one and a half characters."""
    chinese = sum(token >> 31 for token in tokens)
    return len(tokens) - chinese + _HAN_WEIGHT * chinese


def _is_han(token: str) -> bool:
    return len(token) == 1 and "\u3040" <= token <= "\uffff"


def _sample(rows: Rows, first: Rows | None, seed: int, most: int) -> Rows:
    if len(rows) <= most:
        return rows
    random = np.random.default_rng(seed)
    wanted = np.intersect1d(rows, first) if first is not None else rows[:0]
    if len(wanted) > most // 2:
        wanted = random.choice(wanted, most // 2, replace=False)
    others = random.choice(np.setdiff1d(rows, wanted), most - len(wanted), replace=False)
    return np.sort(np.concatenate([wanted, others]))


def _sign(plain: Sequence[str], width: int, signatures: npt.NDArray[np.uint32]) -> Iterator[float]:
    """Fill in the MinHash signature of each text; one of too few letters keeps zeros."""
    from datasketch import MinHash

    like: Any = MinHash(num_perm=signatures.shape[1])
    for row, text in enumerate(plain):
        if row % PROGRESS_EVERY == 0:
            yield row / len(plain)
        if len(text) >= _FEWEST_LETTERS:
            made = MinHash(num_perm=like.num_perm, permutations=like.permutations, scheme=like.scheme, hashfunc=int)
            made.update_batch(_ngram_numbers(text, width).tolist())
            signatures[row] = made.hashvalues.astype(np.uint32)


def _ngram_numbers(text: str, width: int) -> npt.NDArray[np.uint64]:
    """32 bits for each n-gram of a text, each once."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    count = len(codes) - width + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for offset in range(width):
        mixed = (mixed * np.uint64(0x9E3779B97F4A7C15)) ^ codes[offset : offset + count]
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    return np.unique(mixed >> np.uint64(32))


def _candidates(
    signatures: npt.NDArray[np.uint32], tokens: Sequence[array[int]]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Pairs worth comparing in full, int64 (pairs, 2), in ascending order, and whether they share a half."""
    signed = np.flatnonzero(signatures.any(axis=1))
    by_hash = np.zeros(0, dtype=np.int64)
    for band in range(_BANDS):
        part = signatures[signed, band * _ROWS : (band + 1) * _ROWS].astype(np.uint64)
        mixed = np.zeros(len(part), dtype=np.uint64)
        for column in part.T:
            mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        pairs = _numbered(_pairs(groups_of(mixed), signed), len(tokens))
        new = pairs[~_are_in(pairs, by_hash)]
        left, right = np.divmod(new, len(tokens))
        close = np.zeros(len(new), dtype=bool)
        for begin in range(0, len(new), _AT_ONCE):
            piece = slice(begin, begin + _AT_ONCE)
            same = signatures[left[piece]] == signatures[right[piece]]
            close[piece] = same.mean(axis=1) >= _WORTH_COMPARING
        by_hash = _once(np.concatenate([by_hash, new[close]]))
    halves = _numbered(_sharing_halves(tokens), len(tokens))
    both = _once(np.concatenate([by_hash, halves]))
    return np.stack(np.divmod(both, len(tokens)), axis=1), _are_in(both, halves)


def _numbered(pairs: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Each pair of rows, of so many, as one number; once, ascending."""
    return _once(pairs[:, 0] * count + pairs[:, 1])


def _once(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each value once, ascending. NumPy's own way hashes, and such numbers collide: it takes quadratic time."""
    ordered = np.sort(values, kind="stable")
    is_new = np.ones(len(ordered), dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def _are_in(values: npt.NDArray[np.int64], ascending: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the values are among others; bool (values,)."""
    places = np.searchsorted(ascending, values)
    inside = places < len(ascending)
    inside[inside] = ascending[places[inside]] == values[inside]
    return inside


def _sharing_halves(tokens: Sequence[array[int]]) -> npt.NDArray[np.int64]:
    """Texts that differ in one word share their first or their last half, whatever the word.

    A text of n words is also entered as one of n − 1, so that it meets the text in which a word is missing.
    """
    keys = array("Q")
    owners = array("q")
    for row, words in enumerate(tokens):
        if len(words) < _FEWEST_TOKENS:
            continue
        for length in (len(words), len(words) - 1):
            half = length // 2
            for side, part in ((b"<", words[:half]), (b">", words[len(words) - half :])):
                named = side + length.to_bytes(2, "big") + part.tobytes()
                keys.append(int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big"))
                owners.append(row)
    buckets = groups_of(np.array(keys, dtype=np.uint64))
    return _pairs(buckets, np.array(owners, dtype=np.int64))


def _pairs(buckets: Sequence[Rows], owners: Rows) -> npt.NDArray[np.int64]:
    """Pairs of a bucket's owners, each with the smaller first: all of a small bucket, neighbours of a large one."""
    pieces = []
    for bucket in buckets:
        members = _once(owners[bucket])
        reach = len(members) - 1 if len(members) <= _ALL_PAIRS else _NEIGHBOURS
        for step in range(1, min(reach, len(members) - 1) + 1):
            pieces.append(np.stack([members[:-step], members[step:]], axis=1))
    return np.concatenate(pieces) if pieces else np.zeros((0, 2), dtype=np.int64)


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    common = len(first & second)
    return common >= NEAR * (len(first) + len(second) - common)
