"""The Try tab of a model that marks entities: they light up while one types, and are put right where they stand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.spans.cells import fitting_target
from core.data.spans.targets import Span, spans_of, target_of, types_of_outputs
from dashboard.parts import correcting, tables
from dashboard.parts.components.mark_spans import MarkView, mark_spans
from dashboard.parts.marking import marked
from dashboard.parts.names import provider_name
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t
from dashboard.use.page import open_box

if TYPE_CHECKING:
    from core.registry import VersionInfo

KEY = "use.entities"
MARKED = f"{KEY}.marked"  # in the session: the target that somebody has just marked


@guarded_fragment()
def draw(version: VersionInfo) -> None:
    """The text box with what is marked in it; alone rerun while typing."""
    marked.styles()
    opened = open_box(version)
    if opened is None or not opened[1].strip():
        return
    engine, text = opened
    began = time.perf_counter()
    entities = engine.answer([text]).values[0, 0]
    milliseconds = 1000 * (time.perf_counter() - began)
    sure = {Span(entity.start, entity.end, entity.type): entity.probability for entity in entities}
    _answer(version, text, types_of_outputs(engine.labels), sure)
    if sure:
        with st.expander(t("use.entities_table")):
            st.dataframe(_table(text, sure), hide_index=True, key=f"{KEY}.table")
    facts = {
        "time": tables.milliseconds(milliseconds),
        "provider": provider_name(engine.provider),
        "version": version.number,
    }
    st.caption(t("use.facts", **facts), help=t("use.facts_help"))


def _answer(version: VersionInfo, text: str, types: list[str], sure: dict[Span, float]) -> None:
    """The text with what is marked, to be put right; once it was, what waits beside what the model marks."""
    predicted = target_of(sure)
    waiting = correcting.waiting_for(version.classifier, text)
    if waiting is not None:
        st.html(f"<div role='status' aria-live='polite'>{marked.html(text, [*sure], types, sure)}</div>")
        told = [
            t("marking.entity", text=text[span.start : span.end], type=span.type) for span in spans_of(waiting.label)
        ]
        correcting.known(version.classifier, waiting, "; ".join(told) or t("marking.none"))
        return
    item = {"place": 0, "text": text, "spans": [[*span, share] for span, share in sorted(sure.items())]}
    session = str(hash((version.number, text, predicted)))
    view = MarkView(session, types, queue=[item], counts={}, single=True)
    mark_spans(view, key=f"{KEY}.marks", take=lambda _, target: _keep(text, target))
    if not sure:
        st.caption(t("use.entities_none"))
    kept = st.session_state.pop(MARKED, None)
    if kept is not None and kept[0] == text:
        correcting.add(version, text, predicted, kept[1])


def _keep(text: str, target: str | None) -> None:
    """What the browser reports; it is added where the page may be drawn again."""
    meant = fitting_target(text, target or "")
    if meant is not None:
        st.session_state[MARKED] = (text, meant)


def _table(text: str, sure: dict[Span, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            t("use.entity"): text[span.start : span.end],
            t("use.entity_type"): span.type,
            t("use.column_probability"): tables.score(share),
            t("use.entity_place"): f"{span.start + 1}–{span.end}",
        }
        for span, share in sorted(sure.items())
    )
