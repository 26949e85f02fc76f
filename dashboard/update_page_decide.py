"""Step 4 of an update: what it gains and what it costs, what the gate says, and the two buttons."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from core.errors import DataError
from dashboard import layout, state, tables, update_page, update_page_evidence
from dashboard.errors import boundary, guarded_fragment
from dashboard.forms import settings_form
from dashboard.i18n import t, t_message, tn
from dashboard.layout import Card
from dashboard.tables import plain
from dashboard.update_page import Situation, test_name
from dashboard.update_page_decisions import keep_back
from dashboard.update_page_history import PROMOTED
from dashboard.update_page_verdict import judge_again

if TYPE_CHECKING:
    from core.metrics import Verdict
    from core.registry import VersionInfo

VISIBLE = 0.0005  # below it a change reads 0.0 points
REASON_CHARACTERS = 200  # as many as the registry keeps


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
    return [
        Card(
            t("update.card_new"),
            tables.score(newest["report"]["accuracy"]["value"]),
            tables.points(gain),
            against,
            t("update.card_new_help"),
            good=_news(gain),
        ),
        Card(
            t("update.card_all"),
            tables.score(report["overall"]["accuracy"]["value"]),
            tables.points(together),
            against,
            t("update.card_all_help"),
            good=_news(together),
        ),
        Card(
            t("update.card_plasticity"),
            tables.score(continual["plasticity"]),
            help=t("update.card_plasticity_help"),
        ),
        Card(
            t("update.card_forgetting"),
            tables.NOTHING if forgot is None else tables.points(forgot).lstrip("+"),
            help=t("update.card_forgetting_help"),
        ),
    ]


def _news(change: float) -> Literal["up", "neither"]:
    """No change is no good news."""
    return "up" if abs(change) >= VISIBLE else "neither"


@guarded_fragment()
def _decision(champion: VersionInfo, candidate: VersionInfo) -> None:
    """The tests as a chart, the gate beside it, the buttons below; only this is drawn anew when the slider moves."""
    report = state.report(candidate)
    left, right = st.columns([1, 1], gap="large")
    with left:
        update_page_evidence.chart(report, candidate)
    with right:
        verdict = _gate(report, candidate)
    passed = verdict is None or verdict.promote
    with st.container(horizontal=True, vertical_alignment="center", key="update-buttons"):
        if passed:
            _promote_button(champion, candidate, report)
        keep = st.button(
            t("update.keep", version=champion.number),
            key="update.keep",
            type="secondary" if passed else "primary",
            help=t("update.keep_help", version=candidate.number),
        )
        if not passed:
            _promote_anyway(champion, candidate)
    if keep:
        keep_back(candidate)
        update_page.start_over(candidate.classifier)
        st.session_state[update_page.SAID] = t("update.kept", version=champion.number, candidate=candidate.number)
        st.rerun()


def _gate(report: dict[str, Any], candidate: VersionInfo) -> Verdict | None:
    """The rules as sentences, the verdict, and the slider that moves the limit."""
    from core.config import settings_of
    from core.workflows import UpdateRequest

    place = st.container()
    tolerance = [setting for setting in settings_of(UpdateRequest) if setting.name == "tolerance"]
    key = f"update.gate.{candidate.classifier}.{candidate.number}"
    chosen = settings_form(tolerance, key=key, defaults={"tolerance": report["tolerance"]})["tolerance"]
    verdict = judge_again(report, chosen, test_name)
    if verdict is None:
        return None
    with place:
        sentence = t("update.gate_promote" if verdict.promote else "update.gate_keep", parent=candidate.parent)
        st.markdown(f"**{sentence}**", help=t("update.gate_help"))
        for rule in verdict.rules:
            if not rule.judged:
                icon = ":gray[:material/help:]"
            else:
                icon = ":primary[:material/check_circle:]" if rule.passed else ":red[:material/cancel:]"
            st.markdown(f"{icon} {plain(t_message(rule.message))}")
    return verdict


def _promote_button(champion: VersionInfo, candidate: VersionInfo, report: dict[str, Any]) -> None:
    label = t("update.promote", version=candidate.number)
    help_text = t("update.promote_help", version=candidate.number)
    if st.button(label, key="update.promote", type="primary", icon=":material/verified:", help=help_text):
        promote(champion, candidate, t("update.reason_passed"))


def _promote_anyway(champion: VersionInfo, candidate: VersionInfo) -> None:
    """Against the gate: not without a reason in writing."""
    with st.popover(t("update.promote_anyway", version=candidate.number)):
        st.markdown(t("update.anyway", version=candidate.number))
        with st.form("update.anyway_form", border=False):
            reason = st.text_area(
                t("update.reason"),
                key="update.reason",
                placeholder=t("update.reason_example"),
                max_chars=REASON_CHARACTERS,
                height=90,
            )
            pressed = st.form_submit_button(t("update.promote", version=candidate.number), key="update.promote_anyway")
        if not pressed:
            return
        if not (reason or "").strip():
            st.warning(t("update.reason_missing"), icon=":material/edit:")
            return
        promote(champion, candidate, str(reason).strip())


def promote(champion: VersionInfo, candidate: VersionInfo, reason: str) -> None:
    """Let the candidate serve, unless another version has come to serve since; then draw the page anew."""
    registry = state.workspace().registry
    serving = registry.champion(candidate.classifier)
    if serving is None or serving.number != champion.number:
        st.warning(t("update.moved_on"), icon=":material/warning:")
        return
    registry.promote(candidate.classifier, candidate.number, reason)
    learned = _clear_corrections(candidate)
    update_page.start_over(candidate.classifier)
    st.session_state[PROMOTED] = {
        "classifier": candidate.classifier,
        "version": candidate.number,
        "before": champion.number,
        "corrections": learned,
    }
    said = t("update.promoted", version=candidate.number)
    if learned:
        said = t("update.sentences", first=said, second=tn("update.corrections_done", learned))
    st.session_state[update_page.SAID] = said
    st.rerun()


def _clear_corrections(candidate: VersionInfo) -> int:
    """Take what the candidate's batch held out of the queue; a text that was corrected again since stays."""
    workspace, queue = state.workspace(), state.corrections()
    learned: set[tuple[str, str]] = set()
    with suppress(DataError):  # the dataset was deleted since: then nobody knows, and nothing is removed
        batch = workspace.datasets.load(str(candidate.summary.get("dataset")))
        learned = set(zip(batch.texts, batch.label_names(), strict=True))
    used = {one.text for one in queue.list(candidate.classifier) if (one.text, one.label) in learned}
    if used:
        queue.remove(candidate.classifier, used)
    return len(used)
