"""The Search tab: many short trainings look for settings that suit a dataset; the test rows stay out of it."""

from __future__ import annotations

import streamlit as st

from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.train.search import page, result


def draw() -> None:
    """The search that is shown and the form of another, or the form alone."""
    st.caption(t("search.caption"))
    datasets = [dataset for dataset in state.datasets() if dataset.kind in ("nothing", "label")]
    if not datasets:
        layout.empty_state(
            t("search.empty_title"), t("search.empty"), action=t("search.to_data"), to=("data", "tables")
        )
        return
    page.runs()
    shown = result.choose()
    if shown is None:
        page.form(datasets, leading=True)
        return
    result.draw(shown)
    with st.expander(t("search.again"), icon=":material/tune:"):
        page.form(datasets, leading=False)
