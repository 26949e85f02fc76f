"""Update: a batch, what is new in it, learning from it, the decision, and the story of all versions."""

from functools import partial

from dashboard.parts.tables import plain
from dashboard.shell import layout, state, tabs
from dashboard.shell.i18n import t
from dashboard.update import batch, changes, decide, history, learn, page
from dashboard.update.autopilot import tab as autopilot

classifier = state.chosen_classifier()
situation = page.read(classifier) if classifier else None
if classifier is None:
    layout.heading(t("update.title"), t("update.caption"))
    layout.needs_classifier(t("update.empty_title"), t("update.empty"))
elif situation is None:
    layout.heading(t("update.title"), plain(classifier))
    layout.empty_state(
        t("overview.no_champion"), t("update.nobody_serves"), action=t("update.to_models"), to=("overview",)
    )
else:
    page.heading(situation)
    layout.warn_of_idle_card()
    page.follow(situation)
    steps = {"batch": batch, "changes": changes, "learn": learn, "decide": decide}
    parts = steps | {"history": history, "autopilot": autopilot}
    tabs.row("update", {name: partial(part.draw, situation) for name, part in parts.items()}, done=situation.done)
