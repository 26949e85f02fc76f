"""The Base models tab: an encoder learns from unlabelled texts, and shows in numbers whether that helped."""

from __future__ import annotations

import streamlit as st

from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.train.base import page, result


def draw() -> None:
    """The form beside what runs, and the encoders of one's own below."""
    st.caption(t("pretrain.caption"))
    known = result.own_encoders()
    datasets = state.datasets()
    if not known and not datasets:
        layout.empty_state(
            t("pretrain.empty_title"), t("pretrain.empty"), action=t("pretrain.to_data"), to=("data", "tables")
        )
        return
    st.markdown(t("pretrain.what"))
    left, right = st.columns(2, gap="large")
    with left:
        page.form(datasets, leading=not known)
    with right:
        page.runs()
    if known:
        result.draw(known)
