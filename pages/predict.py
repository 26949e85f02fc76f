"""The predict page."""

from dashboard import layout, state
from dashboard.i18n import t

layout.heading(t("predict.title"), t("predict.caption"))
if state.chosen_classifier() is None:
    layout.needs_classifier(t("predict.empty_title"), t("predict.empty"))
