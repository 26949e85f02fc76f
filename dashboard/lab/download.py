"""A comparison to take along: as JSON, as a table, and as a page that opens anywhere."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.base.messages import Message
from core.registry.records.outgoing import without_paths
from dashboard.lab.words import said
from dashboard.parts import tables
from dashboard.parts.plots import heatmaps
from dashboard.parts.plots.comparison_figures import (
    best_name,
    facts,
    figures_of,
    ranked,
    strategy_name,
    with_deviation,
    with_interval,
    with_names,
)
from dashboard.shell.i18n import language, t, t_message
from dashboard.shell.palette import LIGHT, readable_on

STYLE = """
body { font: 16px/1.5 system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif; color: #1c2420;
  background: #fbfcfa; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #dfe5dd; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.wide { overflow-x: auto; } .best td { background: #d9eadd; } .quiet { color: #5d6862; }
.matrices { display: flex; flex-wrap: wrap; gap: 1.5rem 2rem; } .matrix td, .matrix th { text-align: center; border: 0; }
"""


def buttons(result: dict[str, Any]) -> None:
    """Three quiet buttons."""
    name = file_name(str(result["name"]))
    # Made now, small as they are: what Streamlit calls when a file is asked for does not know the reader's language.
    kinds = {
        "html": (standalone(result).encode(), "text/html", ":material/article:"),
        "csv": (tables.to_csv(figure_table(result)), "text/csv", ":material/download:"),
        "json": (as_json(result), "application/json", ":material/data_object:"),
    }
    with st.container(horizontal=True, gap="small"):
        for kind, (content, mime, icon) in kinds.items():
            st.download_button(
                t(f"lab.download_{kind}"),
                content,
                file_name=f"{name}.{kind}",
                mime=mime,
                key=f"lab.download.{kind}",
                icon=icon,
                type="tertiary",
                on_click="ignore",
                help=said(result, f"lab.download_{kind}_help"),
            )


def file_name(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w-]+", "_", name).strip("_")[:60] or "comparison"


def as_json(result: dict[str, Any]) -> bytes:
    """The comparison as it is stored, without paths of this machine."""
    return json.dumps(without_paths(result), ensure_ascii=False, indent=1).encode()


def figure_table(result: dict[str, Any]) -> pd.DataFrame:
    """One row a strategy: each figure as a number, with its deviation over the seeds and the ends of its interval."""
    rows = []
    for strategy in result["strategies"]:
        row: dict[str, Any] = {"strategy": strategy["strategy"]}
        for figure in figures_of(result):
            row[figure.name] = strategy[figure.name]
            if figure.kind in ("score", "seconds"):
                row[f"{figure.name}_deviation"] = (strategy.get("spread") or {}).get(figure.name)
            if figure.kind == "score":
                low, high = (strategy.get("intervals") or {}).get(figure.name) or (None, None)
                row |= {f"{figure.name}_low": low, f"{figure.name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def standalone(result: dict[str, Any]) -> str:
    """A page of its own, in the reader's language: no script, no network, nothing but the figures."""
    title, best = html.escape(str(result["name"])), html.escape(strategy_name(best_name(result)))
    because = html.escape(t_message(with_names(Message.from_dict(result["best"]["message"]))))
    names = [experience["name"] for experience in result["experiences"]]
    order = " · ".join(f"{number} {html.escape(name)}" for number, name in enumerate(names, start=1))
    return "\n".join(
        [
            f"<!doctype html><html lang='{language()}'><head><meta charset='utf-8'><title>{title}</title>",
            f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style></head><body>",
            f"<h1>{title}</h1><p class='quiet'>{html.escape(' · '.join(facts(result)))}</p>",
            f"<h2>{html.escape(t('lab.best'))} · {best}</h2><p>{because}</p>",
            _figures(result),
            f"<h2>{html.escape(said(result, 'lab.matrices'))}</h2><p class='quiet'>{html.escape(t('lab.matrices_help'))}</p>",
            f"<p class='quiet'>{order}</p>",
            _matrices(result),
            "</body></html>",
        ]
    )


def _figures(result: dict[str, Any]) -> str:
    """The table, each figure with its deviation and, below it, its interval."""
    head = "".join(f"<th>{html.escape(t(f'lab.{figure.name}'))}</th>" for figure in figures_of(result))
    rows = []
    for strategy in ranked(result):
        cells = ""
        for figure in figures_of(result):
            deviation, interval = with_deviation(figure, strategy), with_interval(figure, strategy)
            ends = f"<br><span class='quiet'>{interval[interval.index('(') :]}</span>" if "(" in interval else ""
            cells += f"<td>{deviation}{ends}</td>"
        mark = " class='best'" if strategy["strategy"] == best_name(result) else ""
        rows.append(f"<tr{mark}><td>{html.escape(strategy_name(strategy['strategy']))}</td>{cells}</tr>")
    heading = html.escape(t("lab.strategy"))
    return f"<div class='wide'><table><tr><th>{heading}</th>{head}</tr>{''.join(rows)}</table></div>"


def _matrices(result: dict[str, Any]) -> str:
    strategies = ranked(result)
    limits = heatmaps.score_limits(*(strategy["R"] for strategy in strategies))
    parts = [
        f"<div><b>{html.escape(strategy_name(strategy['strategy']))}</b>{_matrix(strategy['R'], limits)}</div>"
        for strategy in strategies
    ]
    return f"<div class='matrices'>{''.join(parts)}</div>"


def _matrix(scores: list[list[float | None]], limits: tuple[float, float]) -> str:
    matrix = np.asarray(scores, dtype=float)
    places = range(1, len(matrix) + 1)
    head = "<tr><th></th>" + "".join(f"<th>{number}</th>" for number in places) + "</tr>"
    rows = [
        f"<tr><th>{number}</th>{''.join(_cell(float(value), limits) for value in row)}</tr>"
        for number, row in zip(places, matrix, strict=True)
    ]
    return f"<table class='matrix'>{head}{''.join(rows)}</table>"


def _cell(value: float, limits: tuple[float, float]) -> str:
    share = min(1.0, max(0.0, (value - limits[0]) / (limits[1] - limits[0])))
    color = LIGHT.sequential[round(share * (len(LIGHT.sequential) - 1))]
    return f"<td style='background:{color};color:{readable_on(LIGHT.sequential, share)}'>{value:.3f}</td>"
