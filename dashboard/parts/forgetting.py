"""Forgetting that goes on or was cut short: nothing can be learned until it is done, and here is how it goes on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.base.config import home
from core.registry.records import plans
from dashboard.parts import tables
from dashboard.shell import state
from dashboard.shell.i18n import t

KIND = "forget"
ASKED = "forget.asked"
STARTED = "forget.started"  # by this session: the section stays open, to show the receipt


def in_the_way() -> bool:
    """Whether rows are being forgotten or are only partly forgotten, so that nothing can be learned; says so, with the cure."""
    if any(job.kind == KIND for job in state.active_jobs()):
        st.info(t("forget.going_on"), icon=":material/hourglass_top:")
        return True
    return offer_to_finish()


def offer_to_finish() -> bool:
    """Whether something was begun by a run that is not there any more; if so, the button that goes on with it."""
    begun = plans(home())
    if not begun:
        return False
    request = begun[0]["request"]
    name = str(request["classifier"])
    st.warning(t("forget.half_done", classifier=tables.plain(name)), icon=":material/warning:")
    if st.button(t("forget.finish"), key="forget.finish", type="primary"):
        submit(name, request)
    return True


def submit(classifier: str, request: dict[str, Any]) -> None:
    """Start the job, and draw the page anew without what was asked."""
    title = t("forget.job", classifier=classifier)
    state.jobs().submit(KIND, title=title, classifier=classifier, config=request)
    st.session_state[STARTED] = classifier
    for key in [ASKED, *(key for key in st.session_state if str(key).startswith(("forget.texts.", "forget.groups.")))]:
        st.session_state.pop(key, None)
    st.rerun()
