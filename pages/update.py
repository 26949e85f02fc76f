"""The update page."""

from dashboard import layout, state
from dashboard.i18n import t

layout.heading(t("update.title"), t("update.caption"))
if state.chosen_classifier() is None:
    layout.needs_classifier(t("update.empty_title"), t("update.empty"))
