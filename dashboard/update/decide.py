"""Decide: what an update gains and what it costs, what the gate says, and the two buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.workflows.versions.decide import stored_rules
from dashboard.parts import scores, tables
from dashboard.parts.versions import same_tests
from dashboard.parts.versions.verdict import tell_since
from dashboard.shell import layout, state
from dashboard.shell.errors import boundary, guarded_fragment
from dashboard.shell.i18n import t, tn
from dashboard.shell.layout import Card
from dashboard.update import evidence, headline, promote, tests
from dashboard.update import page as update_page
from dashboard.update import rules as update_rules
from dashboard.update.page import Situation

if TYPE_CHECKING:
    from core.registry import VersionInfo


def draw(situation: Situation) -> None:
    """Everything that the decision needs, the buttons first; or what is missing for it."""
    if situation.candidate is None:
        _not_yet(situation)
        return
    report = state.report(situation.candidate)
    headline.draw(report, situation.candidate)
    if not report["best_epoch"]:  # solved weights and blends have learned without epochs
        st.warning(t("update.learned_nothing", version=situation.champion.number), icon=":material/warning:")
    tell_since(report)
    _decision(situation.champion, situation.candidate)
    with boundary():  # what is wrong with the evidence must hide neither the buttons nor the way back
        layout.cards(_cards(report, situation.candidate, situation.champion))
        evidence.draw(situation.candidate, situation.champion)


def _not_yet(situation: Situation) -> None:
    if situation.step == "batch":
        update_page.missing(t("update.no_batch"), t("update.to_batch"), "batch")
    elif situation.job is not None and not situation.job.ended:
        update_page.missing(t("update.still_learning"), t("update.to_run"), "learn")
    else:
        update_page.missing(t("update.no_candidate"), t("update.to_learn"), "learn")


def _cards(report: dict[str, Any], candidate: VersionInfo, parent: VersionInfo) -> list[Card]:
    """Forgetting beside plasticity, and what they come to on the new and on all tests."""
    newest, against = report["tests"][-1], t("overview.against", version=parent.number)
    overall, continual = report["overall"], report["continual"]
    task = scores.task_of_report(report)
    score = task.score
    _, together = tests.together(candidate, parent, task)
    named = scores.score_name(score.name)
    forgot = continual["forgetting"]
    ends = {name: pair for name, pair in report.get("continual_intervals", {}).items() if pair}  # None: not known
    return [
        Card(
            t("update.card_new", score=named),
            tables.score(newest["report"][score.name]["value"]),
            help=t("update.card_new_help"),
            interval=_ends(newest["report"][score.name]),
            basis=tn("update.card_new_basis", newest["rows"]),
            **layout.changed(scores.gain_of_test(task, newest), against),
        ),
        Card(
            t("update.card_all", score=named),
            tables.score(overall[score.name]["value"]),
            help=t("update.card_all_help"),
            interval=_ends(overall[score.name]),
            basis=same_tests.over(overall["rows"]),
            **layout.changed(together, against),
        ),
        Card(
            scores.named_in(score, "update.card_plasticity"),
            tables.score(continual["plasticity"]),
            help=scores.named_in(score, "update.card_plasticity_help"),
            interval=tables.interval(*ends["plasticity"]) if "plasticity" in ends else None,
        ),
        Card(
            scores.named_in(score, "overview.card_forgetting"),
            scores.forgotten(score, forgot),
            help=scores.named_in(score, "update.card_forgetting_help"),
            interval=scores.forgotten_interval(score, *ends["forgetting"]) if "forgetting" in ends else None,
        ),
    ]


def _ends(score: dict[str, float]) -> str:
    return tables.interval(score["low"], score["high"])


@guarded_fragment()
def _decision(champion: VersionInfo, candidate: VersionInfo) -> None:
    """What the gate says, the buttons, its rules, the tests beside; only this is drawn anew when a rule changes."""
    report = state.report(candidate)
    left, right = st.columns([1, 1], gap="large")
    with right:
        evidence.chart(report, candidate)
    with left:
        conclusion = st.container(gap="small")
        verdict, rules = update_rules.gate(report, candidate)
    passes = verdict is None or verdict.promote
    if candidate.refused and rules == stored_rules(report):
        passes = (
            False  # what was measured may be other since rows were forgotten; that verdict stands until a rule changes
        )
    with conclusion:
        if verdict is not None:
            update_rules.conclusion(report, verdict, rules, candidate)
        judged = verdict is None or verdict.judged
        promote.buttons(champion, candidate, rules, passes=passes, judged=judged)
