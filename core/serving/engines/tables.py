"""A table in, the same table with labels and probabilities out; every row kept, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from core.base.errors import DataError
from core.networks.standalone.predict import resolved
from core.tasks import task_of
from core.tasks.base import Engine

CHUNK = 1024  # rows between two reports of progress
TRUNCATED = "truncated"
ANSWERED, PERSON = "answered", "person"  # in the column of decisions


def predict_table(
    classifier: Engine,
    table: pd.DataFrame,
    text: str,
    progress: Callable[[float], None] = lambda _: None,
    *,
    threshold: float | None = None,
) -> pd.DataFrame:
    """Add ``predicted``, ``probability``, ``truncated`` and a column ``p: <label>`` for each label; a row without text gets none.

    A model that answers with no label adds ``predicted``, what it replies, ``truncated``, and its plain values,
    ``value: <output>``. ``truncated`` says whether a text is longer than what was read of it.

    A column of the table that has such a name already stays as it is; the new one is then called ``predicted (2)``.

    Parameters
    ----------
    threshold
        Adds a column ``decision``: ``answered`` from this probability on, ``person`` below it and where there is no text.

    Raises
    ------
    DataError
        When the table has no such column.
    """
    check_column(text, list(table.columns))
    texts = [str(value) for value in table[text]]
    rows = [row for row, value in enumerate(texts) if value.strip()]
    values = np.full((len(texts), len(classifier.labels)), np.nan, dtype=np.float32)
    predicted = np.full(len(texts), "", dtype=object)
    truncated = np.zeros(len(texts), dtype=bool)
    task = task_of(classifier.task)
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        asked = [texts[row] for row in chunk]
        answers = classifier.answer(asked)
        values[chunk], truncated[chunk] = answers.values, answers.truncated
        predicted[chunk] = task.respond(classifier, asked, values[chunk])
        progress(min(1.0, (start + CHUNK) / len(rows)))
    columns: dict[str, object] = {"predicted": predicted}
    if task.distribution:
        # A row without text has no number, and is sure of nothing.
        given, sure, counts = resolved(values, classifier.labels, threshold)
        predicted[rows] = np.array(given, dtype=object)[rows]
        columns["probability"] = sure.round(6)
        if threshold is not None:
            columns["decision"] = np.where(counts, ANSWERED, PERSON)
    kind = "p" if task.distribution else "value"
    columns[TRUNCATED] = truncated
    columns |= {f"{kind}: {label}": values[:, column].round(6) for column, label in enumerate(classifier.labels)}
    added = pd.DataFrame({added_column(name, table): values for name, values in columns.items()}, index=table.index)
    return pd.concat([table, added], axis=1)


def check_column(text: str, columns: Sequence[str]) -> None:
    """Raise `DataError` when there is no such column."""
    if text not in columns:
        raise DataError(
            "data.column_missing",
            "The table has no column '{column}'. Its columns are: {columns}. Choose one of these, or rename it in the file.",
            column=text,
            columns=[str(column) for column in columns],
        )


def added_column(name: str, table: pd.DataFrame) -> str:
    """The name of a new column, numbered when the table has such a column: what a user uploads is never overwritten."""
    number, free = 1, name
    while free in table.columns:
        number += 1
        free = f"{name} ({number})"
    return free
