"""What follows a decision: the version that serves now, the way back, and the story of all versions."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.base.errors import RegistryError
from dashboard.parts import tables
from dashboard.parts.versions import same_tests, timeline
from dashboard.parts.versions.decisions import candidates, decided, reason_of
from dashboard.parts.versions.serving import previous_champion
from dashboard.shell import state
from dashboard.shell.errors import boundary, show_error
from dashboard.shell.i18n import t
from dashboard.update import page as update_page
from dashboard.update.page import Situation

PROMOTED = "update.promoted"  # in the session: what was promoted a moment ago


def promoted(situation: Situation) -> None:
    """Right after a promotion: that it is done, the way back, and the next batch."""
    if situation.step > 1:
        st.session_state.pop(PROMOTED, None)  # the next update is on its way
    done = _just_promoted(situation)
    if not done:
        return
    with st.container(border=True, key="next-step", gap="small"):
        st.markdown(f":primary[:material/check_circle:] **{t('update.promoted', version=done['version'])}**")
        st.markdown(t("update.promoted_more", version=done["before"]))
        _roll_back(situation, int(done["before"]), key="update.roll_back_now")


def _just_promoted(situation: Situation) -> dict[str, Any] | None:
    done: dict[str, Any] = st.session_state.get(PROMOTED) or {}
    matches = (done.get("classifier"), done.get("version")) == (situation.classifier, situation.champion.number)
    return done if matches else None


def _roll_back(situation: Situation, target: int, *, key: str) -> None:
    with st.popover(t("update.roll_back", version=target), icon=":material/undo:"):
        st.markdown(t("update.roll_back_sure", version=target, champion=situation.champion.number))
        if st.button(t("update.roll_back_yes"), key=key, icon=":material/undo:"):
            try:
                state.workspace().registry.rollback(situation.classifier, target, t("update.reason_rollback"))
            except RegistryError as error:
                show_error(error)
                return
            update_page.start_over(situation.classifier)
            st.session_state.pop(PROMOTED, None)
            st.session_state[update_page.JUST_DONE] = t("update.rolled_back", version=target)
            st.rerun()


def draw(situation: Situation) -> None:
    """The timeline, every move of the champion, the way back, and candidates that were put aside."""
    st.divider()
    with boundary():
        timeline.draw(situation.classifier, same_tests.of_today(situation.classifier))
    moves = state.workspace().registry.champion_history(situation.classifier)
    earlier = previous_champion(moves)
    put_aside = [
        candidate
        for candidate in candidates(situation.classifier)
        if decided(candidate) and candidate.number != _shown(situation)
    ]
    with st.container(horizontal=True, vertical_alignment="center", key="update-history"):
        if earlier is not None and not _just_promoted(situation):
            _roll_back(situation, earlier, key="update.roll_back_to")
        if put_aside and situation.job is None:
            _look_again(situation, put_aside[-1].number)
    with st.expander(t("update.moves"), icon=":material/history:"):
        table = pd.DataFrame(
            {
                t("update.column_when"): [tables.moment(str(move["at"])) for move in moves[::-1]],
                t("update.column_version"): [t("update.version_name", number=move["version"]) for move in moves[::-1]],
                t("update.column_reason"): [reason_of(move) for move in moves[::-1]],
            }
        )
        st.dataframe(table, hide_index=True, alt=t("update.moves_alt", count=len(moves)))


def _shown(situation: Situation) -> int | None:
    return situation.candidate.number if situation.candidate is not None else None


def _look_again(situation: Situation, number: int) -> None:
    label = t("update.look_again", version=number)
    if st.button(label, key="update.look_again", type="tertiary", icon=":material/visibility:"):
        update_page.review(next(version for version in situation.versions if version.number == number))
        st.rerun()
