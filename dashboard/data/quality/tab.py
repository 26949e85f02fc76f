"""The Quality tab: look a saved dataset over, choose what to put right, save the cleaned table as a new dataset."""

from __future__ import annotations

import streamlit as st

from dashboard.data.labelling import new
from dashboard.data.quality import clean, findings, page
from dashboard.shell import layout, state
from dashboard.shell.i18n import t


def draw() -> None:
    """The whole tab."""
    datasets = state.datasets()
    if not datasets:
        layout.empty_state(
            t("quality.empty_title"), t("quality.empty"), action=t("quality.to_data"), to=("data", "tables")
        )
        return
    dataset = page.choose(datasets)
    inspection = page.inspection(dataset)
    page.runs(dataset)
    if inspection is None:
        page.form(dataset, leading=True)
        clean.draw(dataset, [])
        clean.saved(dataset)
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="content"):
            findings.verdict(inspection)
        if dataset.kind in ("label", "labels"):
            new.offer(dataset.id)
        elif not dataset.labelled and st.button(t("data.label"), key="quality.label", icon=":material/new_label:"):
            new.label(dataset.id)
    findings.draw(dataset, inspection)
    if dataset.roles.spans:
        page.types(dataset)
    clean.draw(dataset, findings.chosen_fixes(dataset, inspection))
    clean.saved(dataset)
    with st.expander(t("quality.again"), icon=":material/refresh:"):
        page.form(dataset, leading=False)
