"""The Slices tab: which rows a version is worse on than on the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.statistics.additive import RATE, hit_rows
from core.statistics.intervals import rate_of
from core.statistics.slices import LEAST_ROWS, Slice, WorseSlice, worse_slices
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.slicing import right_of, rows_of_tests, slices_of
from dashboard.evaluate.page import Shown, predictions, rows_table
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import palette

KEY = "evaluate.slices"
MOST_BARS = 20
NAMED = ("language",)  # kinds whose values are translated


@dataclass(frozen=True, eq=False)
class Judged:
    """All slices by kind, those that are worse, and whether each row is right."""

    slices: dict[str, list[Slice]]
    worse: list[WorseSlice]
    right: np.ndarray


def draw(shown: Shown) -> None:
    """What is worse, then one kind of slice as bars, then the rows behind a slice."""
    rows = predictions(shown)
    with st.spinner(t("slices.working")):
        judged = _judged(state.files_of(shown.version), shown.tests, shown.classes)
    layout.section(t("slices.worse_title"), help=t("slices.worse_help"))
    _worse(judged)
    layout.section(t("slices.all_title"), help=t("slices.all_help"))
    kinds = {kind: t(f"slices.kind_{kind}") for kind in judged.slices}
    if not kinds:
        st.info(tn("slices.too_few", len(rows), least=LEAST_ROWS), icon=":material/hourglass_empty:")
        return
    kind = st.segmented_control(
        t("slices.kind"),
        list(kinds),
        format_func=kinds.__getitem__,
        default=next(iter(kinds)),
        required=True,
        key=f"{KEY}.kind",
    )
    listed = _shown_slices(judged, str(kind))
    _bars(judged, listed, kinds[str(kind)])
    names = [name_of(part) for part in listed]
    picked = st.selectbox(
        t("slices.rows_of"), range(len(listed)), format_func=names.__getitem__, key=f"{KEY}.slice.{kind}"
    )
    if picked is not None:
        behind = rows.iloc[listed[picked].rows]
        wrong = behind[behind["truth"] != behind["predicted"]].sort_values("probability", ascending=False)
        st.caption(tn("slices.wrong_rows", len(wrong), rows=tables.thousands(len(behind))))
        if len(wrong):
            rows_table(wrong, key=f"{KEY}.rows", several_tests=len(shown.tests) > 1)


@st.cache_resource(show_spinner=False, max_entries=8)
def _judged(files: state.Files, numbers: tuple[int, ...], classes: tuple[str, ...]) -> Judged:
    version = VersionFolder(Path(files.folder))
    table = pd.concat([version.predictions(number) for number in numbers], ignore_index=True)
    right = right_of(table)
    slices = slices_of(rows_of_tests(version, state.store(), numbers), table["truth"].tolist(), classes)
    every = [part for kind, some in slices.items() if kind != "label" for part in some]
    return Judged(slices, worse_slices(hit_rows(right), every, RATE), right)


def name_of(part: Slice) -> str:
    """A slice in a list."""
    if part.kind in NAMED:
        return t(f"slices.{part.kind}_{part.value}")
    return t("slices.characters", value=part.value) if part.kind == "length" else part.value


def _worse(judged: Judged) -> None:
    if not judged.worse:
        st.markdown(f":material/check_circle: {t('slices.none_worse')}")
        return
    table = pd.DataFrame(
        {
            t("slices.column_slice"): [
                f"{t(f'slices.kind_{finding.slice.kind}')}: {name_of(finding.slice)}" for finding in judged.worse
            ],
            t("slices.column_rows"): [len(finding.slice.rows) for finding in judged.worse],
            t("slices.column_accuracy"): [tables.estimate(finding.score) for finding in judged.worse],
            t("slices.column_rest"): [tables.estimate(finding.rest) for finding in judged.worse],
            t("slices.column_p"): [finding.p_value for finding in judged.worse],
        }
    )
    config = {t("slices.column_p"): st.column_config.NumberColumn(format="%.2g", help=t("slices.column_p_help"))}
    st.dataframe(table, hide_index=True, column_config=tables.counts(table) | config, key=f"{KEY}.worse")


def _shown_slices(judged: Judged, kind: str) -> list[Slice]:
    """In their own order; of many, such as words, those with the lowest accuracy."""
    slices = judged.slices[kind]
    if len(slices) <= MOST_BARS:
        return slices
    return sorted(slices, key=lambda part: float(judged.right[part.rows].mean()))[:MOST_BARS]


def _bars(judged: Judged, slices: list[Slice], kind: str) -> None:
    scores = [rate_of(judged.right[part.rows]) for part in slices]
    names = [name_of(part) for part in slices]
    lowest = min(range(len(slices)), key=lambda index: scores[index].value)
    chart = charts.figure(height=90 + 26 * len(slices))
    chart.add_scatter(
        x=[score.value for score in scores],
        y=[charts.text(name) for name in names],
        error_x=charts.whiskers(((score.value, score.low, score.high) for score in scores), palette().muted),
        mode="markers",
        marker={"size": 9, "color": palette().categorical[0]},
        customdata=[len(part.rows) for part in slices],
        hovertemplate="%{y}: %{x:.3f} (%{customdata})<extra></extra>",
        showlegend=False,
    )
    overall = float(judged.right.mean())
    chart.add_vline(x=overall, line={"color": palette().muted, "dash": "dot", "width": 1})
    chart.update_yaxes(autorange="reversed", type="category")
    chart.update_xaxes(title_text=t("slices.axis", value=tables.score(overall)))
    title = t("slices.chart", name=names[lowest], value=tables.score(scores[lowest].value))
    charts.draw(chart, key=f"{KEY}.chart", alt=t("slices.chart_alt", kind=kind), title=title)
