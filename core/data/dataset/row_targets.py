"""What is known of each row of a table beside its text: a label, several, or entities; and rows without text or label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas

from core.base.errors import DataError
from core.base.messages import Message
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.label_spelling import canonical_labels, looks_missing, respelled
from core.data.dataset.label_tree import BELOW
from core.data.dataset.multilabel import read_label_sets
from core.data.spans.cells import read_entities

Rows = npt.NDArray[np.int64]

UNLABELLED = ("",)  # classes of a dataset without labels: all rows have the same empty one


@dataclass(frozen=True)
class SetAside:
    """Rows of the table that did not become rows of the dataset; row numbers count from 0.

    Parameters
    ----------
    empty_text, empty_label
        Rows of the table. A row without both is listed under ``empty_text`` only.
    kept
        The table's row behind each row of the dataset.
    respelled
        Labels that were read as others: as written → as meant (see `core.data.dataset.label_spelling`).
    notes
        What else should be known of how labels were read, where a row may have several.
    """

    empty_text: tuple[int, ...]
    empty_label: tuple[int, ...]
    kept: tuple[int, ...]
    respelled: dict[str, str] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()

    @property
    def count(self) -> int:
        return len(self.empty_text) + len(self.empty_label)


class RowTargets(NamedTuple):
    """Targets of the rows of a table.

    Parameters
    ----------
    texts
        Text of each row; that of the table, without marks where it carries its entities.
    numbers, names
        For each row the number of its target, and the targets as they are meant.
    """

    texts: list[str]
    numbers: Rows
    names: list[str]
    set_aside: SetAside


def read_targets(table: pandas.DataFrame, roles: ColumnRoles, *, batch: bool = False) -> RowTargets:
    """What the columns of a table with these roles say of each row.

    Parameters
    ----------
    batch
        Whether the rows are a batch for a model that is there already.

    Raises
    ------
    DataError
        When cells do not hold what their role asks for.
    """
    texts = column_of(table, roles.text)
    if roles.spans:
        return _with_entities(table, roles, texts)
    if roles.several:
        return RowTargets(texts, *_several(table, roles, texts, batch=batch))
    if roles.label is None:
        return RowTargets(texts, *_unlabelled(texts))
    return RowTargets(texts, *_labelled(table, roles.label, texts, roles.below))


def _labelled(
    table: pandas.DataFrame, column: str, texts: list[str], below: Sequence[str] = ()
) -> tuple[Rows, list[str], SetAside]:
    """For each row the number of its label, the labels as they are meant, and the rows without text or label."""
    numbers, written = _numbered_names(table, column)
    names = canonical_labels(written)
    for further in below:
        next_numbers, next_written = _numbered_names(table, further)
        pairs, numbers = np.unique(np.stack([numbers, next_numbers]), axis=1, return_inverse=True)
        next_names = canonical_labels(next_written)
        names = [_lower(names[first], next_names[second]) for first, second in pairs.T]
    labelled = np.array([bool(name) for name in names], dtype=bool)[numbers]
    return numbers, names, _set_aside(texts, labelled, {} if below else respelled(written, names))


def _lower(label: str, name: str) -> str:
    """The label with one below it, where there is one."""
    return f"{label}{BELOW}{name}" if label and name and not looks_missing(name) else label


def _several(
    table: pandas.DataFrame, roles: ColumnRoles, texts: list[str], *, batch: bool
) -> tuple[Rows, list[str], SetAside]:
    """The same where a row may have several labels: what is numbered are the sets of them that occur."""
    read = read_label_sets(table, roles, batch=batch)
    numbers, names = pandas.factorize(pandas.Series(read.targets, dtype=object))
    labelled = np.array([bool(target) for target in read.targets], dtype=bool)
    set_aside = _set_aside(texts, labelled, {})
    return np.asarray(numbers, dtype=np.int64), [str(name) for name in names], replace(set_aside, notes=read.notes)


def _with_entities(table: pandas.DataFrame, roles: ColumnRoles, texts: list[str]) -> RowTargets:
    """The same where entities are marked in texts."""
    if roles.inputs:
        raise DataError(
            "data.spans_alone",
            "Models that mark entities read the text alone. Leave the further columns out: {columns}.",
            columns=[name for name, _ in roles.inputs],
        )
    cells = None if roles.label is None else column_of(table, roles.label)
    read = read_entities(texts, cells, roles.label or roles.text)
    numbers, names = pandas.factorize(pandas.Series(read.targets, dtype=object))
    labelled = np.array([bool(target) for target in read.targets], dtype=bool)
    set_aside = replace(_set_aside(read.texts, labelled, {}), notes=read.notes)
    return RowTargets(read.texts, np.asarray(numbers, dtype=np.int64), [str(name) for name in names], set_aside)


def _unlabelled(texts: list[str]) -> tuple[Rows, list[str], SetAside]:
    """The same for rows that need no label."""
    return np.zeros(len(texts), dtype=np.int64), list(UNLABELLED), _set_aside(texts, np.ones(len(texts), np.bool_), {})


def column_of(table: pandas.DataFrame, name: str) -> list[str]:
    column: Any = table[name]
    values: list[Any] = (column.fillna("") if column.hasnans else column).tolist()
    return values if isinstance(column.dtype, pandas.StringDtype) else [str(value) for value in values]


def _numbered_names(table: pandas.DataFrame, column: str) -> tuple[Rows, list[str]]:
    """For each row the number of its label, and the labels that occur, as they are written."""
    values: Any = table[column]
    numbers, names = pandas.factorize(values.fillna(""))
    return np.asarray(numbers, dtype=np.int64), [str(name) for name in names]


def _set_aside(texts: list[str], labelled: npt.NDArray[np.bool_], spellings: dict[str, str]) -> SetAside:
    has_text = np.array([bool(text) and not text.isspace() for text in texts], dtype=bool)
    without_text, without_label, kept = (
        tuple(np.flatnonzero(mask).tolist()) for mask in (~has_text, has_text & ~labelled, has_text & labelled)
    )
    return SetAside(without_text, without_label, kept, spellings)
