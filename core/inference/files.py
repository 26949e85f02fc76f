"""A table in, the same table with labels and probabilities out; every row kept, in order."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from core.data import read_table
from core.errors import DataError
from core.standalone.predict import Classifier

CHUNK = 4096


def predict_table(
    classifier: Classifier, table: pd.DataFrame, text: str, progress: Callable[[float], None] = lambda _: None
) -> pd.DataFrame:
    """Add ``predicted``, ``probability`` and a column ``p: <label>`` for each label; a row without text gets none.

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
    result = table.copy()
    result["predicted"] = [
        classifier.labels[k] if ok else "" for k, ok in zip(best.tolist(), answered.tolist(), strict=True)
    ]
    result["probability"] = np.where(answered, np.nan_to_num(probabilities).max(axis=1), np.nan).round(6)
    for column, label in enumerate(classifier.labels):
        result[f"p: {label}"] = probabilities[:, column].round(6)
    return result


def predict_file(folder: Path, source: Path, text: str, target: Path) -> int:
    """Label a CSV or TSV file with the version in ``folder``; returns the number of rows.

    The answer is UTF-8 with a byte order mark, so that spreadsheets show Chinese. A half-written target is never
    left behind.
    """
    table = read_table(source)
    result = predict_table(Classifier(folder), table, text)
    part = target.with_name(target.name + ".part")
    try:
        result.to_csv(part, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_MINIMAL)
        part.replace(target)
    except OSError as error:
        raise DataError(
            "data.cannot_write",
            "'{file}' cannot be written: {reason}. Choose a folder that exists and that you may write to.",
            file=str(target),
            reason=error.strerror or str(error),
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return len(result)
