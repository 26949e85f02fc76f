"""Data quality: look a saved dataset over, choose what to put right, save the cleaned table as a new dataset."""

import streamlit as st

from dashboard.labelling import new
from dashboard.quality import clean, findings, page
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

layout.heading(t("quality.title"), t("quality.caption"))
datasets = state.datasets()
if not datasets:
    layout.empty_state(t("quality.empty_title"), t("quality.empty"), action=t("quality.to_data"), page="data")
else:
    chosen = page.choose(datasets)
    found = page.inspection(chosen)
    page.runs(chosen)
    if found is None:
        page.form(chosen, leading=True)
        clean.draw(chosen, [])
        clean.saved(chosen)
    else:
        findings.draw(chosen, found)
        new.offer(chosen.id)
        clean.draw(chosen, findings.chosen_fixes(chosen, found))
        clean.saved(chosen)
        with st.expander(t("quality.again"), icon=":material/refresh:"):
            page.form(chosen, leading=False)
