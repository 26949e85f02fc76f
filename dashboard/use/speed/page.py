"""The upper part of the Speed tab: version, measurement, the run that makes one, and what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import home
from core.registry.records import BenchmarkStore
from core.workflows.benchmark.config import BenchmarkConfig
from dashboard.parts import choices, tables
from dashboard.parts.forms import forms
from dashboard.parts.names import titles, version_line
from dashboard.parts.run_view import run_view
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn

if TYPE_CHECKING:
    from core.jobs import Job
    from core.registry import VersionInfo

KIND = "benchmark"
VERSION = "benchmark.version"
SHOWN = "benchmark.shown"
NEWEST = "benchmark.newest"  # whose newest measurement was last seen, and which it was
TEXTS = "benchmark.dataset"
FROZEN = ""  # in the list of texts: the frozen tests


def choose(classifier: str) -> tuple[VersionInfo, dict[str, Any] | None]:
    """The version and one of its measurements; the newest comes up by itself."""
    left, right = st.columns(2, gap="medium")
    with left:
        version = _version(classifier)
    known = {measurement["id"]: measurement for measurement in measurements(version)}
    newest = next(iter(known), None)
    seen = [version.classifier, version.number, newest]
    if st.session_state.get(NEWEST) != seen:
        st.session_state[NEWEST], st.session_state[SHOWN] = seen, newest
    if not known:
        return version, None
    names = {identity: _name(measurement) for identity, measurement in known.items()}
    with right:
        picked = choices.listed(t("benchmark.measurement"), names, key=SHOWN, help=t("benchmark.measurement_help"))
    return version, known[picked]


def measurements(version: VersionInfo) -> list[dict[str, Any]]:
    """All that was measured of a version, newest first."""
    return BenchmarkStore(home()).list(version.classifier, version.number, version.created)


def _name(measurement: dict[str, Any]) -> str:
    # The seconds tell apart two that were made within a minute: the browser sends an option's text back.
    clock = tables.moment(measurement["created"]) + measurement["created"][16:19]
    return f"{clock} · {measurement['machine']['card'] or measurement['machine']['processor']}"


def _version(classifier: str) -> VersionInfo:
    known = {version.number: version for version in state.versions(classifier)}
    champion = state.champion(classifier)
    serving = champion.number if champion is not None else max(known)
    if st.session_state.get("benchmark.classifier") != classifier:
        st.session_state["benchmark.classifier"], st.session_state[VERSION] = classifier, serving
    names = {
        number: version_line(known[number], champion is not None and number == serving)
        for number in sorted(known, reverse=True)
    }
    return known[choices.listed(t("benchmark.version"), names, key=VERSION, first=serving)]


def run(version: VersionInfo) -> None:
    """The newest run for this version, unless it was done before."""
    job = next((job for job in state.jobs().list() if _is_for(job, version)), None)
    if job is not None and not (job.ended and job.result):
        run_view(job.id)


def _is_for(job: Job, version: VersionInfo) -> bool:
    wanted = (KIND, version.classifier, version.number)
    return (job.kind, job.config.get("classifier"), job.config.get("version")) == wanted


def form(version: VersionInfo, *, leading: bool) -> None:
    """What to measure with; ``leading`` while there is nothing else to look at."""
    if leading:
        layout.section(t("benchmark.new"))
        st.markdown(t("benchmark.what"))
        _fields(version, leading=True)
    else:
        with st.expander(t("benchmark.again"), icon=":material/timer:"):
            _fields(version, leading=False)


def _fields(version: VersionInfo, *, leading: bool) -> None:
    dataset = _texts()
    values = forms.settings_form(BenchmarkConfig, key="benchmark.form")
    busy = any(_is_for(job, version) for job in state.active_jobs())
    label = t("benchmark.queue") if state.active_jobs() and not busy else t("benchmark.start")
    with st.container(horizontal=True, vertical_alignment="center"):
        kind: Any = "primary" if leading else "secondary"
        pressed = st.button(label, key="benchmark.go", icon=":material/timer:", type=kind, disabled=busy)
        st.caption(t("benchmark.busy") if busy else t("benchmark.advice"), width="stretch")
    if pressed:
        _submit(version, {"dataset": dataset or None, "settings": values})


def _texts() -> str:
    names = {FROZEN: t("benchmark.frozen")}
    names |= {
        dataset.id: f"{dataset.name} · {tn('benchmark.dataset_texts', dataset.rows)}" for dataset in state.datasets()
    }
    return choices.listed(t("benchmark.texts"), names, key=TEXTS, help=t("benchmark.texts_help"))


def _submit(version: VersionInfo, asked: dict[str, Any]) -> None:
    """Put it into the queue, once: a second click may have been on its way."""
    if not any(_is_for(job, version) for job in state.active_jobs()):
        named = titles("benchmark.job", classifier=version.classifier, version=version.number)
        config = {"classifier": version.classifier, "version": version.number, **asked}
        state.jobs().submit(KIND, classifier=version.classifier, config=config, **named)
    st.rerun()
