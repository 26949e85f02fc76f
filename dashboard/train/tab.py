"""The New tab: choose what to learn from and how long it may take, see what that means, and watch it learn."""

from __future__ import annotations

import streamlit as st

from core.workflows.requests import AUTO
from dashboard.parts.forms import foresight, training_form
from dashboard.parts.privacy import spending
from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.train import ladder, meaning, page, tiles


def draw() -> None:
    """The form beside what it means, or beside the run that it started."""
    datasets = state.datasets()
    if not datasets:
        layout.empty_state(t("train.empty_title"), t("train.empty"), action=t("train.to_data"), to=("data", "tables"))
        return
    left, right = st.columns([11, 9], gap="large")
    with left:
        asked = training_form.ask(datasets)
        choice, start = st.container(), st.container(key="train-start")
        # Its state is kept here: without that, a browser closes it again where something above comes or goes meanwhile.
        with st.expander(
            t("train.customise"),
            key="train.customise",
            on_change="rerun",
            icon=":material/tune:",
            expanded=training_form.is_customised(),
        ):
            request = training_form.customise(asked)
        promised = training_form.as_auto(request)
        auto, stays = request.model == AUTO, foresight.stays(promised)
        outlook = foresight.look(promised, begin=auto and stays, soon=auto)
        with choice:
            tiles.draw(request, outlook, encoder=not ladder.missing_encoder(promised))
        with start:
            refused = spending.is_private(request.settings) and spending.before_start(request)
            page.start_button(request, disabled=refused)
    with right:
        job = page.shown_job()
        if job is not None and page.side(job) == "run":
            page.watch(job)
        elif request.model == AUTO:
            ladder.foretell(request, outlook)
        else:
            meaning.draw(request)
        if outlook.pending:
            ladder.wait(promised, outlook.pending, begin=auto)
