"""History: the version that serves now, the way back, and the story of all versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.errors import RegistryError
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.parts.tables import plain
from dashboard.parts.versions import same_tests, timeline
from dashboard.parts.versions.decisions import candidates, decided, reason_of
from dashboard.parts.versions.serving import previous_champion
from dashboard.shell import layout, state
from dashboard.shell.errors import boundary, show_error
from dashboard.shell.i18n import t
from dashboard.update import page as update_page
from dashboard.update.page import Situation

if TYPE_CHECKING:
    from core.registry import VersionInfo

PROMOTED = "models.promoted"  # in the session: what was promoted a moment ago


def draw(situation: Situation) -> None:
    """What serves now with the way back, all versions over time, every move of the champion, candidates put aside."""
    moves = state.champion_history(situation.classifier)
    _serving(situation, previous_champion(moves))
    with boundary():
        timeline.draw(situation.classifier, same_tests.of_today(situation.classifier))
    _moves(moves)
    _put_aside(situation)


def _serving(situation: Situation, earlier: int | None) -> None:
    """Which version serves, and the way back; right after a promotion in a box, so that it cannot be missed."""
    if situation.step != "batch":
        st.session_state.pop(PROMOTED, None)  # the next update is on its way
    done = _just_promoted(situation)
    if done:
        with st.container(border=True, key="next-step", gap="small"):
            st.markdown(f":primary[:material/check_circle:] **{t('models.promoted', version=done['version'])}**")
            st.markdown(t("update.promoted_more", version=done["before"]))
            _roll_back(situation, int(done["before"]), key="update.roll_back_now")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="update-serving"):
        serves = t("models.promoted", version=situation.champion.number)
        st.markdown(f":primary[:material/check_circle:] {serves}", width="content")
        if earlier is not None:
            _roll_back(situation, earlier, key="update.roll_back_to")


def _just_promoted(situation: Situation) -> dict[str, Any] | None:
    done: dict[str, Any] = st.session_state.get(PROMOTED) or {}
    matches = (done.get("classifier"), done.get("version")) == (situation.classifier, situation.champion.number)
    return done if matches else None


def _roll_back(situation: Situation, target: int, *, key: str) -> None:
    with st.popover(t("models.roll_back", version=target), icon=":material/undo:"):
        st.markdown(t("models.roll_back_sure", version=target, champion=situation.champion.number))
        if st.button(t("models.roll_back_yes"), key=key, icon=":material/undo:"):
            try:
                state.workspace().registry.rollback(situation.classifier, target, t("update.reason_rollback"))
            except RegistryError as error:
                show_error(error)
                return
            update_page.start_over(situation.classifier)
            st.session_state.pop(PROMOTED, None)
            st.session_state[update_page.JUST_DONE] = t("update.rolled_back", version=target)
            update_page.open_tab("history")


def _moves(moves: Sequence[Mapping[str, Any]]) -> None:
    layout.section(t("update.moves"))
    table = pd.DataFrame(
        {
            t("update.column_when"): [tables.moment(str(move["at"])) for move in moves[::-1]],
            t("update.column_version"): [t("update.version_name", number=move["version"]) for move in moves[::-1]],
            t("update.column_reason"): [reason_of(move) for move in moves[::-1]],
        }
    )
    st.dataframe(table, hide_index=True, height="content", alt=t("update.moves_alt", count=len(moves)))


def _put_aside(situation: Situation) -> None:
    """Candidates that were decided on and do not serve, the newest first; each can be looked at again."""
    put_aside = [candidate for candidate in candidates(situation.classifier) if decided(candidate)]
    if not put_aside:
        return
    layout.section(t("update.put_aside"), help=t("update.put_aside_help"))
    for candidate in put_aside[::-1]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"update-aside-{candidate.number}"):
            facts = [
                t("update.made", version=candidate.number),
                name_of("strategy", str(candidate.summary.get("strategy"))),
                tables.moment(candidate.created),
            ]
            st.markdown(plain(" · ".join(facts)), width="content")
            if situation.job is None and candidate != situation.candidate:
                _look_again(candidate)


def _look_again(candidate: VersionInfo) -> None:
    label = t("update.look_again", version=candidate.number)
    key = f"update.look_again.{candidate.number}"
    if st.button(label, key=key, type="tertiary", icon=":material/visibility:"):
        update_page.review(candidate)
        update_page.open_tab("decide")
