"""The Try tab of a model that answers with no label: what it makes of one text; some write, some mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts import correcting, scores, tables
from dashboard.parts.names import provider_name
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t
from dashboard.use import entities, page, writing
from dashboard.use.page import open_box, remark_on_length

if TYPE_CHECKING:
    from core.registry import VersionInfo

WRITES = "language_modelling"


def draw(version: VersionInfo) -> None:
    """The whole tab."""
    page.style()
    task = scores.task_of_version(version)
    own = writing.draw if task.name == WRITES else entities.draw if task.reads == "spans" else _ask
    own(version)


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
    st.caption(t("use.plain_facts", values=told, provider=provider_name(engine.provider), version=version.number))
    if answers.truncated[0]:
        remark_on_length(engine, text, int(answers.read[0]), int(answers.tokens[0]))
    correcting.correction(version, text, answer, [])
    if task.help:
        st.caption(tables.plain(task.help))
