"""Overview: which version serves, how good it is, what it remembers, and what to do next."""

import streamlit as st

from dashboard.overview import page
from dashboard.parts import timeline
from dashboard.shell import layout, state

classifier = state.chosen_classifier()
if classifier is None:
    page.welcome()
else:
    story = page.read(classifier)
    page.heading(story)
    layout.cards(page.cards(story))
    page.step(story)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        page.remembers(story)
    with right:
        timeline.draw(classifier, story.same)
