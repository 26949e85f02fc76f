"""The Try tab while its model is still being trained: the text box, and beside it what is tried to answer better."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.parts.first import climb, start


def draw(classifier: str, box: Callable[[], None]) -> None:
    """The text box, alone or with the ladder beside it."""
    job = start.beside(classifier)
    if job is None:
        box()
        return
    left, right = st.columns([2, 1], gap="medium")
    with left:
        box()
    with right:
        climb.ladder(job)
