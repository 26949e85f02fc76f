"""The Labelling tab: look at doubtful labels again, or give labels to new texts, by keys and one after the other."""

from __future__ import annotations

import streamlit as st

from dashboard.data.labelling import new, page, session
from dashboard.shell.i18n import t


def draw() -> None:
    """The list of labellings and the form of a new one, or the one that is open."""
    opened = page.opened()
    if opened is None:
        st.caption(t("label.caption"))
        page.sessions()
        new.draw()
    else:
        session.draw(opened)
