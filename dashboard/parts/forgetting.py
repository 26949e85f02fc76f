"""Forgetting that goes on or was cut short: nothing can be learned until it is done, and every page says how it goes on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.base.at_work import who
from core.base.config import home
from core.registry.records import plans
from dashboard.parts import tables
from dashboard.parts.names import titles
from dashboard.shell import state
from dashboard.shell.i18n import t
from dashboard.shell.navigation import go

KIND = "forget"
ASKED = "forget.asked"
STARTED = "forget.started"  # by this session: the section stays open, to show the receipt


def goes_on() -> bool:
    """Whether rows are being forgotten right now, by a job or from the command line."""
    return any(job.kind == KIND for job in state.active_jobs()) or bool(plans(home()) and who(home()))


def is_half_done() -> bool:
    """Whether something was begun by a run that is not there any more."""
    return bool(plans(home())) and not goes_on()


def tell(page: str) -> None:
    """On top of every page: that rows are only partly forgotten, the button that goes on with it, and the way to Settings."""
    if not is_half_done():
        return
    request = plans(home())[0]["request"]
    name = str(request["classifier"])
    st.warning(t("forget.half_done", classifier=tables.plain(name)), icon=":material/warning:")
    with st.container(horizontal=True):
        if st.button(t("forget.finish"), key="forget.finish", type="primary"):
            submit(name, request)
        if page != "settings" and st.button(t("forget.to_models"), key="forget.to_models"):
            st.session_state[STARTED] = name
            state.choose_classifier(name)
            go("settings")


def submit(classifier: str, request: dict[str, Any]) -> None:
    """Start the job, and draw the page anew without what was asked."""
    state.jobs().submit(KIND, classifier=classifier, config=request, **titles("forget.job", classifier=classifier))
    st.session_state[STARTED] = classifier
    for key in [ASKED, *(key for key in st.session_state if str(key).startswith(("forget.texts.", "forget.groups.")))]:
        st.session_state.pop(key, None)
    st.rerun()
