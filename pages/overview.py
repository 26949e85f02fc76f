"""Overview: which version serves, how good it is, what it remembers, and what to do next."""

import streamlit as st

from dashboard import layout, overview, state

classifier = state.chosen_classifier()
if classifier is None:
    overview.welcome()
else:
    story = overview.read(classifier)
    overview.heading(story)
    layout.cards(overview.cards(story))
    overview.step(story)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        overview.remembers(story)
    with right:
        overview.timeline(story)
