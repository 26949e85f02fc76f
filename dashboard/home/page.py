"""The Home page: all models with what is the matter with them, and the ways to a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.base.errors import RegistryError
from dashboard.home import picture
from dashboard.parts import scores, tables
from dashboard.parts.first import start
from dashboard.parts.names import job_title
from dashboard.parts.versions import health, same_tests
from dashboard.parts.versions.ahead import ahead
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.jobs import Job
    from core.registry import VersionInfo

SECONDS_BETWEEN_LOOKS = 2.0


def caption() -> str:
    """The page's line of state."""
    count = len(state.classifiers())
    return tn("home.caption", count) if count else t("home.caption_none")


def draw() -> None:
    """What there is: the models, or where there are none, what this product is."""
    st.html(Path(__file__).with_suffix(".css"))
    if state.classifiers() or start.first_trainings():
        models()
        layout.section(t("home.new"))
    else:
        picture.draw()
        _saved_tables()


def models() -> None:
    """One row a model: what it is for, which version serves, its score, and what waits; first those that learn for the first
    time.
    """
    jobs = state.active_jobs()
    first = start.first_trainings()
    for job in first:
        _begun(job)
    for known in state.classifiers():
        if all(job.classifier != known.name for job in first):
            _model(known.name, [job for job in jobs if job.classifier == known.name])


def _begun(job: Job) -> None:
    with st.container(border=True, gap="xxsmall", key=f"begun-{job.id}"):
        st.markdown(f":gray[:material/hourglass_top:] **{tables.plain(job_title(job))}**")
        st.caption(t("first.learns"))
        _progress(job)
        if st.button(t("home.try_soon"), key=f"home.begun.{job.id}", type="tertiary", icon=":material/edit_note:"):
            start.show(job)


def _model(classifier: str, jobs: list[Job]) -> None:
    found = health.of(classifier)
    versions, champion = state.versions(classifier), state.champion(classifier)
    with st.container(border=True, gap="xxsmall", key=f"model-{classifier}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
            # page.css stretches this button over the whole row
            opened = st.button(f"**{tables.plain(classifier)}**", key=f"home.open.{classifier}", type="tertiary")
            if (measured := _score(champion)) is not None:
                st.markdown(measured, width="content")
        st.caption(" · ".join([health.task_of_model(classifier), found.serving, *_facts(classifier, versions)]))
        waiting = state.corrections().count(classifier)
        if found.kind == "good":
            st.markdown(f"{found.dot} {tn('home.corrections', waiting) if waiting else t('home.well')}")
        else:
            also = f" · {tn('home.corrections', waiting)}" if waiting else ""
            st.markdown(f"{found.dot} {tables.plain(found.sentence)}{also}")
        for job in jobs:
            _progress(job)
        if not jobs and (better := ahead(champion, more_urgent=found.kind != "good")) is not None:
            st.caption(better.sentence)  # Overview, where the row leads, has the way there
    if opened:
        state.choose_classifier(classifier)
        go("overview")


def _facts(classifier: str, versions: list[VersionInfo]) -> list[str]:
    facts = []
    if versions:
        facts.append(t("home.changed", version=versions[-1].number, when=tables.moment(versions[-1].created)))
    return facts


def _score(champion: VersionInfo | None) -> str | None:
    """The score of the version that serves, as Overview shows it."""
    if champion is None:
        return None
    score = scores.headline(scores.task_of_version(champion)).name
    try:
        measured = same_tests.score_of(champion, score)
    except RegistryError:  # its files are damaged, which the row says
        return None
    if measured is None:
        return None
    ends = tables.interval(measured.low, measured.high)
    return f"{scores.score_name(score)} **{tables.score(measured.value)}** :gray[({ends})]"


def _progress(job: Job) -> None:
    guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS)(_bar)(job.id)


def _bar(job_id: str) -> None:
    job = state.jobs().get(job_id)
    left = "" if job.seconds_left is None else t("run.left", time=tables.duration(job.seconds_left))
    state_of = t(f"activity.{job.state}") if job.state != "running" else t(f"home.job_{_kind(job)}")
    st.progress(job.fraction, text=" ".join(part for part in (state_of, left) if part))


def _kind(job: Job) -> str:
    return job.kind if job.kind in ("train", "update") else "other"


def _saved_tables() -> None:
    """Where tables were saved and nothing was trained on them: the way to do so."""
    saved = state.datasets()
    if saved:
        with st.container(horizontal=True, vertical_alignment="center", key="saved-tables"):
            st.markdown(tn("home.saved", len(saved)), width="content")
            if st.button(t("home.train"), key="home.train", type="tertiary", icon=":material/arrow_forward:"):
                go("train", "new")
