"""Results: how good a version is on texts it never saw, and where it errs."""

from dashboard.parts import report_download
from dashboard.results import confusion, page, plain, tabs
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

classifier = state.chosen_classifier()
if classifier is None:
    layout.heading(t("results.title"), t("results.caption"))
    layout.needs_classifier(t("results.empty_title"), t("results.empty"))
else:
    layout.heading(t("results.title"), layout.of_classifier(classifier))
    shown = page.choose(classifier)
    if shown.labelled:
        layout.cards(page.cards(shown))
        page.remarks(shown)
        confusion.draw(shown)
        tabs.draw(shown)
    else:
        layout.cards(plain.cards(shown))
        page.remarks(shown)
        plain.draw(shown)
    report_download.draw(shown.version, key="results")
