"""Search settings: many short trainings look for settings that suit a dataset; the test rows stay out of it."""

import streamlit as st

from dashboard import layout, search_page, search_page_result, state
from dashboard.i18n import t

layout.heading(t("search.title"), t("search.caption"))
datasets = state.datasets()
if not datasets:
    layout.empty_state(t("search.empty_title"), t("search.empty"), action=t("search.to_data"), page="data")
else:
    search_page.runs()
    shown = search_page_result.choose()
    if shown is not None:
        search_page_result.draw(shown)
        with st.expander(t("search.again"), icon=":material/tune:"):
            search_page.form(datasets, leading=False)
    else:
        search_page.form(datasets, leading=True)
