"""Overview: which version serves, how good it is, what it remembers, what to do next; all versions, and the way back."""

from dashboard.overview import page, versions
from dashboard.parts.privacy import spending
from dashboard.shell import layout, state
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t

classifier = state.chosen_classifier()
if classifier is None:
    layout.heading(t("overview.title"), t("overview.caption_none"))
    layout.needs_classifier(t("overview.empty_title"), t("overview.empty"))
else:
    page.heading(classifier)
    with boundary():  # where files are damaged, another version can still be chosen below
        story = page.read(classifier)
        page.verdict_and_step(story)
        layout.cards(page.cards(story))
        spending.overview(state.report(story.shown))
        page.story_of_versions(story)
    versions.draw(state.versions(classifier), state.champion(classifier))
