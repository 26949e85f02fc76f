"""Update: a batch, what is new in it, learning from it, and the decision; then the story of all versions."""

from dashboard import (
    layout,
    state,
    update_page,
    update_page_batch,
    update_page_changes,
    update_page_decide,
    update_page_history,
    update_page_learn,
)
from dashboard.i18n import t
from dashboard.tables import plain

classifier = state.chosen_classifier()
found = update_page.read(classifier) if classifier else None
if classifier is None:
    layout.heading(t("update.title"), t("update.caption"))
    layout.needs_classifier(t("update.empty_title"), t("update.empty"))
elif found is None:
    layout.heading(t("update.title"), plain(classifier))
    layout.empty_state(
        t("update.nobody_serves_title"), t("update.nobody_serves"), action=t("update.to_models"), page="models"
    )
else:
    update_page.heading(found)
    layout.warn_of_idle_card()
    update_page_history.promoted(found)
    update_page_batch.step(found)
    update_page_changes.step(found)
    update_page_learn.step(found)
    update_page_decide.step(found)
    update_page_history.draw(found)
