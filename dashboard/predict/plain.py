"""Predict for a model that answers with no label: one text and what the model makes of it; a language model writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts import scores, tables
from dashboard.parts.names import provider_name
from dashboard.predict import batch, writing
from dashboard.predict import corrections as predict_corrections
from dashboard.predict.page import open_box, remark_on_length
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import VersionInfo

WRITES = "language_modelling"


def draw(version: VersionInfo) -> None:
    """The tabs; corrections only where there is something to correct."""
    task = scores.task_of_version(version)
    names = ["one", "table", *(["corrections"] if task.reads_targets else [])]
    first = t("predict.tab_write") if task.name == WRITES else t("predict.tab_one")
    titles = [first, *(t(f"predict.tab_{name}") for name in names[1:])]
    places = dict(zip(names, st.tabs(titles, key="predict.plain_tabs"), strict=True))
    with places["one"]:
        writing.draw(version) if task.name == WRITES else _ask(version)
    with places["table"]:
        batch.draw(version)
    if "corrections" in places:
        with places["corrections"]:
            predict_corrections.draw(version.classifier)


@guarded_fragment()
def _ask(version: VersionInfo) -> None:
    """The text box with the answer; alone rerun while typing."""
    opened = open_box(version)
    if opened is None or not opened[1].strip():
        return
    engine, text = opened
    task = scores.task_of_version(version)
    answers = engine.answer([text])
    values = answers.values
    (answer,) = task.read(engine, values)
    told = ", ".join(f"{name} {value:g}" for name, value in zip(engine.labels, values[0].tolist(), strict=True))
    st.metric(scores.task_name(task), task.told(answer))
    st.caption(t("predict.plain_facts", values=told, provider=provider_name(engine.provider), version=version.number))
    if answers.truncated[0]:
        remark_on_length(engine, text, int(answers.read[0]), int(answers.tokens[0]))
    predict_corrections.correction(version, text, answer, [])
    if task.help:
        st.caption(tables.plain(task.help))
