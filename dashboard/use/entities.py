"""The Try tab of a model that marks entities: they light up while one types, and can be put right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.spans.targets import Span, spans_of, target_of, types_of_outputs
from dashboard.parts import correcting, tables
from dashboard.parts.marking import marked, markup
from dashboard.parts.names import provider_name
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn
from dashboard.use.page import open_box

if TYPE_CHECKING:
    from core.registry import VersionInfo

KEY = "use.entities"


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
    types = types_of_outputs(engine.labels)
    sure = {Span(entity.start, entity.end, entity.type): entity.probability for entity in entities}
    st.html(f"<div role='status' aria-live='polite'>{marked.html(text, [*sure], types, sure)}</div>")
    st.caption(tn("use.entities_found", len(sure)) if sure else t("use.entities_none"))
    if sure:
        with st.expander(t("use.entities_table")):
            st.dataframe(_table(text, sure), hide_index=True, key=f"{KEY}.table")
    facts = {
        "milliseconds": f"{milliseconds:.1f}",
        "provider": provider_name(engine.provider),
        "version": version.number,
    }
    st.caption(t("use.facts", **facts), help=t("use.facts_help"))
    _correction(version, text, target_of(sure), types)


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


def _correction(version: VersionInfo, text: str, predicted: str, types: list[str]) -> None:
    """What should have been marked, written as marks in the text."""
    waiting = correcting.waiting_for(version.classifier, text)
    if waiting is not None:
        correcting.known(version.classifier, waiting, markup.written(text, spans_of(waiting.label)))
        return
    with st.expander(t("use.put_right"), icon=":material/edit:"), st.form(f"{KEY}.form", border=False):
        st.caption(t("use.put_right_entities", types=", ".join(map(tables.plain, types))))
        line = st.text_area(
            t("use.marked_text"), markup.written(text, spans_of(predicted)), key=f"{KEY}.line.{hash((text, predicted))}"
        )
        if not st.form_submit_button(t("use.keep_correction"), icon=":material/check:"):
            return
    spans = markup.read(text, line)
    if spans is None:
        st.error(t("use.text_changed"), icon=":material/error:")
    else:
        correcting.add(version, text, predicted, target_of(spans))
