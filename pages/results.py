"""The results page."""

from dashboard import layout, state
from dashboard.i18n import t

layout.heading(t("results.title"), t("results.caption"))
if state.chosen_classifier() is None:
    layout.needs_classifier(t("results.empty_title"), t("results.empty"))
