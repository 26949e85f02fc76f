"""Step 4 of an update: what it gains and what it costs, what the gate says, and the two buttons."""

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
from dashboard.update import evidence, promote
from dashboard.update import page as update_page
from dashboard.update import rules as update_rules
from dashboard.update.page import Situation

if TYPE_CHECKING:
    from core.registry import VersionInfo


def step(situation: Situation) -> None:
    """Everything that the decision needs; closed until there is a candidate."""
    if situation.candidate is None:
        update_page.head(4, "closed")
        return
    update_page.head(4, "open")
    report = state.report(situation.candidate)
    st.markdown(_headline(report, situation.candidate))
    if not report["epochs"]:
        st.warning(t("update.learned_nothing", version=situation.champion.number), icon=":material/warning:")
    tell_since(report)
    layout.cards(_cards(report, situation.candidate, situation.champion))
    if about := scores.about_points(scores.task_of_report(report).score):
        st.caption(about)
    _decision(situation.champion, situation.candidate)
    with boundary():  # what is wrong with the evidence must hide neither the buttons nor the way back
        evidence.tabs(situation.candidate, situation.champion)


def _headline(report: dict[str, Any], candidate: VersionInfo) -> str:
    """What happened, in a sentence: the newest test, and the older one that changed for the worst."""
    compared = [test for test in report["tests"] if test.get("difference")]
    *older, newest = compared
    task = scores.task_of_report(report)
    gain = scores.gain_of_test(task, newest).value
    facts = {"version": candidate.number, "points": tables.points(gain).removeprefix("+")}
    sentence = t("update.headline_gain" if gain > 0 else "update.headline_no_gain", **facts)
    if not older:
        return sentence
    worst = min(older, key=lambda test: scores.gain_of_test(task, test).value)
    lost = scores.gain_of_test(task, worst).value
    if lost >= 0:
        return t("update.sentences", first=sentence, second=t("update.headline_kept"))
    facts = {"test": t("update.test_number", number=worst["experience"]), "points": tables.size_in_points(lost)}
    told = t("update.headline_lost" if len(older) == 1 else "update.headline_lost_most", **facts)
    return t("update.sentences", first=sentence, second=told)


def _cards(report: dict[str, Any], candidate: VersionInfo, parent: VersionInfo) -> list[Card]:
    """Forgetting beside plasticity, and what they come to on the new and on all tests."""
    newest, against = report["tests"][-1], t("update.against", version=parent.number)
    overall, continual = report["overall"], report["continual"]
    same = same_tests.of_two(candidate, parent)
    task = scores.task_of_report(report)
    score = task.score
    together = same.difference(parent.number, candidate.number) if same is not None else None
    before = same.report(parent.number) if same is not None else None
    if together is not None and before is not None:
        together = score.gain(together, before.scores[score.name].value)
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
            scores.named_in(score, "update.card_forgetting"),
            scores.forgotten(score, forgot),
            help=scores.named_in(score, "update.card_forgetting_help"),
            interval=scores.forgotten_interval(score, *ends["forgetting"]) if "forgetting" in ends else None,
        ),
    ]


def _ends(score: dict[str, float]) -> str:
    return tables.interval(score["low"], score["high"])


@guarded_fragment()
def _decision(champion: VersionInfo, candidate: VersionInfo) -> None:
    """The tests as a chart, the gate beside it, the buttons below; only this is drawn anew when a rule changes."""
    report = state.report(candidate)
    left, right = st.columns([1, 1], gap="large")
    with left:
        evidence.chart(report, candidate)
    verdict, rules = update_rules.gate(report, candidate, right.container(gap="small"))
    passes = verdict is None or verdict.promote
    if candidate.refused and rules == stored_rules(report):
        passes = (
            False  # what was measured may be other since rows were forgotten; that verdict stands until a rule changes
        )
    promote.buttons(champion, candidate, rules, passes=passes)
