"""Near texts of a dataset and of the frozen tests it is held against: compared once, for all finders that ask."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.data.dataset.inputs import body_of
from core.data.dataset.row_targets import Rows
from core.data.dataset.same_text import key_numbers
from core.data.quality.base import Inspected
from core.data.quality.near import MOST_TEXTS, NearPairs, near_pairs


@dataclass(frozen=True)
class Nearness:
    """Different texts, and which of them are nearly the same.

    Parameters
    ----------
    order, starts
        The rows of text ``k`` are ``order[starts[k] : starts[k + 1]]``, ascending.
    frozen
        Names of the classifiers in whose frozen tests each text stands that is in no row; they are numbered on from the
        dataset's own.
    """

    order: Rows
    starts: Rows
    frozen: tuple[tuple[str, ...], ...]
    near: NearPairs

    @property
    def texts(self) -> int:
        """How many different texts the dataset has."""
        return len(self.starts) - 1

    def rows(self, text: int) -> Rows:
        return self.order[self.starts[text] : self.starts[text + 1]]

    def inside(self) -> Iterator[tuple[int, int]]:
        """Near pairs of the dataset's own texts."""
        for text, other in self.near.pairs.tolist():
            if other < self.texts:
                yield text, other

    def outside(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The dataset's texts that are nearly the same as one of a frozen test, with that test's classifiers."""
        for text, other in self.near.pairs.tolist():
            if text < self.texts <= other:
                yield text, self.frozen[other - self.texts]

    @property
    def seen(self) -> int | None:
        """How many texts were compared; None: all."""
        return self.near.seen if self.near.seen >= MOST_TEXTS else None


def near_texts(inspected: Inspected) -> Generator[float, None, Nearness]:
    """Compare the texts, yielding how far it is; the second finder that asks gets what the first has found."""
    if inspected.nearness is None:
        order = np.argsort(inspected.keys, kind="stable").astype(np.int64)
        ordered = inspected.keys[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=~ordered[:1])).astype(np.int64)
        texts = [body_of(inspected.dataset.texts[row]) for row in order[starts]]
        starts = np.append(starts, len(order))
        elsewhere = frozen_keys(inspected)
        known = set(np.intersect1d(ordered, np.fromiter(elsewhere, dtype=np.uint64, count=len(elsewhere))).tolist())
        new = {key: entry for key, entry in elsewhere.items() if key not in known}
        near = yield from near_pairs(
            texts + [body_of(text) for text, _ in new.values()],
            language=inspected.language,
            first=_first(inspected, order, starts, len(new)),
            seed=inspected.seed,
        )
        inspected.nearness = Nearness(order, starts, tuple(names for _, names in new.values()), near)
    return inspected.nearness


def frozen_keys(inspected: Inspected) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Key of each text of the frozen tests → the text, and the classifiers in whose tests it stands."""
    by_key: dict[int, tuple[str, tuple[str, ...]]] = {}
    for test in inspected.frozen:
        for key, text in zip(key_numbers(test.texts).tolist(), test.texts, strict=True):
            names = by_key[key][1] if key in by_key else ()
            by_key[key] = (text, names if test.classifier in names else (*names, test.classifier))
    return by_key


def _first(inspected: Inspected, order: Rows, starts: Rows, frozen: int) -> Rows:
    """Texts that must be compared even where only some can be: those of the test part and of frozen tests."""
    texts = len(starts) - 1
    outside = np.arange(texts, texts + frozen, dtype=np.int64)
    if inspected.dataset.splits is None:
        return outside
    tested: npt.NDArray[np.bool_] = np.array([part == "test" for part in inspected.dataset.splits])[order]
    inside = np.flatnonzero(np.add.reduceat(tested, starts[:-1])) if texts else starts[:0]
    return np.concatenate([inside, outside])
