"""An attack on the privacy of a version: what it is asked for, the run, and what it proves beside what was promised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import home
from core.registry.records import MembershipStore
from core.statistics.learning_curve import expected_seconds
from core.workflows.membership.request import MembershipConfig
from dashboard.evaluate.page import Shown, message_of
from dashboard.parts import tables
from dashboard.parts.forms import forms
from dashboard.parts.names import titles
from dashboard.parts.plots import charts
from dashboard.parts.run_view import run_view
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message
from dashboard.shell.layout import Card
from dashboard.shell.palette import palette

if TYPE_CHECKING:
    from core.jobs import Job

KIND = "membership"
KEY = "evaluate.privacy_attack"
ICONS = {
    "membership.kept": ":material/verified_user:",
    "membership.broken": ":material/gpp_bad:",
    "membership.no_promise": ":material/lock_open:",
}
UNSURE = ":material/hourglass_empty:"
ATTACKS = ("attack", "canaries")
FLOOR = 0.001  # the least rate on the chart's axes
TICKS = (0.001, 0.01, 0.1, 1.0)


def draw(shown: Shown) -> None:
    """What was found before, the run that is on, and the offer of another."""
    layout.section(t("privacy_attack.title"), help=t("privacy_attack.help"))
    version = shown.version
    record = MembershipStore(home()).load(version.classifier, version.number, version.created)
    if record is not None:
        _answer(record)
    job = _job(shown)
    if job is not None and not (job.ended and job.result):
        run_view(job.id)
    if job is None or job.ended:
        _offer(shown, again=record is not None)


def _job(shown: Shown) -> Job | None:
    """The newest run for this version."""
    wanted = {"classifier": shown.version.classifier, "version": shown.version.number}
    for job in state.jobs().list():
        if job.kind == KIND and wanted.items() <= job.config.items():
            return job
    return None


def _offer(shown: Shown, *, again: bool) -> None:
    """The settings, what it takes, and the button."""
    if not again:
        st.caption(t("privacy_attack.offer"))
    values = forms.settings_form(MembershipConfig, key=KEY)
    with st.container(horizontal=True, vertical_alignment="center"):
        label = t("privacy_attack.again") if again else t("privacy_attack.start")
        if st.button(label, key=f"{KEY}.start", icon=":material/play_arrow:"):
            facts = {"classifier": shown.version.classifier, "version": shown.version.number}
            named = titles("privacy_attack.job", **facts)
            state.jobs().submit(KIND, classifier=shown.version.classifier, config={**facts, **values}, **named)
            st.rerun()
        st.caption(t("privacy_attack.cost", time=tables.duration(_seconds(shown, values))), width="stretch")


def _seconds(shown: Shown, values: Mapping[str, Any]) -> float:
    """About how long it takes: each shadow learns half of the rows of the first training."""
    rows = [int(experience["train"]) for experience in shown.report["experiences"]]
    share = min(rows[0], int(values["audit_rows"])) / max(sum(rows), 1)
    return min(
        expected_seconds(shown.report) * share / 2 * int(values["audit_shadows"]), 60.0 * int(values["audit_minutes"])
    )


def _answer(record: dict[str, Any]) -> None:
    """The sentence, the figures, the chart, and what a reader must know of them."""
    verdict = record["verdict"]
    st.markdown(f"{ICONS.get(verdict['key'], UNSURE)} {tables.plain(t_message(message_of(verdict)))}")
    layout.cards(cards(record), key="attack")
    _chart(record)
    for remark in record["remarks"]:
        st.caption(tables.plain(t_message(message_of(remark))))
    facts = {
        "rows": tables.thousands(record["rows"]),
        "shadows": record["shadows"],
        "created": tables.moment(record["created"]),
        "time": tables.duration(record["seconds"]),
    }
    st.caption(t("privacy_attack.note", **facts))


def cards(record: dict[str, Any]) -> list[Card]:
    """What the attack reaches, what it proves beside what was promised, and how far canaries stand out."""
    attack, bound, exposure = record["attack"], record["epsilon"], record["exposure"]
    shown = []
    if attack is not None:
        shown.append(_measured("auc", attack["auc"], t("privacy_attack.guessing", value="0.5")))
        shown.append(_measured("hits", attack["hits"], t("privacy_attack.guessing", value="0.01")))
    promised = record["promised"]
    basis = t("privacy_attack.no_promise")
    if promised is not None:
        basis = t("privacy_attack.promised", epsilon=f"{promised['epsilon']:.2f}")
    proved = t("privacy_attack.too_few") if bound is None else f"≥ {bound['value']:.2f}"
    shown.append(Card(t("privacy_attack.epsilon"), proved, help=t("privacy_attack.epsilon_help"), basis=basis))
    if exposure is not None:
        inserted, absent = exposure["inserted"], exposure["absent"]
        basis = t("privacy_attack.not_learned", bits=f"{absent['value']:.1f}", most=f"{exposure['most']:.0f}")
        value = t("privacy_attack.bits", bits=f"{inserted['value']:.1f}")
        shown.append(Card(t("privacy_attack.exposure"), value, help=t("privacy_attack.exposure_help"), basis=basis))
    return shown


def _measured(name: str, figure: dict[str, float], basis: str) -> Card:
    return Card(
        t(f"privacy_attack.{name}"),
        tables.score(figure["value"]),
        help=t(f"privacy_attack.{name}_help"),
        interval=tables.interval(figure["low"], figure["high"]),
        basis=basis,
    )


def _chart(record: dict[str, Any]) -> None:
    """ROC curves on logarithmic axes: what counts for privacy is whether a few rows are recognised for sure."""
    if record["attack"] is None:
        return
    colors = palette()
    chart = charts.figure(height=320)
    chart.add_scatter(
        x=[FLOOR, 1],
        y=[FLOOR, 1],
        name=t("privacy_attack.guess"),
        mode="lines",
        line={"color": colors.muted, "dash": "dot"},
        hoverinfo="skip",
    )
    for number, name in enumerate(ATTACKS):
        if record[name] is None:
            continue
        curve = record[name]["curve"]
        points = [pair for pair in zip(curve["false_alarms"], curve["hits"], strict=True) if min(pair) > 0]
        chart.add_scatter(
            x=[alarms for alarms, _ in points],
            y=[hits for _, hits in points],
            name=t(f"privacy_attack.of_{name}"),
            mode="lines",
            line={"color": colors.categorical[number], "width": 2},
            hovertemplate="%{x:.2%} → %{y:.1%}<extra></extra>",
        )
    axis = {
        "type": "log",
        "tickvals": TICKS,
        "ticktext": [f"{tick:.1%}" if tick < 0.01 else f"{tick:.0%}" for tick in TICKS],
    }
    chart.update_xaxes(title_text=t("privacy_attack.alarms"), range=[-3.02, 0.02], **axis)
    chart.update_yaxes(title_text=t("privacy_attack.recognised"), range=[-3.02, 0.05], **axis)
    title = t("privacy_attack.chart", share=f"{record['attack']['hits']['value']:.1%}")
    charts.draw(chart, key=f"{KEY}.chart", alt=title, title=title)
