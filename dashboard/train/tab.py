"""The New tab: choose what to learn from and how, see what that means, and watch it learn."""

from __future__ import annotations

import streamlit as st

from dashboard.parts.forms import training_form
from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.train import meaning, page


def draw() -> None:
    """The form beside what it means, or beside the run that it started."""
    datasets = state.datasets()
    if not datasets:
        layout.empty_state(t("train.empty_title"), t("train.empty"), action=t("train.to_data"), to=("data", "tables"))
        return
    left, right = st.columns(2, gap="large")
    with left:
        request = training_form.draw(datasets)
        page.start_button(request)
    with right:
        job = page.shown_job()
        if job is not None and page.side(job) == "run":
            page.watch(job)
        else:
            meaning.draw(request)
