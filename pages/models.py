"""The models page."""

from dashboard import layout, state
from dashboard.i18n import t

layout.heading(t("models.title"), t("models.caption"))
if state.chosen_classifier() is None:
    layout.needs_classifier(t("models.empty_title"), t("models.empty"))
