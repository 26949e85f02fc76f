"""Use: try the serving version while typing, label a whole table, let programs ask it, take it home."""

from dashboard.parts.first import climb, start
from dashboard.shell import layout, state, tabs
from dashboard.shell.i18n import t
from dashboard.use.tabs import parts

awaited = start.awaited()
classifier = state.chosen_classifier()
champion = state.champion(classifier) if classifier else None
if awaited is not None:
    layout.heading(t("use.title"), climb.caption(awaited))
    climb.wait(awaited)
elif classifier is None:
    layout.heading(t("use.title"), t("use.caption"))
    layout.needs_classifier(t("use.empty_title"), t("use.empty"))
elif champion is None:
    layout.heading(t("use.title"), layout.of_classifier(classifier))
    layout.empty_state(t("use.nobody_title"), t("use.nobody"), action=t("use.nobody_action"), to=("overview",))
else:
    layout.heading(t("use.title"), layout.of_classifier(classifier))
    layout.warn_of_idle_card()
    tabs.row("use", parts(classifier, champion))
