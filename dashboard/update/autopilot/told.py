"""Reasons in full, below a table: they are sentences, and a cell on a phone shows three words of one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.parts.tables import plain
from dashboard.shell.i18n import t

MOST_OPEN = 5  # reasons that are shown without a click


def reasons(told: Sequence[tuple[str, str]], *, key: str) -> None:
    """What each row of the table is called, and why it is as it is; rows without a reason are left out."""
    lines = [f"- **{plain(name)}** · {plain(why)}" for name, why in told if why]
    if lines:
        with st.expander(t("autopilot.reasons"), expanded=len(lines) <= MOST_OPEN, key=key):
            st.markdown("\n".join(lines))
