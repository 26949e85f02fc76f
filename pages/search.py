"""Search settings: many short trainings look for settings that suit a dataset; the test rows stay out of it."""

import streamlit as st

from dashboard.search import page, result
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

layout.heading(t("search.title"), t("search.caption"))
datasets = [dataset for dataset in state.datasets() if not dataset.roles.several]
if not datasets:
    layout.empty_state(t("search.empty_title"), t("search.empty"), action=t("search.to_data"), page="data")
else:
    page.runs()
    shown = result.choose()
    if shown is not None:
        result.draw(shown)
        with st.expander(t("search.again"), icon=":material/tune:"):
            page.form(datasets, leading=False)
    else:
        page.form(datasets, leading=True)
