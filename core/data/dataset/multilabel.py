"""Tables that give several labels to one text: how they are written, and the target of each row.

Three ways are read: labels in one cell with a sign between them (``joy; love``), lists as JSON writes them
(``["joy", "love"]``), and a column of yes and no for each label. Lists of one everywhere are one label a row, as any other
column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.columns import LIST, ColumnRoles
from core.data.dataset.label_sets import BAR, target_of
from core.data.dataset.label_spelling import canonical_labels, is_list, list_members

SEPARATORS = ("|", ";", ",", "；", "，", "、", "/")
YES = frozenset(("1", "1.0", "yes", "y", "true", "t", "x", "✓", "√", "✔", "是", "有", "对", "真"))
NO = frozenset(("0", "0.0", "no", "n", "false", "f", "-", "否", "无", "無", "没有", "不是", "假"))
_SAMPLE = 2000  # rows looked at
_SHARE = 0.05  # of the rows that must hold several labels
_COMPANY = 3  # different cells in which a part that never stands alone is a label none the less
_COLUMNS = 3  # of yes and no beside each other, from which they look like a label each


def guess_separator(values: Sequence[str], known: Sequence[str] = ()) -> str | None:
    """What stands between the labels of a cell, `LIST` where cells are lists, None where every cell is one label.

    A list of one is that one. A separator counts only where most of the parts also stand alone or beside several others, so that
    "good, but dear" is one label.

    Parameters
    ----------
    known
        Labels of a model that the values are for: a sign between these is a separator, however few cells have it.
    """
    sample = _sampled(values)
    if not sample:
        return None
    if sum(map(is_list, sample)) > _SHARE * len(sample):
        return LIST
    alone = {*sample, *known}
    for separator in SEPARATORS:
        several = [value for value in sample if separator in value]
        cells = Counter(part for value in set(several) for part in {*map(str.strip, value.split(separator))})
        familiar = [part for part, different in cells.items() if part in alone or different >= _COMPANY]
        enough = len(several) > _SHARE * len(sample) or (several and {*cells} - {""} <= {*known})
        if enough and len(cells) > 1 and 2 * len(familiar) > len(cells):
            return separator
    return None


def label_columns(table: pandas.DataFrame) -> list[str]:
    """Columns that hold only yes and no where there are at least three of them; empty otherwise."""
    sample = table.iloc[:: max(1, len(table) // _SAMPLE)]
    binary = [str(name) for name in table.columns if _says_both(sample[name].unique().tolist())]
    return binary if len(binary) >= _COLUMNS else []


def separated(table: pandas.DataFrame, roles: ColumnRoles, known: Sequence[str] = ()) -> ColumnRoles:
    """The roles with the separator that the label column seems to have, where none was named; see `guess_separator`."""
    if roles.label is None or roles.several or roles.label not in table.columns:
        return roles
    return replace(roles, separator=guess_separator(table[roles.label].fillna("").astype(str).tolist(), known))


def several_labels(values: Sequence[str]) -> Message | None:
    """A sentence where a column that is read as one label a row seems to hold several in a cell; otherwise None."""
    separator = guess_separator(values)
    if separator is None:
        return None
    example = next(value for value in _sampled(values) if (is_list(value) if separator == LIST else separator in value))
    return message(
        "data.several_labels",
        "Some rows have several labels, such as '{example}'. Read as they are, each combination is a label of its own; the task "
        "'{task}' gives several labels to a text.",
        example=example[:60],
        task="multilabel_classification",
    )


def many_columns(columns: Sequence[str]) -> Message:
    """The sentence for `label_columns`."""
    return message(
        "data.label_columns",
        "The columns {columns} look like a label each, several of which may hold for one text.",
        columns=list(columns[:8]),
    )


@dataclass(frozen=True, eq=False)
class LabelSets:
    """The target of each row of a table; empty where nobody said what its labels are.

    Parameters
    ----------
    notes
        What should be known of how they were read.
    """

    targets: list[str]
    notes: tuple[Message, ...] = ()


def read_label_sets(table: pandas.DataFrame, roles: ColumnRoles, *, batch: bool = False) -> LabelSets:
    """Read the targets of a table whose rows may have several labels.

    Parameters
    ----------
    batch
        Whether the rows are a batch for a model that knows the labels: there a label that no row has, or all have, is
        nothing out of the way.

    Raises
    ------
    DataError
        When a column of yes and no holds something else, a cell is no list where lists are expected, or a label holds the sign
        that stands between labels.
    """
    return _of_columns(table, roles.labels, batch=batch) if roles.labels else _of_cells(table, roles)


def read_as(roles: ColumnRoles) -> Message:
    """How several labels were read."""
    if roles.labels:
        return message(
            "data.labels_of_columns",
            "Several labels a text: a column of yes and no for each of {count:,}.",
            count=len(roles.labels),
        )
    if roles.separator == LIST:
        return message("data.labels_of_lists", "Several labels a text: lists in column '{column}'.", column=roles.label)
    return message(
        "data.labels_separated",
        "Several labels a text: in column '{column}', with '{separator}' between them.",
        column=roles.label,
        separator=roles.separator,
    )


def _of_cells(table: pandas.DataFrame, roles: ColumnRoles) -> LabelSets:
    """Lists, or labels with a sign between them; a cell that holds nothing but such signs, or an empty list, is no label."""
    assert roles.label is not None, "a label column is chosen"
    assert roles.separator is not None, "it holds several labels a cell"
    written = table[roles.label].fillna("").astype(str)
    cells = list(dict.fromkeys(written))
    parts = [_parts(cell, roles.separator, roles.label) for cell in cells]
    names = list(dict.fromkeys(name for part in parts if part is not None for name in part))
    meant = dict(zip(names, canonical_labels(names), strict=True))
    _check_names(meant.values())
    targets = ["" if part is None else target_of(meant[name] for name in part) for part in parts]
    of_cell = dict(zip(cells, targets, strict=True))
    return LabelSets([of_cell[cell] for cell in written], (read_as(roles),))


def _parts(cell: str, separator: str, column: str) -> list[str] | None:
    """The names in a cell; None where it is empty."""
    if not cell.strip():
        return None
    if separator != LIST:
        return [part.strip() for part in cell.split(separator) if part.strip()]
    if not cell.strip().startswith("["):
        return [cell.strip()]
    members = list_members(cell)
    if members is None or any(isinstance(member, list | dict) for member in members):
        raise DataError(
            "data.no_list",
            "Column '{column}' holds '{cell}', which is no list of labels. Expected a list such as [\"joy\", \"love\"].",
            column=column,
            cell=cell[:60],
        )
    return [_written(member) for member in members if member is not None and _written(member)]


def _written(member: object) -> str:
    return str(member).lower() if isinstance(member, bool) else str(member).strip()


def _of_columns(table: pandas.DataFrame, columns: Sequence[str], *, batch: bool) -> LabelSets:
    """A column for each label. Blank is no; a row that is blank in all of them is not labelled where others say no."""
    _check_names(columns)
    yes, blank = [], []
    says_no = False
    for column in columns:
        values = table[column].fillna("").astype(str).str.strip().str.casefold()
        _check_yes_or_no(column, values.unique().tolist())
        yes.append(values.isin(YES).to_numpy())
        blank.append((values == "").to_numpy())
        says_no = says_no or bool(values.isin(NO).any())
    notes = [read_as(ColumnRoles("", None, labels=tuple(columns)))]
    kept = list(range(len(columns)))
    if not batch:
        constant = [number for number in kept if yes[number].all() or not yes[number].any()]
        if constant:
            names = [columns[number] for number in constant]
            kept = [number for number in kept if number not in constant]
            notes.append(
                message(
                    "data.constant_labels",
                    "The same in every row, so there is nothing to learn and these columns were left out: {columns}.",
                    columns=names[:8],
                )
            )
        if not kept:
            raise DataError(
                "data.all_constant",
                "The columns of labels ({columns}) are the same in every row, so there is nothing to learn. Choose columns that "
                "are yes in some rows and no in others.",
                columns=list(columns[:8]),
            )
    targets = [
        ""
        if says_no and all(column[row] for column in blank)
        else target_of(columns[number] for number in kept if yes[number][row])
        for row in range(len(table))
    ]
    return LabelSets(targets, tuple(notes))


def _check_yes_or_no(column: str, values: Sequence[str]) -> None:
    other = [value for value in values if value and value not in YES | NO]
    if other:
        raise DataError(
            "data.not_yes_or_no",
            "Column '{column}' holds {values}, which is neither yes nor no. A column for a label holds 0 and 1, yes and no, true "
            "and false, or x and nothing. Choose other columns.",
            column=column,
            values=[value[:40] for value in other[:5]],
        )


def _check_names(names: Iterable[str]) -> None:
    wrong = next((name for name in names if BAR in name), None)
    if wrong is not None:
        raise DataError(
            "data.label_with_bar",
            "The label '{label}' holds the sign '{bar}', which stands between the labels of a text. Rename it.",
            label=wrong[:60],
            bar=BAR,
        )


def _says_both(values: Sequence[str]) -> bool:
    """Whether there is a yes, and either a no or a blank, and nothing else."""
    plain = {str(value).strip().casefold() for value in values}
    return bool(plain & YES) and len(plain) > 1 and plain <= YES | NO | {""}


def _sampled(values: Sequence[str]) -> list[str]:
    return [value.strip() for value in values[:: max(1, len(values) // _SAMPLE)] if value.strip()]
