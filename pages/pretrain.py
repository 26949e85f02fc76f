"""Pretrain: an encoder learns from unlabelled texts, and shows in numbers whether that helped."""

import streamlit as st

from dashboard import layout, pretrain_page, pretrain_page_result, state
from dashboard.i18n import t

layout.heading(t("pretrain.title"), t("pretrain.caption"))
known = pretrain_page_result.own_encoders()
datasets = state.datasets()
if not known and not datasets:
    layout.empty_state(t("pretrain.empty_title"), t("pretrain.empty"), action=t("pretrain.to_data"), page="data")
else:
    st.markdown(t("pretrain.what"))
    left, right = st.columns(2, gap="large")
    with left:
        pretrain_page.form(datasets, leading=not known)
    with right:
        pretrain_page.runs()
    if known:
        pretrain_page_result.draw(known)
