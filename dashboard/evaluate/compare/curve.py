"""Whether more labels would help, and the run that finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import home
from core.registry.records import CurveStore
from core.statistics.learning_curve import expected_seconds, runs_for, worthwhile_shares
from dashboard.evaluate.page import Shown, message_of
from dashboard.parts import tables
from dashboard.parts.names import titles
from dashboard.parts.plots import charts
from dashboard.parts.run_view import run_view
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message
from dashboard.shell.palette import palette

if TYPE_CHECKING:
    from core.jobs import Job

KIND = "curve"
SCORES = ("accuracy", "macro_f1")
ICONS = {
    "yes": ":material/trending_up:",
    "hardly": ":material/trending_flat:",
    "unclear": ":material/help:",
    "too_few": ":material/hourglass_empty:",
}


def draw(shown: Shown) -> None:
    """The answer with its chart, or the offer to find it."""
    layout.section(t("curve.title"), help=t("curve.help"))
    curve = CurveStore(home()).load(shown.version.classifier, shown.version.number, shown.version.created)
    job = _job(shown)
    if curve is not None:
        _answer(curve)
    if job is not None and not (job.ended and job.result):
        run_view(job.id)
    if job is None or job.ended:
        _offer(shown, again=curve is not None)


def _job(shown: Shown) -> Job | None:
    """The newest run for this version, unless it was done before."""
    asked = _config(shown)
    return next((job for job in state.jobs().list() if job.kind == KIND and job.config == asked), None)


def _config(shown: Shown) -> dict[str, Any]:
    return {"classifier": shown.version.classifier, "version": shown.version.number}


def _offer(shown: Shown, *, again: bool) -> None:
    """What it takes, and the button."""
    rows = sum(experience["train"] for experience in shown.report["experiences"])
    shares = worthwhile_shares(rows, len(shown.report["classes"]))
    each = expected_seconds(shown.report)
    runs = runs_for(each)
    if not again:
        st.caption(t("curve.offer"))
    facts = {"trainings": len(shares) * runs, "time": tables.duration(each * sum(shares) * runs)}
    with st.container(horizontal=True, vertical_alignment="center"):
        label = t("curve.again") if again else t("curve.start")
        if st.button(label, key="evaluate.curve.start", icon=":material/play_arrow:"):
            named = titles("curve.job", classifier=shown.version.classifier, version=shown.version.number)
            state.jobs().submit(KIND, classifier=shown.version.classifier, config=_config(shown), **named)
            st.rerun()
        st.caption(t("curve.cost", **facts), width="stretch")


def _answer(curve: dict[str, Any]) -> None:
    """The sentence, the chart, and what a reader must know of them."""
    verdict, points = curve["verdict"], curve["points"]
    st.markdown(f"{ICONS[verdict['answer']]} {tables.plain(t_message(message_of(verdict['message'])))}")
    _chart(points, verdict["estimate"])
    facts = {
        "rows": tables.thousands(curve["test_rows"]),
        "runs": curve["runs"],
        "created": tables.moment(curve["created"]),
    }
    st.caption(t("curve.note", **facts))


def _chart(points: list[dict[str, Any]], guess: float | None) -> None:
    colors = palette()
    chart = charts.figure(height=320)
    rows = [point["rows"] for point in points]
    for number, score in enumerate(SCORES):
        estimates = [point[score] for point in points]
        color = colors.categorical[number]
        chart.add_scatter(
            x=rows,
            y=[estimate["value"] for estimate in estimates],
            name=t(f"evaluate.{score}"),
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker={"size": 7},
            error_y=charts.whiskers(
                ((estimate["value"], estimate["low"], estimate["high"]) for estimate in estimates), color
            ),
            customdata=[[estimate["low"], estimate["high"]] for estimate in estimates],
            hovertemplate="%{y:.3f} (%{customdata[0]:.3f}–%{customdata[1]:.3f})<extra></extra>",
        )
    ticks = list(rows)
    if guess is not None:
        ticks.append(2 * rows[-1])
        chart.add_scatter(
            x=[rows[-1], ticks[-1]],
            y=[points[-1]["accuracy"]["value"], guess],
            name=t("curve.estimate"),
            mode="lines+markers",
            line={"color": colors.muted, "width": 2, "dash": "dot"},
            marker={"size": [0, 9], "symbol": "circle-open", "opacity": 1},
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    chart.update_xaxes(
        type="log", title_text=t("curve.rows"), tickvals=ticks, ticktext=list(map(tables.thousands, ticks))
    )
    chart.update_yaxes(title_text=t("curve.score"), tickformat=".2f")
    first, last = (tables.score(points[index]["accuracy"]["value"]) for index in (0, -1))
    title = t("curve.chart", first=first, last=last, few=tables.thousands(rows[0]), many=tables.thousands(rows[-1]))
    charts.draw(chart, key="evaluate.curve", alt=title, title=title)
    if guess is not None:
        st.caption(t("curve.guess", rows=tables.thousands(ticks[-1]), accuracy=tables.score(guess)))
