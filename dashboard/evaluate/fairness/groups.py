"""The rates of each group, and how far apart groups are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.statistics.intervals import MINIMUM_ROWS
from core.statistics.slices import LEVEL
from dashboard.parts import choices, tables
from dashboard.parts.plots import charts
from dashboard.shell import layout
from dashboard.shell.i18n import t, tn
from dashboard.shell.layout import Card
from dashboard.shell.palette import palette

KEY = "evaluate.fairness"
CARDS = ("selection", "odds", "fpr")
MEASURES = ("fpr", "tpr", "selection", "accuracy")
ROW_HEIGHT, AROUND = 28, 90  # pixels of the chart, a group and everything else


def draw(record: Mapping[str, Any]) -> None:
    """Cards of the gaps, a chart of one rate, and the table of all."""
    choice = record["choice"]
    facts = {"positive": tables.plain(choice["positive"]), "rows": tables.thousands(record["rows"])}
    st.caption(t("fairness.measured", created=tables.moment(record["created"]), **facts))
    layout.cards(_cards(record), key="-fairness")
    if not record["gaps"]:
        st.info(t("fairness.no_gap", needed=MINIMUM_ROWS), icon=":material/hourglass_empty:")
    _worse(record)
    known = [name for name in MEASURES if any(group[name] for group in record["groups"])]
    if known:
        names = {name: t(f"fairness.{name}") for name in known}
        measure = choices.segmented(t("fairness.measure"), names, key=f"{KEY}.measure", wrap=True, bare=True)
        st.caption(t(f"fairness.{measure}_help", positive=facts["positive"]))
        _chart(record, measure)
    few = [tables.plain(group["name"]) for group in record["groups"] if 0 < group["rows"] < MINIMUM_ROWS]
    if few:
        names_of_few = t("fairness.separator").join(few)
        st.caption(
            f":material/hourglass_empty: {tn('fairness.few', len(few), needed=MINIMUM_ROWS, names=names_of_few)}"
        )
    with st.expander(t("fairness.table")):
        table = group_table(record)
        st.dataframe(table, hide_index=True, key=f"{KEY}.table", height=tables.height_of(len(table)))
        tables.download_table(table, "fairness", key=f"{KEY}.download")


def _cards(record: Mapping[str, Any]) -> list[Card]:
    shown = []
    for name in CARDS:
        gap = record["gaps"].get(name)
        label, help_text = t(f"fairness.gap_{name}"), t(f"fairness.gap_{name}_help")
        if gap is None:
            shown.append(Card(label, "–", help=help_text, basis=t("fairness.too_few")))
            continue
        between = t("fairness.between", high=short(gap["highest"]), low=short(gap["lowest"]))
        chance = t("fairness.by_chance" if gap["p_value"] >= LEVEL else "fairness.beyond_chance")
        interval = tables.interval(gap["low"], gap["high"])
        basis = " · ".join([chance, between])
        shown.append(Card(label, tables.score(gap["value"]), help=help_text, interval=interval, basis=basis))
    worst = next((group for group in record["groups"] if group["name"] == record["worst"]), None)
    if worst is not None:
        rate = worst["accuracy"]
        shown.append(
            Card(
                t("fairness.worst"),
                tables.score(rate["value"]),
                help=t("fairness.worst_help"),
                interval=tables.interval(rate["low"], rate["high"]),
                basis=short(worst["name"]),
            )
        )
    return shown


def short(name: str) -> str:
    """A group without its axis, safe inside Markdown."""
    return tables.plain(name.rpartition("/")[2])


def _worse(record: Mapping[str, Any]) -> None:
    """What is worse than all other rows beyond chance."""
    lines = [
        f"- **{tables.plain(group['name'])}**: {t(f'fairness.worse_{measure}')} (p = {tables.tiny(p_value)})"
        for group in record["groups"]
        for measure, p_value in group["worse"].items()
    ]
    if lines:
        st.markdown("\n".join([t("fairness.worse"), "", *lines]), help=t("fairness.worse_tip"))
    elif record["gaps"]:
        st.markdown(f":material/check_circle: {t('fairness.none_worse')}")


def _chart(record: Mapping[str, Any], measure: str) -> None:
    rest = record["rest"]
    named = [(charts.text(group["name"]), group) for group in record["groups"] if group[measure]]
    named += [(t("fairness.rest"), rest)] if rest[measure] else []
    named.sort(key=lambda pair: float(pair[1][measure]["value"]))
    rates = [group[measure] for _, group in named]
    chart = charts.figure(height=AROUND + ROW_HEIGHT * len(named))
    chart.add_scatter(
        x=[rate["value"] for rate in rates],
        y=[name for name, _ in named],
        error_x=charts.whiskers(((rate["value"], rate["low"], rate["high"]) for rate in rates), palette().muted),
        mode="markers",
        marker={"size": 9, "color": palette().categorical[0]},
        customdata=[group["rows"] for _, group in named],
        hovertemplate="%{y}: %{x:.3f} (%{customdata})<extra></extra>",
    )
    chart.update_xaxes(title_text=t(f"fairness.{measure}"), tickformat=".2f", rangemode="tozero")
    chart.update_yaxes(automargin=True, showgrid=False)
    gap = record["gaps"].get(measure)
    title = t("fairness.chart", measure=t(f"fairness.{measure}"))
    if gap is not None:
        facts = {
            "low": gap["lowest"],
            "high": gap["highest"],
            "points": tables.size_in_points(gap["value"]),
        }
        title = t("fairness.chart_gap", measure=t(f"fairness.{measure}"), **facts)
    charts.draw(chart, key=f"{KEY}.chart.{measure}", alt=title, title=title)


def group_table(record: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each group that any text is in, and one for all texts that are in none."""
    groups = [*(group for group in record["groups"] if group["rows"]), {**record["rest"], "name": t("fairness.rest")}]
    return pd.DataFrame(
        {
            t("fairness.group"): group["name"],
            t("fairness.group_rows"): group["rows"],
            **{
                t(f"fairness.{name}"): tables.score(**group[name]) if group[name] else "–"
                for name in (*MEASURES, "calibration")
            },
        }
        for group in groups
    )
