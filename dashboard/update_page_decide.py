"""Step 4 of an update: what it gains and what it costs, what the gate says, and the two buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from dashboard import (
    layout,
    state,
    tables,
    update_page,
    update_page_evidence,
    update_page_promote,
    update_page_rules,
)
from dashboard.errors import boundary, guarded_fragment
from dashboard.i18n import t
from dashboard.layout import Card
from dashboard.update_page import Situation

if TYPE_CHECKING:
    from core.registry import VersionInfo

VISIBLE = 0.0005  # below it a change reads 0.0 points


def step(found: Situation) -> None:
    """Everything that the decision needs; closed until there is a candidate."""
    if found.candidate is None:
        update_page.head(4, "closed")
        return
    update_page.head(4, "open")
    report = state.report(found.candidate)
    st.markdown(_headline(report, found.candidate))
    if not report["epochs"]:
        st.warning(t("update.learned_nothing", version=found.champion.number), icon=":material/warning:")
    layout.cards(_cards(report, found.champion))
    _decision(found.champion, found.candidate)
    with boundary():  # what is wrong with the evidence must hide neither the buttons nor the way back
        update_page_evidence.tabs(found.candidate, found.champion)


def _headline(report: dict[str, Any], candidate: VersionInfo) -> str:
    """What happened, in a sentence: the newest test, and the older one that changed for the worst."""
    changed = [test for test in report["tests"] if test.get("difference")]
    *older, newest = changed
    gain = newest["difference"]["accuracy"]["value"]
    facts = {"version": candidate.number, "points": tables.points(gain).lstrip("+")}
    sentence = t("update.headline_gain" if gain > 0 else "update.headline_no_gain", **facts)
    if not older:
        return sentence
    worst = min(older, key=lambda test: test["difference"]["accuracy"]["value"])
    loss = worst["difference"]["accuracy"]["value"]
    if loss >= 0:
        return t("update.sentences", first=sentence, second=t("update.headline_kept"))
    facts = {"test": t("update.test_number", number=worst["experience"]), "points": tables.points(-loss).lstrip("+")}
    lost = t("update.headline_lost" if len(older) == 1 else "update.headline_lost_most", **facts)
    return t("update.sentences", first=sentence, second=lost)


def _cards(report: dict[str, Any], parent: VersionInfo) -> list[Card]:
    """Forgetting beside plasticity, and what they come to on the new and on all tests."""
    newest, against = report["tests"][-1], t("update.against", version=parent.number)
    gain = newest["difference"]["accuracy"]["value"]
    rows = sum(test["rows"] for test in report["tests"])
    together = sum(test["rows"] * test["difference"]["accuracy"]["value"] for test in report["tests"]) / rows
    continual = report["continual"]
    forgot = continual["forgetting"]
    ends = {name: found for name, found in report.get("continual_intervals", {}).items() if found}  # None: not known
    return [
        Card(
            t("update.card_new"),
            tables.score(newest["report"]["accuracy"]["value"]),
            tables.points(gain),
            against,
            t("update.card_new_help"),
            good=_news(gain),
            interval=_ends(newest["report"]["accuracy"]),
        ),
        Card(
            t("update.card_all"),
            tables.score(report["overall"]["accuracy"]["value"]),
            tables.points(together),
            against,
            t("update.card_all_help"),
            good=_news(together),
            interval=_ends(report["overall"]["accuracy"]),
        ),
        Card(
            t("update.card_plasticity"),
            tables.score(continual["plasticity"]),
            help=t("update.card_plasticity_help"),
            interval=tables.interval(*ends["plasticity"]) if "plasticity" in ends else None,
        ),
        Card(
            t("update.card_forgetting"),
            tables.NOTHING if forgot is None else tables.points(forgot).lstrip("+"),
            help=t("update.card_forgetting_help"),
            interval=tables.interval(*ends["forgetting"], percentage=True) if "forgetting" in ends else None,
        ),
    ]


def _ends(score: dict[str, float]) -> str:
    return tables.interval(score["low"], score["high"])


def _news(change: float) -> Literal["up", "neither"]:
    """No change is no good news."""
    return "up" if abs(change) >= VISIBLE else "neither"


@guarded_fragment()
def _decision(champion: VersionInfo, candidate: VersionInfo) -> None:
    """The tests as a chart, the gate beside it, the buttons below; only this is drawn anew when a rule changes."""
    report = state.report(candidate)
    left, right = st.columns([1, 1], gap="large")
    with left:
        update_page_evidence.chart(report, candidate)
    verdict, rules = update_page_rules.gate(report, candidate, right.container(gap="small"))
    update_page_promote.buttons(champion, candidate, verdict, rules)
