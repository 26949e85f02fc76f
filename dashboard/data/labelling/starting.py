"""What both ways to begin a labelling session share: who is asked, in which order the texts come, and the button."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.errors import CoreError
from dashboard.data.labelling.page import ASKED, open_session, store
from dashboard.parts import choices
from dashboard.parts.scores import task_of_version
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.data.labelling.sessions import SessionInfo
    from core.registry import VersionInfo

TARGETS = ("label", "labels", "spans")  # what a text may get


def champion_of_choice() -> VersionInfo | None:
    """The version that labels or entities are doubted and suggested by; None where the chosen model has none of them."""
    classifier = state.chosen_classifier()
    champion = state.champion(classifier) if classifier else None
    if champion is None:
        return None
    task = task_of_version(champion)
    return champion if task.activation or task.reads == "spans" else None


def known_by(champion: VersionInfo) -> list[str]:
    """The labels that a version gives, or the types that it marks."""
    return list(task_of_version(champion).named(state.report(champion)["classes"]))


def choose_order(orders: tuple[str, ...], part: str) -> Any:
    """Which texts come first; ``part`` names the choice, which is remembered for itself."""
    if len(orders) == 1:  # nothing to choose
        st.caption(t("label.order_about_random"))
        return orders[0]
    key = f"label.order.{part}"
    names = {order: t(f"label.order_{order}") for order in orders}
    picked = choices.segmented(t("label.order"), names, key=key, help=t("label.order_help"), wrap=True)
    st.caption(t(f"label.order_about_{picked}"))
    return picked


def start(begin: Callable[[Callable[[float], None]], SessionInfo]) -> None:
    """The button that begins a session and opens it; ``begin`` is told whom to report its progress to."""
    if not st.button(t("label.start"), key="label.start", icon=":material/play_arrow:", type=_kind()):
        return
    bar = st.progress(0.0, text=t("label.ordering"))
    try:
        session = begin(lambda share: _advance(bar, share))
    except CoreError as error:
        bar.empty()
        show_error(error)
        return
    open_session(session.id)
    st.rerun()


def _advance(bar: Any, share: float) -> None:
    bar.progress(min(1.0, share), text=t("label.ordering"))


def _kind() -> Any:
    return "primary" if st.session_state.get(ASKED) or not store().list() else "secondary"
