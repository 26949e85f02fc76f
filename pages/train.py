"""Train: choose what to learn from and how, see what that means, and watch it learn."""

import streamlit as st

from dashboard import layout, state, train_page, train_page_form, train_page_meaning
from dashboard.i18n import t

layout.heading(t("train.title"), t("train.caption"))
datasets = state.datasets()
if not datasets:
    layout.empty_state(t("train.empty_title"), t("train.empty"), action=t("train.to_data"), page="data")
else:
    left, right = st.columns(2, gap="large")
    with left:
        request = train_page_form.draw(datasets)
        train_page.start_button(request)
    with right:
        job = train_page.shown_job()
        if job is not None and train_page.side(job) == "run":
            train_page.watch(job)
        else:
            train_page_meaning.draw(request)
