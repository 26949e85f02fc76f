"""The slices tab of the Results page: which rows a version is worse on than on the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.statistics.additive import RATE, hit_rows
from core.statistics.intervals import rate_of
from core.statistics.slices import LEAST_ROWS, Slice, WorseSlice, worse_slices
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.results.page import ALL, Shown, predictions, rows_table
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import palette

KEY = "results.slices"
MOST_BARS = 20
NAMED = ("language",)  # kinds whose values are translated


@dataclass(frozen=True, eq=False)
class Found:
    """All slices by kind, those that are worse, and whether each row is right."""

    slices: dict[str, list[Slice]]
    worse: list[WorseSlice]
    right: np.ndarray


def draw(shown: Shown) -> None:
    """What is worse, then one kind of slice as bars, then the rows behind a slice."""
    rows = predictions(shown)
    numbers = tuple(found["experience"] for found in shown.report["tests"] if shown.test in (ALL, found["experience"]))
    with st.spinner(t("slices.working")):
        found = _found(str(state.version_folder(shown.version)), numbers, shown.classes)
    layout.section(t("slices.worse_title"), help=t("slices.worse_help"))
    _worse(found)
    layout.section(t("slices.all_title"), help=t("slices.all_help"))
    kinds = {kind: t(f"slices.kind_{kind}") for kind in found.slices}
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
    chosen = _shown_slices(found, str(kind))
    _bars(found, chosen, kinds[str(kind)])
    names = [name_of(one) for one in chosen]
    picked = st.selectbox(
        t("slices.rows_of"), range(len(chosen)), format_func=names.__getitem__, key=f"{KEY}.slice.{kind}"
    )
    if picked is not None:
        behind = rows.iloc[chosen[picked].rows]
        wrong = behind[behind["truth"] != behind["predicted"]].sort_values("probability", ascending=False)
        st.caption(tn("slices.wrong_rows", len(wrong), rows=tables.thousands(len(behind))))
        if len(wrong):
            rows_table(wrong, key=f"{KEY}.rows", several_tests=shown.test == ALL and len(numbers) > 1, wide=True)


@st.cache_resource(show_spinner=False, max_entries=8)
def _found(folder: str, numbers: tuple[int, ...], classes: tuple[str, ...]) -> Found:
    from core.workflows.versions.folder import VersionFolder
    from core.workflows.versions.slicing import right_of, rows_of_tests, slices_of

    version = VersionFolder(Path(folder))
    table = pd.concat([version.predictions(number) for number in numbers], ignore_index=True)
    right = right_of(table)
    slices = slices_of(rows_of_tests(version, state.store(), numbers), table["truth"].tolist(), classes)
    every = [one for kind, some in slices.items() if kind != "label" for one in some]
    return Found(slices, worse_slices(hit_rows(right), every, RATE), right)


def name_of(one: Slice) -> str:
    """A slice in a list."""
    if one.kind in NAMED:
        return t(f"slices.{one.kind}_{one.value}")
    return t("slices.characters", value=one.value) if one.kind == "length" else one.value


def _worse(found: Found) -> None:
    if not found.worse:
        st.markdown(f":material/check_circle: {t('slices.none_worse')}")
        return
    table = pd.DataFrame(
        {
            t("slices.column_slice"): [
                f"{t(f'slices.kind_{one.slice.kind}')}: {name_of(one.slice)}" for one in found.worse
            ],
            t("slices.column_rows"): [len(one.slice.rows) for one in found.worse],
            t("slices.column_accuracy"): [tables.estimate(one.score) for one in found.worse],
            t("slices.column_rest"): [tables.estimate(one.rest) for one in found.worse],
            t("slices.column_p"): [one.p_value for one in found.worse],
        }
    )
    config = {t("slices.column_p"): st.column_config.NumberColumn(format="%.2g", help=t("slices.column_p_help"))}
    st.dataframe(table, hide_index=True, column_config=config, key=f"{KEY}.worse")


def _shown_slices(found: Found, kind: str) -> list[Slice]:
    """In their own order; of many, such as words, those with the lowest accuracy."""
    slices = found.slices[kind]
    if len(slices) <= MOST_BARS:
        return slices
    return sorted(slices, key=lambda one: float(found.right[one.rows].mean()))[:MOST_BARS]


def _bars(found: Found, slices: list[Slice], kind: str) -> None:
    scores = [rate_of(found.right[one.rows]) for one in slices]
    names = [name_of(one) for one in slices]
    lowest = min(range(len(slices)), key=lambda place: scores[place].value)
    chart = charts.figure(height=90 + 26 * len(slices))
    bars: dict[str, Any] = {
        "array": [score.high - score.value for score in scores],
        "arrayminus": [score.value - score.low for score in scores],
    }
    chart.add_scatter(
        x=[score.value for score in scores],
        y=[charts.text(name) for name in names],
        error_x=bars | {"thickness": 1.5, "width": 3, "color": palette().muted},
        mode="markers",
        marker={"size": 9, "color": palette().categorical[0]},
        customdata=[len(one.rows) for one in slices],
        hovertemplate="%{y}: %{x:.3f} (%{customdata})<extra></extra>",
        showlegend=False,
    )
    overall = float(found.right.mean())
    chart.add_vline(x=overall, line={"color": palette().muted, "dash": "dot", "width": 1})
    chart.update_yaxes(autorange="reversed", type="category")
    chart.update_xaxes(title_text=t("slices.axis", value=tables.score(overall)))
    title = t("slices.chart", name=names[lowest], value=tables.score(scores[lowest].value))
    charts.draw(chart, key=f"{KEY}.chart", alt=t("slices.chart_alt", kind=kind), title=title)
