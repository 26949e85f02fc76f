"""Data quality: look a saved dataset over, choose what to put right, save the cleaned table as a new dataset."""

import streamlit as st

from dashboard import label_page_new, layout, quality_page, quality_page_clean, quality_page_findings, state
from dashboard.i18n import t

layout.heading(t("quality.title"), t("quality.caption"))
datasets = state.datasets()
if not datasets:
    layout.empty_state(t("quality.empty_title"), t("quality.empty"), action=t("quality.to_data"), page="data")
else:
    chosen = quality_page.choose(datasets)
    found = quality_page.inspection(chosen)
    quality_page.runs(chosen)
    if found is None:
        quality_page.form(chosen, leading=True)
        quality_page_clean.draw(chosen, [])
        quality_page_clean.saved(chosen)
    else:
        quality_page_findings.draw(chosen, found)
        label_page_new.offer(chosen.id)
        quality_page_clean.draw(chosen, quality_page_findings.chosen_fixes(chosen, found))
        quality_page_clean.saved(chosen)
        with st.expander(t("quality.again"), icon=":material/refresh:"):
            quality_page.form(chosen, leading=False)
