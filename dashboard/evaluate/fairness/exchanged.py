"""What exchanging identity words does to answers, and which words carry it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.statistics.intervals import MINIMUM_ROWS
from dashboard.evaluate.fairness.groups import KEY
from dashboard.parts import choices, tables
from dashboard.parts.plots import charts
from dashboard.shell import layout
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import palette

ROW_HEIGHT, AROUND = 28, 90  # pixels of the chart
MOST_PAIRS, MOST_WORDS = 25, 20
NARROW = 0.05  # reach of an axis of probabilities below which two digits say nothing


def draw(record: Mapping[str, Any]) -> None:
    """A chart of the gaps of one source of texts, a table, and the words; nothing where groups came from a column."""
    pairs = record["counterfactual"]
    if not pairs:
        return
    positive = tables.plain(record["choice"]["positive"])
    layout.section(t("fairness.exchanged"), help=t("fairness.exchanged_help", positive=positive))
    sources = [name for name in ("texts", "templates") if any(pair["source"] == name for pair in pairs)]
    names = {name: t(f"fairness.source_{name}") for name in sources}
    source = choices.segmented(t("fairness.source"), names, key=f"{KEY}.source", bare=True)
    own = [pair for pair in pairs if pair["source"] == source]
    known = sorted((pair for pair in own if pair["gap"]), key=lambda pair: -abs(pair["gap"]["value"]))
    few = len(own) - len(known)
    if few:
        st.caption(f":material/hourglass_empty: {tn('fairness.few_texts', few, needed=MINIMUM_ROWS)}")
    if not known:
        return
    _chart(known[:MOST_PAIRS], source, record["choice"]["positive"])
    with st.expander(t("fairness.pairs")):
        table = pair_table(known)
        st.dataframe(table, hide_index=True, key=f"{KEY}.pairs.{source}", height=tables.height_of(len(table)))
        tables.download_table(table, "exchanged", key=f"{KEY}.pairs.{source}.download")
    _words(known, source)


def pair_table(pairs: list[Mapping[str, Any]]) -> pd.DataFrame:
    """A row for each pair of groups."""
    return pd.DataFrame(
        {
            t("fairness.pair"): _named(pair),
            t("fairness.texts"): pair["texts"],
            t("fairness.gap"): tables.change(**pair["gap"]),
            t("fairness.flips"): tables.score(**pair["flips"]),
        }
        for pair in pairs
    )


def _named(pair: Mapping[str, Any]) -> str:
    """Both groups behind their axis, since several axes may have groups of one name."""
    return f"{pair['axis']}: {pair['first']} → {pair['second']}"


def _chart(pairs: list[Mapping[str, Any]], source: str, positive: str) -> None:
    drawn = pairs[::-1]
    gaps = [pair["gap"] for pair in drawn]
    chart = charts.figure(height=AROUND + ROW_HEIGHT * len(drawn))
    chart.add_scatter(
        x=[gap["value"] for gap in gaps],
        y=[charts.text(_named(pair)) for pair in drawn],
        error_x=charts.whiskers(((gap["value"], gap["low"], gap["high"]) for gap in gaps), palette().muted),
        mode="markers",
        marker={"size": 9, "color": palette().categorical[0]},
        customdata=[pair["texts"] for pair in drawn],
        hovertemplate="%{y}: %{x:+.3f} (%{customdata})<extra></extra>",
    )
    chart.add_vline(x=0, line={"color": palette().muted, "width": 1, "dash": "dot"})
    reach = max(abs(gap[end]) for gap in gaps for end in ("low", "high"))
    chart.update_xaxes(title_text=t("fairness.gap"), tickformat="+.2f" if reach >= NARROW else "+.4f")
    chart.update_yaxes(automargin=True, showgrid=False)
    widest = pairs[0]
    facts = {"first": widest["first"], "second": widest["second"], "positive": positive}
    title = t("fairness.exchanged_chart", change=tables.points(widest["gap"]["value"]), **facts)
    charts.draw(chart, key=f"{KEY}.exchanged.{source}", alt=title, title=title)


def _words(pairs: list[Mapping[str, Any]], source: str) -> None:
    """The exchanges of single words that move the probability most."""
    words = sorted(
        (word for pair in pairs for word in pair["words"]), key=lambda word: -abs(float(word["gap"]["value"]))
    )[:MOST_WORDS]
    if not words:
        return
    st.markdown(f"**{t('fairness.carriers')}**", help=t("fairness.carriers_help"))
    table = pd.DataFrame(
        {
            t("fairness.words_exchanged"): f"{word['first']} → {word['second']}",
            t("fairness.texts"): word["texts"],
            t("fairness.gap"): tables.change(**word["gap"]),
        }
        for word in words
    )
    st.dataframe(table, hide_index=True, key=f"{KEY}.carriers.{source}", height=tables.height_of(len(table)))
