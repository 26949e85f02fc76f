"""Which words count most for each label, over many answers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.base.wording import unsigned_zero
from core.networks.explain import Attribution, Influence, most_influential
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import label_colors

KEY = "evaluate.reasons"
MOST_WORDS = 12
EXAMPLE = 160  # characters


def draw(shown: Shown) -> None:
    """The button, then the words of one label as bars and as a table."""
    layout.section(t("reasons.all_title"), help=t("reasons.all_help"))
    files = state.files_of(shown.version)
    wanted = f"{KEY}.wanted"
    if st.session_state.get(wanted) != (files, shown.test):
        st.caption(t("reasons.all_offer"))
        st.button(
            t("reasons.all_button"),
            icon=":material/manage_search:",
            key=f"{KEY}.all",
            on_click=lambda: st.session_state.update({wanted: (files, shown.test)}),
        )
        return
    with st.spinner(t("reasons.working")):
        attributions = _many(files, shown.test, _shown=shown)
    st.caption(tn("reasons.all_rows", len(attributions)))
    labels = list(shown.classes)
    number = labels.index(st.selectbox(t("reasons.all_label"), labels, key=f"{KEY}.all_label", width=320))
    words = most_influential(attributions, number, most=MOST_WORDS)
    if not words:
        st.info(t("reasons.all_none"), icon=":material/info:")
        return
    _bars(words, labels, number)
    table = pd.DataFrame(
        {
            t("reasons.word"): [influence.word for influence in words],
            t("reasons.score"): [unsigned_zero(influence.score, 3) for influence in words],
            t("reasons.texts"): [influence.texts for influence in words],
            t("reasons.example"): [attributions[influence.example].text[:EXAMPLE] for influence in words],
        }
    )
    config = {
        t("reasons.score"): st.column_config.NumberColumn(format="%+.3f"),
        t("reasons.example"): st.column_config.TextColumn(width="large"),
    }
    st.dataframe(table, hide_index=True, column_config=tables.counts(table) | config, key=f"{KEY}.influence")


@st.cache_resource(show_spinner=False, max_entries=4)
def _many(files: state.Files, test: int, _shown: Shown) -> list[Attribution]:
    from core.workflows.versions.explaining import explain_many

    rows = predictions(_shown)
    labels = list(_shown.classes)
    answers = [labels.index(str(name)) for name in rows["predicted"]]
    return explain_many(state.engine(_shown.version), [str(text) for text in rows["text"]], answers)


def _bars(words: list[Influence], labels: list[str], number: int) -> None:
    chart = charts.figure(height=60 + 26 * len(words))
    names = [charts.text(influence.word) for influence in words]
    chart.add_bar(
        x=[influence.score for influence in words],
        y=names,
        orientation="h",
        marker_color=label_colors(labels)[labels[number]],
        customdata=[influence.texts for influence in words],
        hovertemplate="%{y}: %{x:+.2f} (%{customdata})<extra></extra>",
    )
    chart.update_yaxes(autorange="reversed", type="category")
    chart.update_xaxes(title_text=t("reasons.score"))
    title = t("reasons.chart", word=words[0].word, label=labels[number])
    charts.draw(chart, key=f"{KEY}.bars", alt=t("reasons.chart_alt", label=labels[number]), title=title)
