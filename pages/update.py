"""Update: a batch, what is new in it, learning from it, and the decision; then the story of all versions."""

from dashboard.parts.tables import plain
from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.update import batch, changes, decide, history, learn, page

classifier = state.chosen_classifier()
situation = page.read(classifier) if classifier else None
if classifier is None:
    layout.heading(t("update.title"), t("update.caption"))
    layout.needs_classifier(t("update.empty_title"), t("update.empty"))
elif situation is None:
    layout.heading(t("update.title"), plain(classifier))
    layout.empty_state(
        t("update.nobody_serves_title"), t("update.nobody_serves"), action=t("update.to_models"), to=("overview",)
    )
else:
    page.heading(situation)
    layout.warn_of_idle_card()
    history.promoted(situation)
    batch.step(situation)
    changes.step(situation)
    learn.step(situation)
    decide.step(situation)
    history.draw(situation)
