"""The Home page: all models with what is the matter with them, and the ways to a new one."""

from __future__ import annotations

import streamlit as st

from core.data.dataset.samples import SAMPLES
from dashboard.parts import scores, tables
from dashboard.parts.versions import health
from dashboard.shell import state
from dashboard.shell.i18n import language, t, tn
from dashboard.shell.navigation import go


def caption() -> str:
    """The page's line of state."""
    count = len(state.classifiers())
    return tn("home.caption", count) if count else t("home.caption_none")


def models() -> None:
    """One row a model: what it is for, which version serves, its score, and what waits."""
    for known in state.classifiers():
        _model(known.name)


def _model(classifier: str) -> None:
    found = health.of(classifier)
    champion = state.champion(classifier)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"model-{classifier}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"{found.dot} **{tables.plain(classifier)}**")
            facts = [health.task_of_model(classifier), found.serving]
            if champion is not None:
                score = scores.headline(scores.task_of_version(champion))
                value = champion.summary.get(score.name)
                if isinstance(value, float):
                    facts.append(f"{scores.score_name(score.name)} {tables.score(value)}")
            waiting = state.corrections().count(classifier)
            if waiting:
                facts.append(tn("home.corrections", waiting))
            st.caption(" · ".join(facts))
            if found.kind != "good":
                st.caption(tables.plain(found.sentence))
        if st.button(t("home.open"), key=f"home.open.{classifier}", icon=":material/arrow_forward:"):
            state.choose_classifier(classifier)
            go("overview")


def welcome() -> None:
    """No classifier yet: what this is, and the first step."""
    running = [job for job in state.active_jobs() if job.kind == "train"]
    saved = state.datasets()
    with st.container(border=True, key="welcome", gap="small"):
        st.header(t("home.welcome_title"), anchor=False)
        st.markdown(t("home.welcome"))
        if running:
            _invite(t("home.training"), t("home.see_training"))
        elif saved:
            samples = all(stored.synthetic for stored in saved)
            _invite(t("home.have_samples" if samples else "home.have_data"), t("home.train"))
        else:
            _samples()


def _invite(sentence: str, button: str) -> None:
    st.markdown(sentence)
    if st.button(button, type="primary", key="welcome-button"):
        go("train", "new")


def _samples() -> None:
    st.caption(t("home.welcome_sample"))
    # the reader's own language first, and as the one primary button
    ordered = sorted(SAMPLES.values(), key=lambda sample: sample.language != language())
    with st.container(horizontal=True):
        for index, sample in enumerate(ordered):
            label = t(f"home.sample_{sample.language}")
            if st.button(label, type="secondary" if index else "primary", key=f"sample.{sample.id}"):
                state.save_sample(sample.id, t(f"home.sample_name_{sample.language}"))
                go("train", "new")
        if st.button(t("home.own_data"), type="tertiary", key="own-data", icon=":material/upload:"):
            go("data", "tables")
