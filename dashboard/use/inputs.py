"""A field for each further column that a version reads, below the text box of Try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.dataset.inputs import Field, readable, row_of
from core.serving.engines.tables import columns_read
from dashboard.parts import tables
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.tasks.answering import Engine


def draw(engine: Engine, text: str, classifier: str) -> str:
    """The fields, and the text with what stands in them; what cannot be read counts as missing, and that is said."""
    inputs = columns_read(engine)
    if not inputs:
        return text
    values: dict[str, str] = {}
    for known, box in zip(inputs, [box for _ in range(0, len(inputs), 3) for box in st.columns(3)], strict=False):
        name, kind = str(known["name"]), t(f"upload.kind_{known['kind']}")
        value = str(
            box.text_input(
                tables.plain(name),
                key=field_of(classifier, name),
                placeholder=t("use.input_missing"),
                help=t("use.input_help", kind=kind),
                persist_state="session",
            )
            or ""
        )
        if readable(known["kind"], value):
            values[name] = value
        else:
            box.caption(f":material/warning: {t('use.input_wrong', kind=kind)}")
    row = row_of(inputs, text, values)
    for name, value in engine.pipeline.unknown_values(row).items():
        st.caption(f":material/help: {t('use.input_unknown', column=tables.plain(name), value=tables.plain(value))}")
    return row


def fill(fields: Sequence[Field], classifier: str) -> None:
    """Write the columns of an example into their fields."""
    for field in fields:
        st.session_state[field_of(classifier, field.name)] = field.value


def field_of(classifier: str, column: str) -> str:
    """The name of the field of a model's column."""
    return f"use.input.{classifier}.{column}"
