"""Pretrain: an encoder learns from unlabelled texts, and shows in numbers whether that helped."""

import streamlit as st

from dashboard.pretrain import page, result
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

layout.heading(t("pretrain.title"), t("pretrain.caption"))
known = result.own_encoders()
datasets = state.datasets()
if not known and not datasets:
    layout.empty_state(t("pretrain.empty_title"), t("pretrain.empty"), action=t("pretrain.to_data"), page="data")
else:
    st.markdown(t("pretrain.what"))
    left, right = st.columns(2, gap="large")
    with left:
        page.form(datasets, leading=not known)
    with right:
        page.runs()
    if known:
        result.draw(known)
