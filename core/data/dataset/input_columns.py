"""Columns of a table that are read beside its texts: what kind a column is, and whether it can be used.

Knows nothing of models; how a row is written stands in `core.data.dataset.inputs`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.inputs import KINDS, Field, category, compose, given, parse, readable

if TYPE_CHECKING:
    from core.data.dataset.columns import ColumnRoles
    from core.data.dataset.rows import TextDataset

_SAMPLE = 1000  # values looked at for a guess
_MOSTLY = 0.9  # share of values that can be read as a kind, for it to be guessed
_SOME = 0.95  # share below which a column does not hold what was said of it
_LONG = 25  # characters from which a value is a text
_ID_ROWS = 20  # from so many rows on, a value for every other row is an identifier
_TELLS = 0.98  # share of rows whose label a column gives away
_SHOWN = 3


def guess_kind(values: Sequence[str]) -> str:
    """What kind of input the values of a column are: ``"number"``, ``"date"``, ``"category"`` or ``"text"``."""
    filled = [value for value in values[:: max(1, len(values) // _SAMPLE)] if _holds(value)]
    if not filled:
        return "category"
    for kind in ("number", "date"):
        if sum(readable(kind, value) for value in filled) >= _MOSTLY * len(filled):
            return kind
    longer = sum(map(len, filled)) / len(filled) > _LONG
    return "text" if longer or 2 * len(set(map(category, filled))) > len(filled) else "category"


def useful_columns(table: pandas.DataFrame, roles: ColumnRoles) -> dict[str, str]:
    """Columns of a table without a role, each with the kind that is guessed; what is the same in all rows is left out."""
    taken = set(roles.columns().values()) - {name for name, _ in roles.inputs}
    names = [str(name) for name in table.columns if str(name) not in taken]
    columns = {name: [str(value) for value in table[name].fillna("")] for name in names}
    return {name: guess_kind(values) for name, values in columns.items() if len(set(values)) > 1}


def inputs_asked(asked: Sequence[str], table: pandas.DataFrame) -> tuple[tuple[str, str], ...]:
    """Columns as they are named on a command line, ``title`` or ``price:number``; a kind that is not named is guessed."""
    inputs = []
    for each in asked:
        name, sign, kind = each.rpartition(":")
        if not sign or each in table.columns:
            name, kind = each, ""
        if kind and kind not in KINDS:
            raise DataError(
                "inputs.kind",
                "'{kind}' is no kind of input. The kinds are: {known}. Write --input {column}:{first}, for example.",
                kind=kind,
                known=list(KINDS),
                column=name,
                first=KINDS[0],
            )
        if not kind and name in table.columns:
            kind = guess_kind([str(value) for value in table[name].fillna("")])
        inputs.append((name, kind or "category"))
    return tuple(inputs)


def composed_rows(texts: Sequence[str], columns: Sequence[tuple[str, str, Sequence[str]]]) -> tuple[str, ...]:
    """Texts with further columns: name, kind and the value of each row. What stands for a missing value becomes empty."""
    if not columns:
        return tuple(texts)
    rows = zip(*(values for _, _, values in columns), strict=True)
    return tuple(
        compose(
            text,
            (Field(name, kind, given(kind, value)) for (name, kind, _), value in zip(columns, row, strict=True)),
        )
        for text, row in zip(texts, rows, strict=True)
    )


def check_column(name: str, kind: str, values: Sequence[str], *, batch: bool = False) -> None:
    """Raise the `DataError` that says why nothing can be learned from a column.

    Parameters
    ----------
    batch
        Whether the rows are a batch for a model that knows the column; its values may then be alike, or missing.
    """
    filled = [value for value in values if _holds(value)]
    if not batch and not filled:
        raise DataError(
            "inputs.empty",
            "Column '{column}' is empty in all {rows:,} rows, so nothing can be learned from it. Leave it out of the inputs.",
            column=name,
            rows=len(values),
        )
    strange = [value for value in filled if not readable(kind, value)]
    if len(strange) > (1 - _SOME) * len(filled):
        raise DataError(
            "inputs.unreadable",
            "Column '{column}' is to hold values of the kind '{kind}', and {count:,} of {rows:,} values are none, such as "
            "{values}. Choose another kind, correct them, or leave the column out.",
            column=name,
            kind=kind,
            count=len(strange),
            rows=len(filled),
            values=list(dict.fromkeys(strange))[:_SHOWN],
        )
    if batch:
        return
    different = len(set(values))
    if different == 1:
        raise DataError(
            "inputs.constant",
            "Column '{column}' says '{value}' in all {rows:,} rows, so nothing can be learned from it. Leave it out of the "
            "inputs.",
            column=name,
            value=values[0],
            rows=len(values),
        )
    if kind == "category" and len(filled) >= _ID_ROWS and 2 * len(set(map(category, filled))) > len(filled):
        raise DataError(
            "inputs.identifier",
            "Column '{column}' has {different:,} different values in {rows:,} rows. It looks like a number or an identifier "
            "rather than a category. Read it as a text or as numbers, or leave it out.",
            column=name,
            different=len(set(map(category, filled))),
            rows=len(filled),
        )


def telling_inputs(dataset: TextDataset) -> list[Message]:
    """Columns whose value alone tells the label of nearly every row: probably filled in when the label was known."""
    if not dataset.labelled or len(dataset) < _ID_ROWS:
        return []
    rows = [parse(text)[1] for text in dataset.texts]
    if not any(rows):
        return []
    values: dict[str, dict[str, Counter[int]]] = {}
    for fields, label in zip(rows, dataset.labels.tolist(), strict=True):
        for field in fields:
            values.setdefault(field.name, {}).setdefault(category(field.value), Counter())[label] += 1
    most = max(Counter(dataset.labels.tolist()).values())
    sentences = []
    for name, counts in values.items():
        # A value that occurs once tells its own row's label and no other.
        again = [count for count in counts.values() if count.total() > 1]
        seen = sum(count.total() for count in again)
        told = sum(max(count.values()) for count in again)
        if seen >= len(dataset) / 2 and told >= _TELLS * seen and most < 0.9 * len(dataset):
            sentences.append(
                message(
                    "inputs.tells",
                    "Column '{column}' alone tells the label of {share:.1%} of the rows (counted: {count:,}). If it is only "
                    "filled in when the label is known, the model learns nothing else and its scores mean nothing; then leave "
                    "it out.",
                    column=name,
                    share=told / seen,
                    count=seen,
                )
            )
    return sentences


def _holds(value: str) -> bool:
    return bool(given("category", value).strip())
