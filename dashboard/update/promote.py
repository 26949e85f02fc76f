"""The buttons of a decision, and what they do: promote, with a reason and perhaps a second person, or keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.errors import RegistryError
from core.registry import OverrideRequest, confirm, keep_back
from core.registry import promote as decide
from dashboard.parts.versions import decisions, second_person
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn
from dashboard.update import page as update_page
from dashboard.update.history import PROMOTED

if TYPE_CHECKING:
    from core.continual.gate.rules import GateConfig
    from core.registry import PromotionDecision, VersionInfo

REASON_CHARACTERS = 500


def buttons(champion: VersionInfo, candidate: VersionInfo, rules: GateConfig, *, passes: bool, judged: bool) -> None:
    """Promote and keep; against the gate, the way to promotion leads over a reason."""
    against = candidate.refused or not passes
    _decided_before(candidate)
    with st.container(horizontal=True, vertical_alignment="center", key="update-buttons"):
        if not against and _promote_button(candidate):
            how = t("update.reason_passed" if judged else "update.reason_unjudged")
            promote(champion, candidate, how=how, rules=rules, passes=passes)
        keep = st.button(
            t("update.keep", version=champion.number),
            key="update.keep",
            type="primary" if against else "secondary",
            help=t("update.keep_help", version=candidate.number),
        )
        if against:
            _promote_anyway(champion, candidate, rules, passes=passes)
    confirmed_by = second_person.confirms(candidate, key="update")
    if confirmed_by is not None:
        carry_out(champion, candidate, partial(confirm, by=confirmed_by))
    if keep:
        _keep_back(champion, candidate, rules)


def _decided_before(candidate: VersionInfo) -> None:
    """Somebody looks at a candidate again: what was said the first time."""
    sentence = decisions.against_the_gate(candidate)
    if sentence:
        st.caption(sentence)


def _promote_button(candidate: VersionInfo) -> bool:
    label = t("update.promote", version=candidate.number)
    help_text = t("update.promote_help", version=candidate.number)
    return st.button(label, key="update.promote", type="primary", icon=":material/verified:", help=help_text)


def _promote_anyway(champion: VersionInfo, candidate: VersionInfo, rules: GateConfig, *, passes: bool) -> None:
    """Against the gate, or by rules eased after the result: not without a reason in writing."""
    with st.popover(t("update.promote_anyway", version=candidate.number)):
        st.markdown(t("update.anyway_eased" if passes else "update.anyway", version=candidate.number))
        with st.form("update.anyway_form", border=False):
            reason = st.text_area(
                t("update.reason"),
                key="update.reason",
                placeholder=t("update.reason_example"),
                max_chars=REASON_CHARACTERS,
                height=110,
            )
            name = second_person.asks(candidate, key="update")
            pressed = st.form_submit_button(t("update.promote", version=candidate.number), key="update.promote_anyway")
        if not pressed:
            return
        if not (reason or "").strip():
            st.warning(t("models.why_missing"), icon=":material/edit:")
            return
        if name == "":
            st.warning(t("people.who_missing"), icon=":material/edit:")
            return
        how = t("update.reason_eased" if passes else "update.reason_against")
        promote(champion, candidate, how=how, reason=str(reason), rules=rules, passes=passes, by=name or "")


def promote(champion: VersionInfo, candidate: VersionInfo, *, rules: GateConfig, **decision: Any) -> None:
    """Let the candidate serve, or ask for it where that takes two people."""
    carry_out(champion, candidate, partial(decide, rules=rules.model_dump(), **decision))


def carry_out(
    champion: VersionInfo, candidate: VersionInfo, act: Callable[..., PromotionDecision | OverrideRequest]
) -> None:
    """Do what was decided, unless another version has come to serve since; then draw the page anew."""
    registry = state.workspace().registry
    serving = registry.champion(candidate.classifier)
    if serving is None or serving.number != champion.number:
        st.warning(t("update.moved_on"), icon=":material/warning:")
        return
    waiting = state.corrections().count(candidate.classifier)
    try:
        done = act(registry, candidate.classifier, candidate.number)
    except RegistryError as error:
        show_error(error)
        return
    if isinstance(done, OverrideRequest):
        st.session_state[update_page.JUST_DONE] = t("people.asked", version=candidate.number)
        st.rerun()
    learned = max(0, waiting - state.corrections().count(candidate.classifier))
    update_page.start_over(candidate.classifier)
    st.session_state[PROMOTED] = {
        "classifier": candidate.classifier,
        "version": candidate.number,
        "before": champion.number,
        "corrections": learned,
    }
    sentence = t("models.promoted", version=candidate.number)
    if learned:
        sentence = t("update.sentences", first=sentence, second=tn("update.corrections_done", learned))
    st.session_state[update_page.JUST_DONE] = sentence
    update_page.open_tab("history")


def _keep_back(champion: VersionInfo, candidate: VersionInfo, rules: GateConfig) -> None:
    keep_back(state.workspace().registry, candidate.classifier, candidate.number, rules=rules.model_dump())
    update_page.start_over(candidate.classifier)
    st.session_state[update_page.JUST_DONE] = t("update.kept", version=champion.number, candidate=candidate.number)
    update_page.open_tab("history")
