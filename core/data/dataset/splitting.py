"""Divides a dataset into training, validation and test rows.

The rules: the same text never stands on two sides, nor does the same group; each label is divided in the same
proportion; a division that came with the data is respected, and training rows whose text is also in the test set
are set aside. Knows nothing of models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import Keys, key_numbers, units_of
from core.data.dataset.units import Units

Fractions = tuple[float, float, float]

FEWEST = 3  # rows of a label that can be divided: one for each part
_TRAIN, _VALIDATION, _TEST = 0, 1, 2
_PARTS = {"train": _TRAIN, "validation": _VALIDATION, "test": _TEST}
_NEW = -1


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

    def groups_met(self, groups: Sequence[str] | None, before: Mapping[str, str]) -> dict[str, str]:
        """The groups met so far, each with the part it went to; what was ever learned from counts as that.

        Parameters
        ----------
        groups
            Groups of the rows that were divided; None where they have none.
        """
        met = dict(before)
        if groups is None:
            return met
        for part in ("validation", "test", "train"):
            for row in getattr(self, part).tolist():
                group = groups[row].strip()
                if group and met.get(group) != "train":
                    met[group] = part
        return met


def split_rows(
    dataset: TextDataset,
    *,
    fractions: Fractions = (0.7, 0.1, 0.2),
    seed: int = 0,
    batch: bool = False,
    known_groups: Mapping[str, str] | None = None,
) -> Split:
    """Divide a dataset; the same seed gives the same rows.

    Parameters
    ----------
    fractions
        Shares of training, validation and test; they sum to 1. Parts that came with the data keep their size.
    batch
        A batch for an update may have one label only, or too few rows for a test; a first training may not.
    known_groups
        Groups of earlier batches, each with the part it went to (``"train"``, ``"validation"``, ``"test"``): they stay there,
        unless that left nothing to validate on or to test.

    Raises
    ------
    DataError
        When nothing can be learned or measured: fewer than two labels (of a one-label dataset: none) with three rows,
        or an empty part.
    """
    _check_fractions(fractions)
    division = _Division(dataset, key_numbers(dataset.texts), fractions, seed)
    if dataset.splits is not None:
        division.respect(dataset.splits)
    elif known_groups and dataset.groups is not None:
        division.divide(division.hold(known_groups), fractions)
    else:
        division.divide(range(len(dataset)), fractions)
    split = division.result()
    if known_groups and dataset.splits is None and not (len(split.test) and len(split.validation)):
        return _groups_cannot_be_held(
            dataset, split_rows(dataset, fractions=fractions, seed=seed, batch=batch), known_groups
        )
    if not batch:
        _check_split(dataset, split, fractions)
    return split


def _groups_cannot_be_held(dataset: TextDataset, split: Split, known_groups: Mapping[str, str]) -> Split:
    """The division without regard to groups of earlier batches, with what that does to the tests."""
    assert dataset.groups is not None
    parts = {"train": split.train, "test": split.test}
    met = {
        name: {known_groups.get(dataset.groups[row].strip()) for row in rows.tolist()} for name, rows in parts.items()
    }
    if not ("train" in met["test"] or "test" in met["train"]):
        return split
    finding = message(
        "data.groups_shared",
        "Groups of this batch were met before, and too few are new to keep each on the side where it was: some that "
        "were learned from are tested now, or the other way round. Figures may be better than for new groups.",
    )
    return replace(split, findings=(*split.findings, finding))


class _Division:
    """The division while it is being made: which part each row has, and what was found on the way."""

    def __init__(self, dataset: TextDataset, keys: Keys, fractions: Fractions, seed: int) -> None:
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

    def hold(self, known_groups: Mapping[str, str]) -> Rows:
        """Leave groups that were met before where they were, with all that shares a text with them; returns the other rows."""
        groups = self._dataset.groups
        assert groups is not None
        unit = units_of(self._keys, list(groups))
        before = np.array([_PARTS.get(known_groups.get(group.strip(), ""), _NEW) for group in groups], dtype=np.int64)
        free = np.ones(len(groups), dtype=bool)
        for part in (_VALIDATION, _TEST, _TRAIN):  # what was learned from cannot be unlearned: it comes last, and stays
            held = np.isin(unit, unit[before == part])
            self._part[held], free[held] = part, False
        return np.flatnonzero(free)

    def divide(self, pool: Iterable[int], fractions: Fractions) -> None:
        """Divide the pool by label; what has the same text or group stays together."""
        pool = np.fromiter(pool, dtype=np.int64)
        counts = Counter(self._dataset.labels[pool].tolist())
        rare = {label for label, count in counts.items() if count < FEWEST}
        if rare:
            self._findings.append(
                message(
                    "data.rare_labels_train",
                    "Labels with fewer than {fewest} rows stay in the training part, since they cannot be divided: "
                    "{labels}. "
                    "How well they are recognised cannot be measured; add rows, or merge them with another label.",
                    fewest=FEWEST,
                    labels=[self._dataset.classes[label] for label in sorted(rare)],
                )
            )
        units = Units(pool, self._keys[pool], self._dataset.groups, self._dataset.labels)
        for numbers in units.by_label(rare):
            self._divide_units(units, numbers, fractions)

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
        self._tell_single_groups(validation, test)
        return Split(train, validation, test, np.flatnonzero(self._dropped), tuple(self._findings))

    def _tell_single_groups(self, validation: Rows, test: Rows) -> None:
        """Say so where several rows to validate or to test on are all of one group; a row without a group is its own."""
        if self._dataset.groups is None:
            return
        groups = [group.strip() for group in self._dataset.groups]
        parts = [[groups[row] or row for row in part.tolist()] for part in (validation, test)]
        if any(len(part) > 1 and len(set(part)) == 1 for part in parts):
            self._findings.append(
                message(
                    "data.groups_few",
                    "The validation part holds rows of {validation:,} groups, the test part rows of {test:,} groups. Rows of "
                    "a single group say how well that group is recognised, and little of new ones: add groups, or choose a "
                    "column with more and smaller ones.",
                    validation=len(set(parts[0])),
                    test=len(set(parts[1])),
                )
            )

    def _rows(self, part: int) -> Rows:
        return np.flatnonzero((self._part == part) & ~self._dropped)

    def _set_leaks_aside(self) -> None:
        """Test rows always stay; then training rows stay before validation rows, since there are few to spare."""
        others = np.flatnonzero(self._part != _TEST)
        leaked = others[np.isin(self._keys[others], self._keys[self._rows(_TEST)])]
        self._dropped[leaked] = True
        if len(leaked):
            self._findings.append(
                message(
                    "data.leaked_set_aside",
                    "Rows set aside because their text is also in the given test part: {count:,}. "
                    "With them, the test would measure memory instead of understanding.",
                    count=len(leaked),
                )
            )
        validation = self._rows(_VALIDATION)
        doubled = validation[np.isin(self._keys[validation], self._keys[self._rows(_TRAIN)])]
        self._dropped[doubled] = True
        if len(doubled):
            self._findings.append(
                message(
                    "data.doubled_set_aside",
                    "Validation rows set aside because their text is also in the training part: {count:,}. "
                    "With them, training would stop at the wrong moment.",
                    count=len(doubled),
                )
            )

    def _divide_units(self, units: Units, numbers: Rows, fractions: Fractions) -> None:
        """Large units first, each to the part that lacks most of its share; single rows then fill up exactly."""
        numbers = self._random.permutation(numbers)
        sizes = units.sizes[numbers]
        target = _targets(int(sizes.sum()), fractions)
        lacking = target.copy()
        several = np.flatnonzero(sizes > 1)
        for number in numbers[several[np.argsort(-sizes[several], kind="stable")]].tolist():
            part = int(np.argmax(lacking / np.maximum(target, 1)))
            self._part[units.rows(number)] = part
            lacking[part] -= units.sizes[number]
        single = units.first[numbers[sizes == 1]]
        parts = np.repeat(np.arange(len(target)), np.maximum(lacking, 0))
        # A large unit may have taken more than its part's share: then the other parts lack more than is left.
        self._part[single] = self._random.permutation(parts)[: len(single)] if len(parts) > len(single) else parts


def _targets(rows: int, fractions: Fractions) -> Rows:
    """Rows for each part; at least one for validation and test where there are three rows to divide."""
    test = round(rows * fractions[_TEST])
    validation = round(rows * fractions[_VALIDATION])
    if rows >= FEWEST:
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
    enough = [label for label, count in counts.items() if count >= FEWEST]
    needed = min(2, len(dataset.classes))
    if len(enough) < needed and not dataset.labelled:
        raise DataError(
            "data.too_few_texts",
            "There are only {rows} texts; a training needs at least {fewest}: to learn from, to validate and to test. "
            "Add more.",
            rows=len(dataset),
            fewest=FEWEST,
        )
    if len(enough) < needed:
        raise DataError(
            "data.too_few_rows",
            "Only {labels} of the labels have at least {fewest} rows; a training needs two such labels, "
            "so that each has a row to learn from, to validate and to test. There are {rows} rows in all. Add more.",
            labels=len(enough),
            fewest=FEWEST,
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
