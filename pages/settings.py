"""Settings: this installation, and what removes something for good."""

from dashboard.parts.versions import serving
from dashboard.settings import audit, card, forget, page
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

layout.heading(t("setup.title"), t("setup.caption"))
serving.tell_done()
page.installation()
page.storage()
audit.log()
classifier = state.chosen_classifier()
if classifier is not None:
    page.of_model(classifier)
    card.form(classifier)
    forget.forget(classifier)
    page.danger(classifier)
