"""How much a version's figures owe to chance, by folds or by seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.config import home
from core.registry.records import FoldStore
from core.statistics.intervals import MINIMUM_ROWS
from core.statistics.learning_curve import expected_seconds
from core.workflows.repeat.request import FoldsConfig
from dashboard.evaluate.page import Shown
from dashboard.parts import tables
from dashboard.parts.forms import forms
from dashboard.parts.names import titles
from dashboard.parts.plots import charts
from dashboard.parts.run_view import run_view
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import palette

if TYPE_CHECKING:
    from core.jobs import Job

KIND = "folds"
WAYS = ("folds", "seeds")
SCORES = ("accuracy", "macro_f1")


def draw(shown: Shown) -> None:
    """What was found before, the run that is on, and the offer of another."""
    layout.section(t("folds.title"), help=t("folds.help"))
    version = shown.version
    store = FoldStore(home())
    records = [store.load(version.classifier, version.number, way, version.created) for way in WAYS]
    for record in records:
        if record is not None:
            _answer(record)
    job = _job(shown)
    if job is not None and not (job.ended and job.result):
        run_view(job.id)
    if job is None or job.ended:
        _offer(shown)


def _job(shown: Shown) -> Job | None:
    """The newest run for this version."""
    wanted = {"classifier": shown.version.classifier, "version": shown.version.number}
    for job in state.jobs().list():
        if job.kind == KIND and wanted.items() <= job.config.items():
            return job
    return None


def _offer(shown: Shown) -> None:
    """The two settings, what it takes, and the button."""
    st.caption(t("folds.offer"))
    values = forms.settings_form(FoldsConfig, key="evaluate.folds")
    each = expected_seconds(shown.report)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(t("folds.start"), key="evaluate.folds.start", icon=":material/play_arrow:"):
            facts = {"classifier": shown.version.classifier, "version": shown.version.number}
            named = titles("folds.job", **facts)
            state.jobs().submit(KIND, classifier=shown.version.classifier, config={**facts, **values}, **named)
            st.rerun()
        seconds = tables.duration(each * int(values["repeat_runs"]))
        st.caption(t("curve.cost", trainings=values["repeat_runs"], time=seconds), width="stretch")


def _answer(record: dict[str, Any]) -> None:
    """Mean and deviation in a sentence, each run as a dot with its interval, and the same as a table."""
    way, summary = record["how"], record["summary"]
    facts = {name: f"{summary[name]['mean']:.3f} ± {summary[name]['deviation']:.3f}" for name in SCORES}
    st.markdown(t(f"folds.found_{way}", runs=len(record["runs"]), **facts))
    if min(run["rows"] for run in record["runs"]) < MINIMUM_ROWS:
        few = min(run["rows"] for run in record["runs"])
        st.caption(f":material/hourglass_empty: {tn('evaluate.too_few_rows', few)}")
    _chart(record)
    facts = {"rows": tables.thousands(record["rows"]), "created": tables.moment(record["created"])}
    pooled = record["pooled"]
    if pooled is not None:
        scores = {name: tables.score(**pooled[name]) for name in SCORES}
        st.caption(t("folds.pooled", **facts, **scores))
    else:
        st.caption(t("folds.same_rows", held=tables.thousands(record["runs"][0]["rows"]), created=facts["created"]))
    with st.expander(t("folds.table")):
        table = run_table(record)
        st.dataframe(table, hide_index=True, key=f"evaluate.folds.{way}.table", height="content")
        tables.download_table(table, way, key=f"evaluate.folds.{way}.download")


def run_table(record: dict[str, Any]) -> pd.DataFrame:
    """One row a run."""
    return pd.DataFrame(
        {
            t("folds.run"): run["run"],
            t("folds.seed"): run["seed"],
            t("folds.rows"): tables.thousands(run["rows"]),
            **{t(f"evaluate.{name}"): tables.score(**run[name]) for name in SCORES},
        }
        for run in record["runs"]
    )


def _chart(record: dict[str, Any]) -> None:
    colors = palette()
    chart = charts.figure(height=280)
    runs = record["runs"]
    for number, name in enumerate(SCORES):
        estimates = [run[name] for run in runs]
        color, mean = colors.categorical[number], record["summary"][name]["mean"]
        chart.add_scatter(
            x=[run["run"] + 0.12 * (2 * number - 1) for run in runs],
            y=[estimate["value"] for estimate in estimates],
            name=t(f"evaluate.{name}"),
            mode="markers",
            marker={"size": 9, "color": color},
            error_y=charts.whiskers(
                ((estimate["value"], estimate["low"], estimate["high"]) for estimate in estimates), color
            ),
            customdata=[[estimate["low"], estimate["high"]] for estimate in estimates],
            hovertemplate="%{y:.3f} (%{customdata[0]:.3f}–%{customdata[1]:.3f})<extra></extra>",
        )
        chart.add_hline(y=mean, line={"color": color, "width": 1, "dash": "dot"})
    chart.update_xaxes(title_text=t("folds.run"), dtick=1, showgrid=False)
    chart.update_yaxes(title_text=t("curve.score"), tickformat=".2f")
    values = [run["accuracy"]["value"] for run in runs]
    title = t("folds.chart", least=tables.score(min(values)), most=tables.score(max(values)), runs=len(runs))
    charts.draw(chart, key=f"evaluate.folds.{record['how']}", alt=title, title=title)
