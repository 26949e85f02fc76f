"""A table in, the same table with labels and probabilities out; every row kept, in order."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from core.data import read_table
from core.errors import DataError
from core.standalone.predict import Classifier

CHUNK = 1024  # rows between two reports of progress


def predict_table(
    classifier: Classifier, table: pd.DataFrame, text: str, progress: Callable[[float], None] = lambda _: None
) -> pd.DataFrame:
    """Add ``predicted``, ``probability`` and a column ``p: <label>`` for each label; a row without text gets none.

    A column of the table that has such a name already stays as it is; the new one is then called ``predicted (2)``.

    Raises
    ------
    DataError
        When the table has no such column.
    """
    if text not in table.columns:
        raise DataError(
            "data.column_missing",
            "The table has no column '{column}'. Its columns are: {columns}. Choose one of these, or rename it in the file.",
            column=text,
            columns=[str(column) for column in table.columns],
        )
    texts = [str(value) for value in table[text]]
    rows = [row for row, value in enumerate(texts) if value.strip()]
    probabilities = np.full((len(texts), len(classifier.labels)), np.nan, dtype=np.float32)
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        probabilities[chunk] = classifier.predict_proba([texts[row] for row in chunk])
        progress(min(1.0, (start + CHUNK) / len(rows)))
    answered = np.asarray(~np.isnan(probabilities).any(axis=1))
    best = np.where(answered, np.nan_to_num(probabilities).argmax(axis=1), 0)
    answers: dict[str, object] = {
        "predicted": [classifier.labels[k] if ok else "" for k, ok in zip(best, answered, strict=True)],
        "probability": probabilities.max(axis=1).round(6),
    }
    answers |= {f"p: {label}": probabilities[:, column].round(6) for column, label in enumerate(classifier.labels)}
    added = pd.DataFrame({_free(name, table): values for name, values in answers.items()}, index=table.index)
    return pd.concat([table, added], axis=1)


def _free(name: str, table: pd.DataFrame) -> str:
    """The name, numbered when the table has such a column: what a user uploads is never overwritten."""
    number, free = 1, name
    while free in table.columns:
        number += 1
        free = f"{name} ({number})"
    return free


def predict_file(folder: Path, source: Path, text: str, target: Path) -> int:
    """Label a CSV or TSV file with the version in ``folder``; returns the number of rows.

    The answer is UTF-8 with a byte order mark, so that spreadsheets show Chinese. A half-written target is never
    left behind.
    """
    table = read_table(source)
    result = predict_table(Classifier(folder), table, text)
    part = target.with_name(target.name + ".part")
    try:
        # With this line end the csv module quotes cells that hold a carriage return alone, too.
        result.to_csv(part, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
        part.replace(target)
    except OSError as error:
        raise DataError(
            "data.cannot_write",
            "'{file}' cannot be written: {reason}. Choose a folder that exists and that you may write to.",
            file=str(target),
            reason=error.strerror or str(error),
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return len(result)
