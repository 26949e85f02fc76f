"""The train page."""

from dashboard import layout, state
from dashboard.i18n import t

layout.heading(t("train.title"), t("train.caption"))
found = state.datasets()
if found:
    layout.empty_state(
        t("train.ready_title"),
        t("train.ready", names=[stored.name for stored in found]),
        action=t("train.to_data"),
        page="data",
    )
else:
    layout.needs_classifier(t("train.empty_title"), t("train.empty"))
