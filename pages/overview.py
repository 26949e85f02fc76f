"""Overview: which version serves, how good it is, what it remembers, what to do next; all versions, and the way back."""

import streamlit as st

from dashboard.overview import page, versions
from dashboard.parts.versions import timeline
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

classifier = state.chosen_classifier()
if classifier is None:
    layout.heading(t("overview.title"), t("overview.caption_none"))
    layout.needs_classifier(t("overview.empty_title"), t("overview.empty"))
else:
    story = page.read(classifier)
    page.heading(story)
    page.step(story)
    layout.cards(page.cards(story))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        page.remembers(story)
    with right:
        timeline.draw(classifier, story.same)
    versions.draw(story.versions, story.champion)
