"""Models: every version with its origin, what it is and how good; choose which one serves, take one home."""

from dashboard import (
    layout,
    models_page,
    models_page_details,
    models_page_forget,
    models_page_keys,
    models_page_serving,
    report_download,
    state,
)
from dashboard.errors import boundary
from dashboard.i18n import t

classifier = state.chosen_classifier()
versions = state.versions(classifier) if classifier else []
if classifier is None or not versions:
    layout.heading(t("models.title"), t("models.caption"))
    layout.needs_classifier(t("models.empty_title"), t("models.empty"))
else:
    champion = state.champion(classifier)
    layout.heading(t("models.title"), layout.of_classifier(classifier))
    version = models_page.choose(versions, champion)
    models_page.lineage(version)
    with boundary():  # a version with a damaged file can still be deleted, and another one serve
        layout.cards(models_page.cards(version))
    models_page_serving.actions(version, champion)
    models_page_details.tabs(version)
    report_download.draw(version, key="models")
    models_page_serving.delete_version(version, champion)
    models_page_keys.section(classifier)
    models_page_forget.forget(classifier)
    models_page_serving.danger(classifier)
