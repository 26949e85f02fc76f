"""Evaluate: how good a version is on texts it never saw, and where it errs."""

from dashboard.evaluate import page, plain, tabs
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

classifier = state.chosen_classifier()
if classifier is None:
    layout.heading(t("evaluate.title"), t("evaluate.caption"))
    layout.needs_classifier(t("evaluate.empty_title"), t("evaluate.empty"))
else:
    layout.heading(t("evaluate.title"), layout.of_classifier(classifier))
    shown = page.choose(classifier)
    layout.cards(page.cards(shown) if shown.labelled else plain.cards(shown))
    tabs.draw(shown)
