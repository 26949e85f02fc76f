"""A table in, the same table with labels and probabilities out; every row kept, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from core.base.errors import DataError
from core.networks.standalone.predict import answered
from core.tasks import task_of
from core.tasks.base import Engine

CHUNK = 1024  # rows between two reports of progress
ANSWERED, PERSON = "answered", "person"  # in the column of decisions


def predict_table(
    classifier: Engine,
    table: pd.DataFrame,
    text: str,
    progress: Callable[[float], None] = lambda _: None,
    *,
    threshold: float | None = None,
) -> pd.DataFrame:
    """Add ``predicted``, ``probability`` and a column ``p: <label>`` for each label; a row without text gets none.

    A model that answers with no label adds ``predicted``, what it replies, and its plain values, ``value: <output>``.

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
    task = task_of(classifier.task)
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        asked = [texts[row] for row in chunk]
        values[chunk] = classifier.compute(asked)
        predicted[chunk] = task.respond(classifier, asked, values[chunk])
        progress(min(1.0, (start + CHUNK) / len(rows)))
    answers: dict[str, object] = {"predicted": predicted}
    if task.distribution:
        answers["probability"] = values.max(axis=1).round(6)
        if threshold is not None:
            answers["decision"] = np.where(
                answered(values, threshold), ANSWERED, PERSON
            )  # no number is sure of nothing
    kind = "p" if task.activation else "value"
    answers |= {f"{kind}: {label}": values[:, column].round(6) for column, label in enumerate(classifier.labels)}
    added = pd.DataFrame({_free(name, table): values for name, values in answers.items()}, index=table.index)
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


def _free(name: str, table: pd.DataFrame) -> str:
    """The name, numbered when the table has such a column: what a user uploads is never overwritten."""
    number, free = 1, name
    while free in table.columns:
        number += 1
        free = f"{name} ({number})"
    return free
