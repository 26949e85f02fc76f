"""A table in, the same table with labels and probabilities out; every row kept, in order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.input_columns import check_column as check_input
from core.data.dataset.inputs import row_of
from core.networks.standalone.extract import Entity, as_object
from core.networks.standalone.personal import personal_of
from core.networks.standalone.predict import resolved
from core.tasks import task_of
from core.tasks.answering import Engine

Noted = Callable[[Sequence[str], Any, Any, float], None]  # texts, values, which were cut, and seconds

CHUNK = 1024  # rows between two reports of progress
TRUNCATED = "truncated"
SETTINGS_OF = "settings_of"  # names the group whose own settings answered; empty where those did that all share
ENTITIES = "entities"
ANSWERED, PERSON = "answered", "person"  # in the column of decisions


def predict_table(
    classifier: Engine,
    table: pd.DataFrame,
    text: str,
    progress: Callable[[float], None] = lambda _: None,
    *,
    threshold: float | None = None,
    noted: Noted = lambda *_: None,
) -> pd.DataFrame:
    """Add ``predicted``, ``probability``, ``truncated`` and a column ``p: <label>`` for each label; a row without text gets none.

    A model that marks entities adds ``predicted``, as people read it, ``entities`` as JSON with places, and ``truncated``.
    Another that answers with no label adds ``predicted``, what it replies, ``truncated``, and its plain values,
    ``value: <output>``. ``truncated`` says whether a text is longer than what was read of it. Where groups have settings of their
    own, ``settings_of`` names the group whose settings answered.

    A column of the table that has such a name already stays as it is; the new one is then called ``predicted (2)``.

    Parameters
    ----------
    threshold
        Adds a column ``decision``: ``answered`` from this probability on, ``person`` below it and where there is no text.
    noted
        Function that is told what was answered, piece by piece.

    Raises
    ------
    DataError
        When the table has no such column.
    """
    check_column(text, list(table.columns))
    texts = rows_of(columns_read(classifier), table, text)
    rows = [row for row, value in enumerate(texts) if value.strip()]
    task = task_of(classifier.task)
    shape = (len(texts), len(classifier.labels) if task.numeric else 1)
    values = np.full(shape, np.nan if task.numeric else None, dtype=np.float32 if task.numeric else object)
    predicted = np.full(len(texts), "", dtype=object)
    truncated = np.zeros(len(texts), dtype=bool)
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        asked = [texts[row] for row in chunk]
        began = time.perf_counter()
        answers = classifier.answer(asked)
        noted(asked, answers.values, answers.truncated, time.perf_counter() - began)
        values[chunk], truncated[chunk] = answers.values, answers.truncated
        predicted[chunk] = task.respond(classifier, asked, values[chunk])
        progress(min(1.0, (start + CHUNK) / len(rows)))
    columns: dict[str, Any] = {"predicted": predicted}
    if task.distribution:
        # A row without text has no number, and is sure of nothing.
        given, sure, counts = resolved(values, classifier.labels, threshold)
        predicted[rows] = np.array(given, dtype=object)[rows]
        columns["probability"] = sure.round(6)
        if threshold is not None:
            columns["decision"] = np.where(counts, ANSWERED, PERSON)
    if task.reads == "spans":
        columns[ENTITIES] = np.full(len(texts), "", dtype=object)
        columns[ENTITIES][rows] = [as_json(texts[row], values[row, 0]) for row in rows]
    columns[TRUNCATED] = truncated
    if (personal := personal_of(classifier)) is not None:
        columns[SETTINGS_OF] = [personal.group_of(text) or "" for text in texts]
    if task.numeric:
        kind = "p" if task.activation else "value"
        columns |= {f"{kind}: {label}": values[:, column].round(6) for column, label in enumerate(classifier.labels)}
    added = pd.DataFrame({added_column(name, table): values for name, values in columns.items()}, index=table.index)
    return pd.concat([table, added], axis=1)


def as_json(text: str, entities: Sequence[Entity]) -> str:
    """The entities of a text as the target of a dataset has them, each with its own words and how sure the model is."""
    return json.dumps(as_object(text, entities)["entities"], ensure_ascii=False)


def columns_read(engine: Engine) -> list[dict[str, Any]]:
    """The further columns that an engine reads; none of one that reads no tokens."""
    pipeline = getattr(engine, "pipeline", None)
    return [] if pipeline is None else list(pipeline.inputs)


def rows_of(inputs: Sequence[Mapping[str, Any]], table: pd.DataFrame, text: str) -> list[str]:
    """The texts of a table, each with the further columns that a version reads; those that the table lacks are missing.

    Raises
    ------
    DataError
        When a column holds other things than it held in training.
    """
    texts = [str(value) for value in table[text]]
    there = {known["name"]: known["kind"] for known in inputs if known["name"] in table.columns}
    columns = {name: [str(value) for value in table[name].fillna("")] for name in there}
    for name, values in columns.items():
        check_input(name, there[name], values, batch=True)
    return [
        row_of(inputs, value, {name: values[row] for name, values in columns.items()})
        for row, value in enumerate(texts)
    ]


def input_notes(inputs: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[Message]:
    """Says which columns a version reads that a table lacks."""
    missing = [str(known["name"]) for known in inputs if known["name"] not in columns]
    if not missing:
        return []
    return [
        message(
            "inputs.missing",
            "The version also reads columns that this table lacks: {columns}. They count as missing in every row.",
            columns=missing,
        )
    ]


def settings_notes(engine: Engine) -> list[Message]:
    """Says how to see which rows were answered with settings of their group."""
    personal = personal_of(engine)
    if personal is None:
        return []
    return [
        message(
            "personal.told_in_table",
            "These groups of '{column}' are answered with settings of their own: {groups}. The column '{told}' names them; "
            "where it is empty, the shared settings answered.",
            column=personal.column,
            groups=sorted(personal.names.values()),
            told=SETTINGS_OF,
        )
    ]


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
