"""Models: every version with its origin, what it is and how good; choose which one serves, take one home."""

from dashboard.models import details, forget, keys, page
from dashboard.parts import report_download, serving
from dashboard.parts.verdict import tell_since
from dashboard.shell import layout, state
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t

classifier = state.chosen_classifier()
versions = state.versions(classifier) if classifier else []
if classifier is None or not versions:
    layout.heading(t("models.title"), t("models.caption"))
    layout.needs_classifier(t("models.empty_title"), t("models.empty"))
else:
    champion = state.champion(classifier)
    layout.heading(t("models.title"), layout.of_classifier(classifier))
    version = page.choose(versions, champion)
    page.lineage(version)
    with boundary():  # a version with a damaged file can still be deleted, and another one serve
        layout.cards(page.cards(version))
        tell_since(state.report(version))
    serving.actions(version, champion)
    details.tabs(version)
    report_download.draw(version, key="models")
    serving.delete_version(version, champion)
    keys.section(classifier)
    forget.forget(classifier)
    serving.danger(classifier)
