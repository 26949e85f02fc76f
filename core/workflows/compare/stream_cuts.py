"""Ways to cut rows into experiences: by a column's values, by time, by group, by labels. Knows nothing of models.

Where a target may lack what is there, as entities of types that nobody looked for, names arrive in another way: see `by_marks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas

from core.base.errors import ConfigError, DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset, build_dataset, rows_set_aside
from core.data.dataset.store import StoredDataset
from core.data.loading.load import FIRST, LeftOut, left_out_of, left_out_rows, origin_of, reading_notes, row_numbers
from core.data.reading.row_lines import lines_of
from core.data.reading.tables import skipped_of
from core.tasks import Task
from core.workflows.compare.request import CompareRequest, LabelOrder, task_for, task_named
from core.workflows.compare.stream_marks import by_marks, names_in
from core.workflows.workspace import Workspace

MOST_EXPERIENCES = 100

Piece = tuple[str, TextDataset]  # name and rows of one experience, with the labels that occur in it


def save_experiences(
    table: pandas.DataFrame, roles: ColumnRoles, column: str, workspace: Workspace, *, source: str = ""
) -> list[StoredDataset]:
    """Store one dataset for each value of a column, in order of first appearance; each keeps what was left out of the file.

    Raises
    ------
    DataError
        When there is no such column, or it has only one value or very many; or one of the parts is no dataset.
    """
    values = _experiences(table, column)
    names = [value for value in dict.fromkeys(values) if value]
    check_number(len(names))
    origin = stream_origin(table, roles, column)
    saved = []
    for number, name in enumerate(names):
        dataset, _ = build_dataset(table[values == name], roles, batch=number > 0)
        facts = {"file": source, "column": column, **origin}
        saved.append(workspace.datasets.save(dataset, name=name, roles=roles, source=facts))
    return saved


def left_out_of_stream(table: pandas.DataFrame, roles: ColumnRoles, column: str | None) -> tuple[LeftOut, ...]:
    """Rows of a file that are in none of the experiences.

    Parameters
    ----------
    column
        Its values are the experiences; None where something else cuts them.
    """
    left_out = left_out_of(table, rows_set_aside(table, roles), spans=roles.spans)
    if column is None:
        return left_out
    empty = np.flatnonzero((_experiences(table, column) == "").to_numpy())
    if not len(empty):
        return left_out
    skipped = skipped_of(table)
    rows = row_numbers(empty.tolist(), skipped)
    part = left_out_rows("no_experience", rows, len(table) + len(skipped), column)
    return (*left_out, replace(part, lines=lines_of(table, empty[:FIRST].tolist())))


def stream_origin(table: pandas.DataFrame, roles: ColumnRoles, column: str | None = None) -> dict[str, Any]:
    """What the datasets of a stream keep of the way to them."""
    set_aside = rows_set_aside(table, roles)
    return origin_of(left_out_of_stream(table, roles, column), reading_notes(table, roles, set_aside), set_aside)


def _experiences(table: pandas.DataFrame, column: str) -> pandas.Series[str]:
    """The experience of each row, empty where there is none."""
    if column not in table.columns:
        raise _no_such_column(table, column)
    return table[column].fillna("").astype(str).str.strip()


def store_stream(
    table: pandas.DataFrame,
    roles: ColumnRoles,
    column: str | None,
    workspace: Workspace,
    *,
    source: str,
    periods: int | None = None,
    labels: int | None = None,
) -> dict[str, Any]:
    """Store a table whose rows come one experience after the other; returns the fields of its `CompareRequest`.

    Parameters
    ----------
    column
        Its values are the experiences, unless it is the label column or ``periods`` is given; None where texts carry their
        targets, which then cut.
    periods
        Cut into so many periods of equal length; the column then holds times.
    labels
        Number of new labels in each experience, where the label column cuts; 1 when not given.
    """
    if column is not None and column not in table.columns:
        raise _no_such_column(table, column)
    if labels is not None and column != roles.label:
        raise ConfigError(
            "compare.labels_column",
            "A number of labels per experience is given, but '{column}' is not the label column, '{label}'. "
            "Choose that as the experience column, or leave the number out.",
            column=column,
            label=roles.label or "",
        )
    if column is not None and roles.group == column:
        roles = replace(roles, group=None)
    if column is not None and column != roles.label and periods is None:
        saved = save_experiences(table, roles, column, workspace, source=source)
        return {"datasets": [info.id for info in saved], "experience": "datasets"}
    if periods is not None:
        roles = replace(roles, time=column)
    dataset, _ = build_dataset(table, roles)
    facts = {"file": source, **stream_origin(table, roles)}
    stored = workspace.datasets.save(dataset, name=source, roles=roles, source=facts)
    if periods is not None:
        return {"datasets": [stored.id], "experience": "time", "periods": periods}
    return {"datasets": [stored.id], "experience": "labels", "labels_per_experience": labels or 1}


def task_asked(request: CompareRequest, workspace: Workspace) -> Task:
    """What the models of a comparison are for: the task that is named, or else that of the first dataset's targets.

    Raises
    ------
    ConfigError
        When strategies cannot be compared for the task that is named.
    DataError
        When a dataset is of another kind.
    """
    stored = [workspace.datasets.info(identity) for identity in request.datasets]
    task = task_named(request.task) if request.task or not stored else task_for(stored[0].kind)
    for info in stored:
        info.check_for(task.reads, single=task.distribution)
    return task


def cut(request: CompareRequest, workspace: Workspace) -> list[Piece]:
    """The experiences that a request asks for, in the order in which they are learned."""
    task = task_asked(request, workspace)
    stored = [workspace.datasets.info(identity) for identity in request.datasets]
    if request.experience == "datasets":
        check_number(len(stored))
        return [(info.name, workspace.datasets.load(info.id)) for info in stored]
    if len(stored) != 1:
        raise DataError(
            "compare.one_dataset",
            "{count} datasets are chosen, but only one can be cut by time, by group, by labels or types. "
            "Choose one, or let each dataset be an experience.",
            count=len(stored),
        )
    dataset = workspace.datasets.load(stored[0].id)
    if request.experience == "time":
        pieces = by_time(dataset, request.periods)
    elif request.experience == "group":
        pieces = by_group(dataset)
    else:
        size, order, seed = request.labels_per_experience, request.label_order, request.order_seed
        if task.leaves_open:
            arriving = in_turn(names_in(dataset.label_names(), task), size, order=order, seed=seed)
            pieces = [(_joined(names), piece) for names, piece in by_marks(dataset, task, arriving, seed=seed)]
        else:
            pieces = by_labels(dataset, size, order=order, seed=seed)
    check_number(len(pieces))
    return pieces


def check_number(experiences: int) -> None:
    """Raise `DataError` unless there are at least two experiences, and not hundreds."""
    if experiences < 2:
        raise DataError(
            "compare.one_experience",
            "There is only one experience. A comparison needs at least two, one after the other: choose more "
            "datasets, or a column with several values.",
        )
    if experiences > MOST_EXPERIENCES:
        raise DataError(
            "compare.too_many",
            "That makes {count:,} experiences; at most {most} can be compared. Choose a column with fewer values, "
            "or cut by periods of time.",
            count=experiences,
            most=MOST_EXPERIENCES,
        )


def by_group(dataset: TextDataset) -> list[Piece]:
    """One experience for each value of the group column, in order of first appearance; rows without one are left out."""
    if dataset.groups is None:
        raise _no_column("group")
    values = [group.strip() for group in dataset.groups]
    # Inside an experience all rows are of one group, which could not be divided into training and test.
    return [(name, _piece(dataset, _rows(values, name), grouped=False)) for name in dict.fromkeys(values) if name]


def by_labels(dataset: TextDataset, size: int, *, order: LabelOrder = "appearance", seed: int = 0) -> list[Piece]:
    """Experiences of ``size`` labels each; the last one gets what is left."""
    names = dataset.label_names()
    label = np.array(names, dtype=object)
    groups = in_turn(names, size, order=order, seed=seed)
    return [(_joined(group), _piece(dataset, np.flatnonzero(np.isin(label, group)))) for group in groups]


def in_turn(names: Sequence[str], size: int, *, order: LabelOrder, seed: int) -> list[list[str]]:
    """Different names in the order in which they arrive, so many together; the last ones are what is left."""
    labels = list(dict.fromkeys(names)) if order == "appearance" else sorted(set(names))
    if order == "random":
        labels = [labels[position] for position in np.random.default_rng(seed).permutation(len(labels))]
    return [labels[first : first + size] for first in range(0, len(labels), size)]


def by_time(dataset: TextDataset, periods: int) -> list[Piece]:
    """Periods of equal length, named by their first and last time; periods without rows are left out."""
    if dataset.times is None:
        raise _no_column("time")
    times, shown = _moments(dataset.times)
    ends = np.linspace(times.min(), times.max(), periods + 1)[1:-1]
    period = np.searchsorted(ends, times, side="right")
    pieces = []
    for number in np.unique(period):
        rows = np.flatnonzero(period == number)
        first, last = shown[rows[times[rows].argmin()]], shown[rows[times[rows].argmax()]]
        pieces.append((first if first == last else f"{first} – {last}", _piece(dataset, rows)))
    return pieces


def _moments(times: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Each time as a number, and as it is shown: numbers (such as years) as they are, dates by their day."""
    numbers = pandas.to_numeric(pandas.Series(times), errors="coerce")
    if not numbers.isna().any():
        return numbers.to_numpy(dtype=np.float64), [time.strip() for time in times]
    dates = pandas.to_datetime(pandas.Series(times), errors="coerce", format="mixed", utc=True)
    if dates.isna().any():
        raise DataError(
            "compare.not_a_time",
            "'{value}' is neither a date nor a number, so the rows cannot be put in order of time. "
            "Correct the time column, or cut in another way.",
            value=times[int(dates.isna().to_numpy().argmax())],
        )
    days = dates.dt.strftime("%Y-%m-%d").tolist()
    return (dates - pandas.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype=np.float64), days


