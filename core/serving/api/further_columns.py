"""Further columns beside a text: what a request may send, and what an answer says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.base.messages import message
from core.data.dataset.inputs import given, parse, readable, row_of
from core.networks.standalone.personal import personal_of
from core.serving.api.errors import ApiError
from core.serving.engines.tables import columns_read
from core.tasks.answering import Engine

Values = Mapping[str, str | int | float | None]


def composed(inputs: Sequence[Mapping[str, Any]], texts: Sequence[str], rows: Sequence[Values] | None) -> list[str]:
    """Texts with their further columns, as a version reads them.

    Raises
    ------
    ApiError
        422 for a column that the version does not read, and for a value that is not of its kind.
    """
    kinds = {known["name"]: known["kind"] for known in inputs}
    composed = []
    for text, row in zip(texts, rows or [{}] * len(texts), strict=True):
        values = {name: "" if value is None else str(value) for name, value in row.items()}
        for name, value in values.items():
            if name not in kinds:
                raise _unknown(name, [*kinds])
            if not readable(kinds[name], given(kinds[name], value)):
                raise _unreadable(name, kinds[name], value)
        composed.append(row_of(inputs, text, values))
    return composed


def remarks_on(engine: Engine, text: str) -> dict[str, Any]:
    """What an answer says of further columns that were not sent, or never met, and of the group whose settings answered."""
    if not columns_read(engine) or not text.strip():
        return {}
    missing = [field.name for field in parse(text)[1] if not field.value.strip()]
    unknown = engine.pipeline.unknown_values(text)
    remarks: dict[str, Any] = {"missing_inputs": missing} if missing else {}
    if unknown:
        remarks["unknown_inputs"] = unknown
    if (personal := personal_of(engine)) is not None:
        remarks["settings_of"] = personal.group_of(text)
    return remarks


def _unknown(name: str, known: list[str]) -> ApiError:
    if not known:
        told = message("api.inputs_none", "This version reads texts alone. Leave 'inputs' out.")
    else:
        told = message(
            "api.input_unknown",
            "This version reads no column '{column}'. Its columns are: {known}.",
            column=name,
            known=known,
        )
    return ApiError(422, told, field=f"inputs.{name}", known=known)


def _unreadable(name: str, kind: str, value: str) -> ApiError:
    told = message(
        "api.input_wrong",
        "'{value}' is no value for the column '{column}', which holds values of the kind '{kind}'. Correct it, or leave it out.",
        value=value[:100],
        column=name,
        kind=kind,
    )
    return ApiError(422, told, field=f"inputs.{name}", kind=kind)
