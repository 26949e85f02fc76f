"""The data page."""

import streamlit as st

from dashboard import layout, state
from dashboard.i18n import t

layout.heading(t("data.title"), t("data.caption"))
found = state.datasets()
if found:
    st.markdown(t("data.saved", names=[stored.name for stored in found]))
else:
    layout.needs_classifier(t("data.empty_title"), t("data.empty"))