def _piece(dataset: TextDataset, rows: Rows, *, grouped: bool = True) -> TextDataset:
    """These rows, with the labels that occur among them."""
    part = dataset.take(rows)
    used = np.unique(part.labels)
    classes = tuple(dataset.classes[label] for label in used)
    labels = np.searchsorted(used, part.labels)
    return TextDataset(part.texts, labels, classes, part.splits, part.groups if grouped else None, part.times)


def _rows(values: Sequence[str], wanted: str) -> Rows:
    return np.array([row for row, value in enumerate(values) if value == wanted], dtype=np.int64)


def _joined(labels: Sequence[str]) -> str:
    """A short name of a set of labels."""
    return ", ".join(labels) if len(labels) <= 3 else f"{labels[0]} … {labels[-1]} ({len(labels)})"


def _no_such_column(table: pandas.DataFrame, column: str) -> DataError:
    return DataError(
        "data.column_missing",
        "The table has no column '{column}'. Its columns are: {columns}. Choose one of them, or rename the column.",
        column=column,
        columns=[str(name) for name in table.columns],
    )


def _no_column(role: str) -> DataError:
    return DataError(
        "compare.no_column",
        "The dataset has no {role} column to cut by. Save it again with one chosen, or cut in another way.",
        role=role,
    )
