"""The Speed tab: how fast a version answers on this machine, in every way it can be run."""

from __future__ import annotations

import streamlit as st

from dashboard.shell.i18n import t
from dashboard.use.speed import page, result


def draw(classifier: str) -> None:
    """The measurement that is shown, those before it, and the form of another."""
    st.caption(t("benchmark.caption"))
    version, shown = page.choose(classifier)
    page.run(version)
    if shown is not None:
        result.draw(shown)
        result.earlier(page.measurements(version))
    page.form(version, leading=shown is None)
