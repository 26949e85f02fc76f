"""Predict: try the serving version on a text while typing, label a whole table, put wrong answers right."""

import streamlit as st

from dashboard import layout, predict_page, predict_page_batch, predict_page_corrections, state, write_page
from dashboard.i18n import t
from dashboard.tables import plain

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
    predict_page.style()
    layout.warn_of_idle_card()
    one, table, corrections = st.tabs(
        [t("predict.tab_one"), t("predict.tab_table"), t("predict.tab_corrections")], key="predict.tabs"
    )
    with one:
        predict_page.ask(champion)
    with table:
        predict_page_batch.draw(champion)
    with corrections:
        predict_page_corrections.draw(classifier)
    write_page.link()
