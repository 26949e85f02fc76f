"""A stored comparison on screen: the best trade-off in words, the table, what stands behind it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.messages import Message
from dashboard.lab import charts, download, pair
from dashboard.lab.settings import written_setting
from dashboard.lab.stream import experience_columns, experience_table
from dashboard.lab.words import said, task_of_result, told
from dashboard.parts import choices, tables
from dashboard.parts.plots.comparison_figures import (
    ROW_HEIGHT,
    average,
    best_name,
    by_family,
    chart_name,
    facts,
    figures_of,
    ranked,
    strategy_name,
    table_height,
    with_deviation,
    with_interval,
    with_names,
    written,
)
from dashboard.shell import layout
from dashboard.shell.i18n import t, t_message
from dashboard.shell.layout import Card
from dashboard.shell.palette import palette

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

VIEWS = ("deviation", "interval")
WIDTHS = {"deviation": 112, "interval": 168}  # pixels of a score's column
WIDTH = 92  # of the others
STOPPED = "compare.stopped"  # keys of findings that say what is missing


def draw(result: dict[str, Any]) -> None:
    """The whole result, from the sentence down to how it was computed."""
    headline(result)
    layout.section(t("lab.table"), help=said(result, "lab.table_help"))
    table(result)
    layout.section(said(result, "lab.charts"))
    left, right = st.columns(2, gap="large")
    with left:
        charts.over_experiences(result)
    with right:
        charts.against_cost(result)
    families(result)
    layout.section(said(result, "lab.matrices"), help=t("lab.matrices_help"))
    charts.matrices(result)
    pair.better(result)
    pair.by_label(result)
    how(result)


def headline(result: dict[str, Any]) -> None:
    """Which strategy is the best trade-off and why, its figures, and the way to take the comparison along."""
    message = with_names(Message.from_dict(result["best"]["message"]))
    with st.container(border=True, key="lab-best", gap="small"):
        st.caption(t("lab.best"))
        st.header(tables.plain(strategy_name(best_name(result))), anchor=False)
        st.markdown(tables.plain(t_message(message)))
    for finding in _findings(result):
        if finding.key.startswith(STOPPED):
            st.warning(tables.plain(t_message(with_names(finding))), icon=":material/stop_circle:")
    layout.cards(_cards(result))
    download.buttons(result)


def _findings(result: dict[str, Any]) -> list[Message]:
    return [Message.from_dict(stored) for stored in result.get("findings", [])]


def _cards(result: dict[str, Any]) -> list[Card]:
    best = next(strategy for strategy in result["strategies"] if strategy["strategy"] == best_name(result))
    wanted = (average(result), "forgetting", "plasticity", "seconds")
    shown = [figure for figure in figures_of(result) if figure.name in wanted]
    return [
        Card(t(f"lab.{figure.name}"), written(figure, best[figure.name]), help=said(result, f"lab.{figure.name}_help"))
        for figure in shown
    ]


def table(result: dict[str, Any]) -> None:
    """Every figure of every strategy, best average score first; the best trade-off is marked."""
    several = int(result["request"]["seeds"]) > 1
    view = _view() if several else "interval"
    st.dataframe(
        styled(result, view),
        hide_index=True,
        key=f"lab.table.{view}",
        height=table_height(len(result["strategies"])),
        row_height=ROW_HEIGHT,
        column_config=_columns(result, view),
        alt=t("lab.table_alt", count=len(result["strategies"])),
    )
    st.caption(t("lab.table_note"))


def _view() -> str:
    names = {view: t(f"lab.view_{view}") for view in VIEWS}
    return choices.segmented(t("lab.view"), names, key="lab.view", help=t("lab.view_help"), bare=True)


def styled(result: dict[str, Any], view: str) -> Styler:
    """The table: numbers below, so that a click on a header sorts them, and what people read on top. A measure that no strategy
    has is left out.
    """
    strategies = ranked(result)
    measured = [each for each in figures_of(result) if any(strategy[each.name] is not None for strategy in strategies)]
    write = with_deviation if view == "deviation" else with_interval
    numbers = pd.DataFrame(
        [{figure.name: strategy[figure.name] for figure in measured} for strategy in strategies], dtype=float
    )
    best = best_name(result)
    numbers.insert(0, "strategy", [_marked(strategy["strategy"], best) for strategy in strategies])
    style = numbers.style
    for row, strategy in enumerate(strategies):
        for figure in measured:
            # A template without places is the text itself, as long as its braces are doubled; no figure has any.
            style = style.format(write(figure, strategy), subset=pd.IndexSlice[[row], [figure.name]])
    tint = f"background-color: {palette().sequential[1]}"
    best_row = next(number for number, strategy in enumerate(strategies) if strategy["strategy"] == best)
    return style.apply(lambda row: [tint if row.name == best_row else ""] * len(row), axis=1)


def _marked(strategy: str, best: str) -> str:
    name = chart_name(strategy)
    return t("lab.marked", name=name) if strategy == best else name


def _columns(result: dict[str, Any], view: str) -> dict[str, Any]:
    columns: dict[str, Any] = {"strategy": st.column_config.TextColumn(t("lab.strategy"), pinned=True)}
    for figure in figures_of(result):
        columns[figure.name] = st.column_config.NumberColumn(
            said(result, f"lab.head_{figure.name}"),
            help=said(result, f"lab.{figure.name}_help"),
            # Streamlit would measure the bare number, not what is written over it.
            width=WIDTHS[view] if figure.kind == "score" else WIDTH,
        )
    return columns


def families(result: dict[str, Any]) -> None:
    """Which colour stands for which family, and the whole names behind the short ones."""
    lines = []
    for family, members in by_family(
        {strategy["strategy"]: strategy["family"] for strategy in result["strategies"]}
    ).items():
        dot = f"<span style='color:{charts.color_of_family(family)}'>●</span>"
        names = html.escape(t("lab.list", names=[strategy_name(name) for name in members]))
        lines.append(f"<div>{dot} <b>{html.escape(t(f'names.family_{family}'))}</b> · {names}</div>")
    st.html(f"<div style='font-size:0.875rem;line-height:1.7'>{''.join(lines)}</div>")


def how(result: dict[str, Any]) -> None:
    """What was compared on what: experiences and settings, folded away."""
    with st.expander(t("lab.how")):
        st.caption(" · ".join(facts(result)))
        table, task = experience_table(result["experiences"]), task_of_result(result)
        st.dataframe(
            table, hide_index=True, column_config=experience_columns(task), alt=told(task, "lab.experiences_alt")
        )
        for finding in _findings(result):
            st.caption(f":material/info: {tables.plain(t_message(with_names(finding)))}")
        st.dataframe(_settings(result), hide_index=True, alt=t("lab.settings_alt"))


def _settings(result: dict[str, Any]) -> pd.DataFrame:
    """Those of each strategy, then those that all share."""
    rows = [
        [chart_name(strategy["strategy"]), *written_setting(name, value)]
        for strategy in result["strategies"]
        for name, value in strategy["settings"].items()
    ]
    rows += [[t("lab.shared"), *written_setting(name, value)] for name, value in result["settings"].items()]
    return pd.DataFrame(rows, columns=[t("lab.strategy"), t("lab.setting"), t("lab.value")])
