"""A table with roles becomes a dataset: texts with numbered labels.

Rows without text or label are set aside and counted. Knows nothing of files, tokens or models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles, split_name
from core.data.dataset.input_columns import check_column, composed_rows
from core.data.dataset.label_sets import counts_of
from core.data.dataset.row_targets import UNLABELLED, Rows, SetAside, column_of, read_targets

_ONE_LABEL_ROWS = 20  # fewer of a single label are a mistake; more may begin a stream whose other labels come later
_ID_ROWS = 20  # from so many rows on, a label for every other row is taken for a number or an identifier


@dataclass(frozen=True, eq=False)
class TextDataset:
    """Texts and what is known of each; immutable.

    Parameters
    ----------
    labels
        int64 array (rows,), indices into ``classes``.
    classes
        Names of the labels, in a fixed order.
    splits
        ``"train"``, ``"validation"`` or ``"test"`` for each row, when the data came divided.
    groups
        Rows of the same group must not be divided between training and test.
    times
        When each text was written, as the file has it.
    """

    texts: tuple[str, ...]
    labels: Rows
    classes: tuple[str, ...]
    splits: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    times: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        labels = np.array(self.labels, dtype=np.int64)
        labels.flags.writeable = False
        object.__setattr__(self, "labels", labels)
        columns = (self.labels, self.splits, self.groups, self.times)
        assert all(column is None or len(column) == len(self.texts) for column in columns), "columns differ in length"

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labelled(self) -> bool:
        """Whether rows have labels at all."""
        return self.classes != UNLABELLED

    def label_names(self) -> list[str]:
        """The label of each row, as a name."""
        return [self.classes[label] for label in self.labels]

    def take(self, rows: Sequence[int] | Rows) -> TextDataset:
        """The given rows, in the given order, with the same classes."""
        numbers = [int(row) for row in rows]

        def pick(column: tuple[str, ...] | None) -> tuple[str, ...] | None:
            return None if column is None else tuple(column[row] for row in numbers)

        texts = tuple(self.texts[row] for row in numbers)
        labels = self.labels[np.array(numbers, dtype=np.int64)]
        return TextDataset(texts, labels, self.classes, pick(self.splits), pick(self.groups), pick(self.times))


def build_dataset(
    table: pandas.DataFrame, roles: ColumnRoles, *, batch: bool = False, need_label: bool = True
) -> tuple[TextDataset, SetAside]:
    """Make a dataset of a table; spellings of a label that are the same beyond doubt become one.

    Parameters
    ----------
    batch
        A batch for an update or an evaluation may hold one label only, or a label for every row; a first training
        may not.
    need_label
        Whether a column of labels must be chosen; otherwise, where none is, all rows have the same empty label.

    Raises
    ------
    DataError
        When a column is missing or chosen twice, no row has both text and label, there is one label only, nearly
        every row has a label of its own, or the split column holds other things than splits.
    """
    label_column = _check_roles(table, roles, need_label=need_label)
    texts, numbers, names, set_aside = read_targets(table, roles, batch=batch)
    _check_kept(table, roles, set_aside)
    kept = set_aside.kept if set_aside.count else None
    numbers = numbers if kept is None else numbers[list(kept)]
    classes = _order({names[number] for number in np.unique(numbers)})
    if not batch and not roles.spans and (label_column is not None or roles.several):
        _check_labels(label_column or roles.labels[0], len(numbers), _single(classes) if roles.several else classes)
    fields = [(name, kind, _pick(column_of(table, name), kept)) for name, kind in roles.inputs]
    for name, kind, values in fields:
        check_column(name, kind, values, batch=batch)
    index = {name: number for number, name in enumerate(classes)}

    def pick(column: str | None) -> tuple[str, ...] | None:
        if column is None:
            return None
        return tuple(_pick(column_of(table, column), kept))

    dataset = TextDataset(
        texts=composed_rows(_pick(texts, kept), fields),
        labels=np.array([index.get(name, -1) for name in names])[numbers],
        classes=classes,
        splits=_splits(roles.split, pick(roles.split)),
        groups=pick(roles.group),
        times=pick(roles.time),
    )
    return dataset, set_aside


def rows_set_aside(table: pandas.DataFrame, roles: ColumnRoles) -> SetAside:
    """What `build_dataset` sets aside, without making a dataset and whatever else is wrong with the table.

    Raises
    ------
    DataError
        When a column is missing or chosen twice.
    """
    _check_roles(table, roles)
    return read_targets(table, roles, batch=True).set_aside


def _pick(values: list[str], rows: Sequence[int] | None) -> list[str]:
    """The values of some rows; None for all."""
    return values if rows is None else [values[row] for row in rows]


def _check_roles(table: pandas.DataFrame, roles: ColumnRoles, *, need_label: bool = True) -> str | None:
    """Check that the columns are there and differ; returns the label column."""
    names = [str(column) for column in table.columns]
    need_label = need_label and not roles.spans
    if need_label and len(names) == 1 and roles.label is None and not roles.labels:
        raise DataError(
            "data.one_column",
            "The table has only one column, '{column}'. Expected one column of texts and one of labels. "
            "If the file has both, choose another delimiter.",
            column=names[0],
        )
    if need_label and roles.label is None and not roles.labels:
        raise DataError(
            "data.no_label",
            "No label column is chosen. The columns are: {columns}. Choose the one with the labels.",
            columns=names,
        )
    for column in roles.columns().values():
        if column not in names:
            raise DataError(
                "data.column_missing",
                "The table has no column '{column}'. Its columns are: {columns}. Choose one of them, or rename the "
                "column.",
                column=column,
                columns=names,
            )
    column, count = Counter(roles.columns().values()).most_common(1)[0]
    if count > 1:
        raise DataError(
            "data.column_twice",
            "Column '{column}' is chosen for {count} roles. Text, label, split, group, time and each further input need a "
            "column of their own.",
            column=column,
            count=count,
        )
    return roles.label


def _check_kept(table: pandas.DataFrame, roles: ColumnRoles, set_aside: SetAside) -> None:
    if set_aside.kept:
        return
    for column, missing in ((roles.text, set_aside.empty_text), (roles.label, set_aside.empty_label)):
        if column is not None and len(missing) == len(table):
            raise DataError(
                "data.column_empty",
                "Column '{column}' is empty in all {rows:,} rows. Choose another column.",
                column=column,
                rows=len(table),
            )
    raise DataError(
        "data.no_complete_row",
        "None of the {rows:,} rows has both a text and a label: {empty_text:,} have no text, {empty_label:,} no "
        "label. "
        "Choose other columns, or fill in what is missing.",
        rows=len(table),
        empty_text=len(set_aside.empty_text),
        empty_label=len(set_aside.empty_label),
    )


def _check_labels(column: str, rows: int, classes: tuple[str, ...]) -> None:
    if len(classes) == 1 and rows < _ONE_LABEL_ROWS:
        raise DataError(
            "data.one_label",
            "All {rows} rows have the same label, '{label}', in column '{column}'. A classifier needs at least two labels "
            "to tell apart; add rows of another label, or choose another column.",
            rows=rows,
            label=classes[0],
            column=column,
        )
    if rows >= _ID_ROWS and 2 * len(classes) > rows:
        raise DataError(
            "data.label_per_row",
            "Column '{column}' has {labels:,} different labels for {rows:,} rows. It looks like a number or an "
            "identifier "
            "rather than a label. Choose a column whose values come again.",
            column=column,
            labels=len(classes),
            rows=rows,
        )


def check_labels(dataset: TextDataset) -> None:
    """Raise `DataError` where a changed dataset has too few labels for a first training; see `build_dataset`."""
    if dataset.labelled:  # where rows have several, sets of labels may well be as many as rows
        _check_labels("label", len(dataset), _single(dataset.classes))


def _single(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that occur in these sets of them; where all rows have the same set, that."""
    return classes if len(classes) == 1 else tuple(counts_of(classes))


def _order(names: set[str]) -> tuple[str, ...]:
    """Labels in reading order; numbers by value, so that 10 follows 9."""
    if all(name.isdecimal() and name.isascii() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _splits(column: str | None, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if values is None:
        return None
    unknown = sorted({value.strip() or '""' for value in values if split_name(value) is None})
    if unknown:
        raise DataError(
            "data.split_unknown",
            "Column '{column}' holds values that name no split: {values}. Expected train, validation or test. "
            "Correct them, or choose no split column.",
            column=column,
            values=unknown[:10],
        )
    return tuple(split_name(value) or "" for value in values)
