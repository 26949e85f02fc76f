"""Which rows take part in an attack, which shadow learns which of them, and the canaries among them. Test rows take no part.

A coin is thrown for each shadow and unit. A unit is what an attacker may ask for: a text with all its copies, or all rows of a
group where a promise is made to groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.errors import DataError
from core.data.dataset.inputs import body_of, compose, parse
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import key_numbers, units_of
from core.networks.text.words import words_of
from core.statistics.intervals import MINIMUM_ROWS
from core.workflows.versions.past import Labelled

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

REFERENCES = 511  # texts of the canaries' kind that nobody learns, so that a canary's rank is worth 9 bits at most
RARE = 8  # units of a label; of fewer some shadow would get none, so that all shadows learn them
COMMON = 4  # occurrences of a word from which on it is in most vocabularies
SHORTEST, LONGEST = 5, 40  # words of a canary


@dataclass(frozen=True, eq=False)
class Canaries:
    """Texts of words drawn by chance, with an answer drawn by chance, and further texts that are never learned."""

    texts: list[str]
    labels: list[str]
    references: list[str]


@dataclass(frozen=True, eq=False)
class AttackedRows:
    """The rows that take part, each with its unit.

    Parameters
    ----------
    groups
        The group of each row; None where there are none.
    measured
        One row of each unit for which coins are thrown, ascending: those that are attacked.
    available
        How many training rows there were.
    """

    texts: list[str]
    labels: list[str]
    groups: list[str] | None
    unit: Integers
    measured: Integers
    available: int
    canaries: Canaries

    def learned(self, shadow: int) -> tuple[Flags, Flags]:
        """Which rows a shadow learns, ``(rows,)``, and which canaries; the same whenever it is asked for."""
        thrown = np.isin(np.arange(int(self.unit.max()) + 1), self.unit[self.measured])
        generator = np.random.default_rng([shadow, 7])
        present: set[str] = set()
        while len(present) < len(set(self.labels)):  # hardly ever twice
            coins = ~thrown | (generator.random(len(thrown)) < 0.5)
            rows = coins[self.unit]
            present = {label for label, is_in in zip(self.labels, rows, strict=True) if is_in}
        return rows, generator.random(len(self.canaries.texts)) < 0.5

    def training(self, shadow: int) -> Labelled:
        """What a shadow learns from."""
        rows, canaries = (np.flatnonzero(flags) for flags in self.learned(shadow))
        texts = [*(self.texts[row] for row in rows), *(self.canaries.texts[row] for row in canaries)]
        return texts, [*(self.labels[row] for row in rows), *(self.canaries.labels[row] for row in canaries)]

    def training_groups(self, shadow: int) -> list[str] | None:
        """The group of each row that it learns from, in the same order; a canary is one by itself."""
        if self.groups is None:
            return None
        rows, canaries = (np.flatnonzero(flags) for flags in self.learned(shadow))
        return [*(self.groups[row] for row in rows), *(f"canary {number}" for number in canaries)]

    def fingerprint(self) -> str:
        """What changes when any row does, as when rows were forgotten."""
        keys = key_numbers([*self.texts, *self.canaries.texts])
        return f"{len(keys)}-{int(np.bitwise_xor.reduce(keys)):x}"


def attacked_rows(
    dataset: TextDataset, train: Integers, *, most: int, canaries: int, by_group: bool, chinese: bool
) -> AttackedRows:
    """Choose the rows that take part.

    Parameters
    ----------
    train
        Numbers of the rows that the version was trained on.
    most
        How many take part at most; units are not divided.
    by_group
        Whether the rows of a group belong together.
    chinese
        Whether words stand next to each other without a space.

    Raises
    ------
    DataError
        When the rows have one label, or are too few to say anything.
    """
    generator = np.random.default_rng(0)
    part = dataset.take(train)
    unit = units_of(key_numbers(part.texts), part.groups if by_group else None)
    if len(train) > most:
        drawn = generator.permutation(int(unit.max()) + 1)
        fits = np.cumsum(np.bincount(unit)[drawn]) <= most
        kept = np.flatnonzero(np.isin(unit, drawn[fits]))
        part, unit = part.take(kept), np.unique(unit[kept], return_inverse=True)[1]
    texts, labels = list(part.texts), part.label_names()
    measured = _measured(labels, unit)
    if len(set(labels)) < 2:
        raise DataError(
            "membership.one_label",
            "All {rows:,} training rows that could take part have the same label; there is nothing to learn, and "
            "nothing to attack.",
            rows=len(texts),
        )
    if len(measured) < MINIMUM_ROWS:
        raise DataError(
            "membership.too_few",
            "Of the {rows:,} training rows {measured} can be attacked (different texts or groups of labels with at least "
            "{rare}). "
            "Below {needed} nothing can be said. Add rows, or audit a version that learned from more.",
            rows=len(texts),
            measured=len(measured),
            rare=RARE,
            needed=MINIMUM_ROWS,
        )
    made = _canaries(texts, sorted(set(labels)), canaries, "" if chinese else " ", generator)
    groups = None if part.groups is None else list(part.groups)
    return AttackedRows(texts, labels, groups, unit, measured, len(train), made)


def _measured(labels: Sequence[str], unit: Integers) -> Integers:
    """The first row of each unit whose labels are all frequent enough to be left out."""
    _, first = np.unique(unit, return_index=True)
    names, number = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    pairs = np.unique(np.stack([number, unit], axis=1), axis=0)
    frequent = np.bincount(pairs[:, 0], minlength=len(names)) >= RARE
    rare_units = np.unique(pairs[~frequent[pairs[:, 0]], 1])
    return np.sort(first[~np.isin(unit[first], rare_units)]).astype(np.int64)


def _canaries(
    texts: Sequence[str], labels: Sequence[str], count: int, joiner: str, generator: np.random.Generator
) -> Canaries:
    if not count:
        return Canaries([], [], [])
    vocabulary, length = _vocabulary(texts)
    known, made = set(texts), []
    for _ in range(50 * (count + REFERENCES)):
        words = joiner.join(vocabulary[word] for word in generator.integers(len(vocabulary), size=length).tolist())
        _, columns = parse(texts[int(generator.integers(len(texts)))])  # further columns are those of some row
        text = compose(words, columns)
        if text not in known:
            known.add(text)
            made.append(text)
        if len(made) == count + REFERENCES:
            break
    else:
        raise DataError(
            "membership.few_words",
            "The training texts have too few different words ({words}) to make {count} canaries of them. Ask for 0 canaries.",
            words=len(vocabulary),
            count=count,
        )
    return Canaries(
        made[:count], [labels[number] for number in generator.integers(len(labels), size=count).tolist()], made[count:]
    )


def _vocabulary(texts: Sequence[str]) -> tuple[list[str], int]:
    """The words that canaries are made of, in a fixed order, and how many of them make a text."""
    counts: dict[str, int] = {}
    lengths = []
    for text in texts:
        body = body_of(text)
        spans: list[Any] = words_of(body)
        lengths.append(len(spans))
        for start, end in spans:
            counts[body[start:end]] = counts.get(body[start:end], 0) + 1
    common = sorted(word for word, times in counts.items() if times >= COMMON)
    vocabulary = common if len(common) >= 50 else sorted(counts)
    return vocabulary or ["?"], int(np.clip(np.median(lengths), SHORTEST, LONGEST))
