"""Divides a dataset into training, validation and test rows.

The rules: the same text never stands on two sides, nor does the same group; each label is divided in the same
proportion; a division that came with the data is respected, and training rows whose text is also in the test set
are set aside. Knows nothing of models.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.dataset import Rows, TextDataset
from core.errors import DataError
from core.messages import Message, message

Fractions = tuple[float, float, float]

_FEWEST = 3  # rows of a label that can be divided: one for each part
_TRAIN, _VALIDATION, _TEST = 0, 1, 2


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts, ascending int64 arrays that share no row.

    Parameters
    ----------
    set_aside
        Rows used nowhere, because their text is also in a part that must stay unseen.
    findings
        What a person should know about the division.
    """

    train: Rows
    validation: Rows
    test: Rows
    set_aside: Rows
    findings: tuple[Message, ...]


def text_key(text: str) -> str:
    """What makes two texts the same: letters after NFKC, whatever their case and white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def split_rows(
    dataset: TextDataset, *, fractions: Fractions = (0.7, 0.1, 0.2), seed: int = 0, batch: bool = False
) -> Split:
    """Divide a dataset; the same seed gives the same rows.

    Parameters
    ----------
    fractions
        Of training, validation and test; they sum to 1. Parts that came with the data keep their size.
    batch
        A batch for an update may have one label only, or too few rows for a test; a first training may not.

    Raises
    ------
    DataError
        When nothing can be learned or measured: fewer than two labels (of a one-label dataset: none) with three rows,
        or an empty part.
    """
    _check_fractions(fractions)
    keys = [text_key(text) for text in dataset.texts]
    division = _Division(dataset, keys, fractions, seed)
    if dataset.splits is None:
        division.divide(range(len(dataset)), fractions)
    else:
        division.respect(dataset.splits)
    split = division.result()
    if not batch:
        _check_split(dataset, split, fractions)
    return split


def kept_together(keys: Sequence[str], groups: Sequence[str] | None, pool: Iterable[int]) -> list[list[int]]:
    """The rows of a pool in units that must not be divided: those that share a text or a group, directly or through others.

    Parameters
    ----------
    keys
        `text_key` of every row, also of those outside the pool.
    groups
        Of every row; a blank one is none.
    """
    pool = list(pool)
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in pool:
        name = root("text " + keys[row])
        if groups is not None and groups[row].strip():
            parent[name] = root("group " + groups[row].strip())
    units: dict[str, list[int]] = defaultdict(list)
    for row in pool:
        units[root("text " + keys[row])].append(int(row))
    return list(units.values())


class _Division:
    """The division while it is being made: which part each row has, and what was found on the way."""

    def __init__(self, dataset: TextDataset, keys: list[str], fractions: Fractions, seed: int) -> None:
        self._dataset = dataset
        self._keys = keys
        self._fractions = fractions
        self._random = np.random.default_rng(seed)
        self._part = np.full(len(dataset), _TRAIN, dtype=np.int64)
        self._dropped = np.zeros(len(dataset), dtype=bool)
        self._findings: list[Message] = []

    def respect(self, splits: Sequence[str]) -> None:
        """Take the given parts; divide only what is missing, after setting leaked rows aside."""
        given = np.array(splits)
        self._part[given == "validation"] = _VALIDATION
        self._part[given == "test"] = _TEST
        self._set_leaks_aside()
        train, validation, test = self._fractions
        pool = self._rows(_TRAIN)
        missing = (
            train,
            0.0 if len(self._rows(_VALIDATION)) else validation,
            0.0 if len(self._rows(_TEST)) else test,
        )
        if sum(missing[1:]) > 0 and len(pool):
            total = sum(missing)
            self.divide(pool, (missing[0] / total, missing[1] / total, missing[2] / total))

    def divide(self, pool: Iterable[int], fractions: Fractions) -> None:
        """Divide the pool by label; what has the same text or group stays together."""
        pool = np.fromiter(pool, dtype=np.int64)
        counts = Counter(self._dataset.labels[pool].tolist())
        rare = {label for label, count in counts.items() if count < _FEWEST}
        if rare:
            self._findings.append(
                message(
                    "data.rare_labels_train",
                    "Labels with fewer than {fewest} rows stay in the training part, since they cannot be divided: "
                    "{labels}. "
                    "How well they are recognised cannot be measured; add rows, or merge them with another label.",
                    fewest=_FEWEST,
                    labels=[self._dataset.classes[label] for label in sorted(rare)],
                )
            )
        by_label: dict[int, list[list[int]]] = defaultdict(list)
        for unit in kept_together(self._keys, self._dataset.groups, pool):
            labels = self._dataset.labels[unit]
            if not rare.intersection(labels.tolist()):
                by_label[int(np.bincount(labels).argmax())].append(unit)
        for label in sorted(by_label):
            self._divide_units(by_label[label], fractions)

    def result(self) -> Split:
        train, validation, test = (self._rows(part) for part in (_TRAIN, _VALIDATION, _TEST))
        untested = sorted(set(self._dataset.labels[train].tolist()) - set(self._dataset.labels[test].tolist()))
        if untested and len(test):
            self._findings.append(
                message(
                    "data.labels_untested",
                    "Labels without any row in the test part: {labels}. How well they are recognised cannot be "
                    "measured.",
                    labels=[self._dataset.classes[label] for label in untested],
                )
            )
        return Split(train, validation, test, np.flatnonzero(self._dropped), tuple(self._findings))

    def _rows(self, part: int) -> Rows:
        return np.flatnonzero((self._part == part) & ~self._dropped)

    def _set_leaks_aside(self) -> None:
        """Test rows always stay; then training rows stay before validation rows, since there are few to spare."""
        tested = {self._keys[row] for row in self._rows(_TEST)}
        leaked = [row for row in np.flatnonzero(self._part != _TEST) if self._keys[row] in tested]
        self._dropped[leaked] = True
        if leaked:
            self._findings.append(
                message(
                    "data.leaked_set_aside",
                    "Rows set aside because their text is also in the given test part: {count:,}. "
                    "With them, the test would measure memory instead of understanding.",
                    count=len(leaked),
                )
            )
        trained = {self._keys[row] for row in self._rows(_TRAIN)}
        doubled = [row for row in self._rows(_VALIDATION) if self._keys[row] in trained]
        self._dropped[doubled] = True
        if doubled:
            self._findings.append(
                message(
                    "data.doubled_set_aside",
                    "Validation rows set aside because their text is also in the training part: {count:,}. "
                    "With them, training would stop at the wrong moment.",
                    count=len(doubled),
                )
            )

    def _divide_units(self, units: list[list[int]], fractions: Fractions) -> None:
        """Large units first, each to the part that lacks most of its share; single rows then fill up exactly."""
        units = [units[index] for index in self._random.permutation(len(units))]
        target = _targets(sum(map(len, units)), fractions)
        lacking = target.copy()
        for unit in sorted((unit for unit in units if len(unit) > 1), key=len, reverse=True):
            part = int(np.argmax(lacking / np.maximum(target, 1)))
            self._part[unit] = part
            lacking[part] -= len(unit)
        single = [unit[0] for unit in units if len(unit) == 1]
        parts = np.repeat(np.arange(len(target)), np.maximum(lacking, 0))
        # A large unit may have taken more than its part's share: then the other parts lack more than is left.
        self._part[single] = self._random.permutation(parts)[: len(single)] if len(parts) > len(single) else parts


def _targets(rows: int, fractions: Fractions) -> Rows:
    """Rows for each part; at least one for validation and test where there are three rows to divide."""
    test = round(rows * fractions[_TEST])
    validation = round(rows * fractions[_VALIDATION])
    if rows >= _FEWEST:
        test = max(test, int(fractions[_TEST] > 0))
        validation = max(validation, int(fractions[_VALIDATION] > 0))
    return np.array([rows - validation - test, validation, test], dtype=np.int64)


def _check_fractions(fractions: Fractions) -> None:
    if min(fractions) < 0 or fractions[_TRAIN] == 0 or abs(sum(fractions) - 1) > 1e-6:
        raise DataError(
            "data.fractions",
            "The parts {train}, {validation} and {test} for training, validation and test do not fit: "
            "none may be negative, training may not be 0, and they must sum to 1.",
            train=fractions[_TRAIN],
            validation=fractions[_VALIDATION],
            test=fractions[_TEST],
        )


def _check_split(dataset: TextDataset, split: Split, fractions: Fractions) -> None:
    counts = Counter(dataset.labels.tolist())
    enough = [label for label, count in counts.items() if count >= _FEWEST]
    needed = min(2, len(dataset.classes))
    if len(enough) < needed:
        raise DataError(
            "data.too_few_rows",
            "Only {labels} of the labels have at least {fewest} rows; a training needs two such labels, "
            "so that each has a row to learn from, to validate and to test. There are {rows} rows in all. Add more.",
            labels=len(enough),
            fewest=_FEWEST,
            rows=len(dataset),
        )
    if len(set(dataset.labels[split.train].tolist())) < needed:
        raise DataError(
            "data.train_one_label",
            "The training part holds {rows:,} rows, with fewer than two labels. Check the split and group columns, "
            "or choose none.",
            rows=len(split.train),
        )
    if fractions[_VALIDATION] > 0 and not len(split.validation):
        raise DataError(
            "data.validation_empty",
            "Nothing is left for the validation part of {rows:,} rows after keeping equal texts and groups together. "
            "Add different texts, or choose no group column.",
            rows=len(dataset),
        )
    if fractions[_TEST] > 0 and not len(split.test):
        raise DataError(
            "data.test_empty",
            "Nothing is left for the test part of {rows:,} rows after keeping equal texts and groups together. "
            "Add different texts, or choose no group column.",
            rows=len(dataset),
        )
