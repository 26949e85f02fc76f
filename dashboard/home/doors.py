"""The ways to a new model: a table of one's own, or a sample, with which one click is enough."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.base.errors import CoreError
from core.data.dataset.samples import SAMPLES, Sample
from dashboard.home import own
from dashboard.parts.first import start
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import language, t
from dashboard.shell.navigation import go


def draw() -> None:
    """The doors side by side: the drop zone, and the samples with the reader's own language first."""
    ordered = sorted(SAMPLES.values(), key=lambda sample: sample.language != language())
    first = not state.classifiers()
    places = st.columns([2, *[1] * len(ordered)], gap="medium")
    with places[0], st.container(border=True, height="stretch", key="door-own"):
        _title(t("home.own"))
        own.drop_zone()
    for number, (sample, place) in enumerate(zip(ordered, places[1:], strict=True)):
        kind: Literal["primary", "secondary"] = "primary" if first and not number else "secondary"
        with place, st.container(border=True, height="stretch", key=f"door-{sample.id}"):
            _sample(sample, kind)


def _title(text: str) -> None:
    """One level below the page's title, or below that of the section for new models."""
    (st.subheader if state.classifiers() or start.first_trainings() else st.header)(text, anchor=False)


def _sample(sample: Sample, kind: Literal["primary", "secondary"]) -> None:
    _title(t(f"home.sample_{sample.language}"))
    st.markdown(t(f"home.sample_about_{sample.language}"))
    st.caption(t("home.sample_what"))
    if st.button(
        t(f"home.sample_try_{sample.language}"),
        type=kind,
        key=f"sample.{sample.id}",
        icon=":material/play_arrow:",
        width="stretch",
    ):
        _try(sample)


def _try(sample: Sample) -> None:
    """Train a model on the sample and go where it answers; one that is there already answers at once."""
    name = t(f"home.sample_name_{sample.language}")
    if name in {known.name for known in state.classifiers()} and state.champion(name) is not None:
        state.choose_classifier(name)
        go("use", "try")
    try:
        from core.data.loading.samples import save_sample  # loads what reads tables

        stored = save_sample(state.store(), sample.id, name=name)
        state.choose_dataset(stored.id)
        start.begin(stored, name)
    except CoreError as error:
        show_error(error)
