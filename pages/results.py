"""Results: how good a version is on texts it never saw, and where it errs."""

from dashboard import layout, report_download, results_page, results_page_confusion, results_page_tabs, state
from dashboard.i18n import t

classifier = state.chosen_classifier()
if classifier is None:
    layout.heading(t("results.title"), t("results.caption"))
    layout.needs_classifier(t("results.empty_title"), t("results.empty"))
else:
    layout.heading(t("results.title"), layout.of_classifier(classifier))
    shown = results_page.choose(classifier)
    layout.cards(results_page.cards(shown))
    results_page.remarks(shown)
    results_page_confusion.draw(shown)
    results_page_tabs.draw(shown)
    report_download.draw(shown.version, key="results")
