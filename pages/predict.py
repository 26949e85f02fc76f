"""Predict: try the serving version on a text while typing, label a whole table, put wrong answers right."""

import streamlit as st

from dashboard.parts import scores
from dashboard.parts.tables import plain
from dashboard.predict import batch, page
from dashboard.predict import corrections as predict_corrections
from dashboard.predict import plain as plain_answers
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

classifier = state.chosen_classifier()
champion = state.champion(classifier) if classifier else None
if classifier is None:
    layout.heading(t("predict.title"), t("predict.caption"))
    layout.needs_classifier(t("predict.empty_title"), t("predict.empty"))
elif champion is None:
    layout.heading(t("predict.title"), t("predict.caption"))
    layout.empty_state(t("predict.nobody_title"), t("predict.nobody"), action=t("predict.nobody_action"), page="models")
else:
    layout.heading(t("predict.title"), t("predict.serves", version=champion.number, classifier=plain(classifier)))
    page.style()
    layout.warn_of_idle_card()
    if not scores.task_of_version(champion).activation:
        plain_answers.draw(champion)
        st.stop()
    single, table, corrections = st.tabs(
        [t("predict.tab_one"), t("predict.tab_table"), t("predict.tab_corrections")], key="predict.tabs"
    )
    with single:
        page.ask(champion)
    with table:
        batch.draw(champion)
    with corrections:
        predict_corrections.draw(classifier)
