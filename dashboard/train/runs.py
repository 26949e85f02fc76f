"""The Runs tab: what of the chosen model works, waits or broke off, and all its runs with their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.base.errors import CoreError
from dashboard.parts import tables
from dashboard.parts.choices import listed
from dashboard.parts.names import job_title, name_of
from dashboard.parts.run_view import ICONS, place_in_queue
from dashboard.parts.versions import run_table, same_tests
from dashboard.shell import job_news, layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.navigation import go
from dashboard.shell.tabs import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.jobs import Job
    from core.registry import RunInfo

SECONDS_BETWEEN_LOOKS = 2.0


def draw() -> None:
    """Runs that can still be acted upon, then the table of all."""
    chosen = state.chosen_classifier()
    open_ = _open_jobs()
    runs = _runs(chosen)
    if not open_ and not runs:
        layout.empty_state(
            t("train.runs_empty_title"), t("train.runs_empty"), action=t("train.runs_to_new"), to=("train", "new")
        )
        return
    if open_:
        layout.section(t("train.runs_open"))
        busy = any(not job.ended for job in open_)
        guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS if busy else None)(_jobs)(_token(open_))
    if runs:
        _history(runs, chosen)


def _open_jobs() -> list[Job]:
    """What works or waits, of whatever model, since they share one queue; then what ended without a version."""
    own = [job for job in state.jobs().list() if job.kind in job_news.VERSION_KINDS]
    active = [job for job in own if not job.ended]
    return [*reversed(active), *(job for job in own if job.ended and job.result is None and _concerns_reader(job))]


def _concerns_reader(job: Job) -> bool:
    """Whether a training or update is of the chosen model, or of one that does not exist."""
    own = state.chosen_classifier()
    return own is None or job.classifier == own or job.classifier not in {known.name for known in state.classifiers()}


def _token(jobs: Sequence[Job]) -> list[tuple[str, str]]:
    return [(job.id, job.state) for job in jobs]


def _jobs(drawn: list[tuple[str, str]]) -> None:
    jobs = _open_jobs()
    if _token(jobs) != drawn:
        st.rerun()
    for job in jobs:
        _job(job)


def _job(job: Job) -> None:
    with st.container(border=True, gap="xsmall", key=f"open-run-{job.id}"):
        st.markdown(
            f"{ICONS[job.state]} **{tables.plain(job_title(job))}** · {_asked(job)} · {t(f'run.state_{job.state}')}"
        )
        if not job.ended:
            st.progress(job.fraction, text=_doing(job))
        elif job.error is not None:
            st.caption(tables.plain(t_message(job.error)))
        facts = [tables.moment(job.started or job.created)]
        if job.seconds_left is not None:
            facts.append(t("run.left", time=tables.duration(job.seconds_left)))
        best = _best_so_far(job)
        st.caption(" · ".join([*facts, best] if best else facts))
        with st.container(horizontal=True):
            _buttons(job)


def _asked(job: Job) -> str:
    """A training of which model, or an update by which strategy."""
    if job.kind == "train":
        return name_of("model", str(job.config.get("model", "")))
    return name_of("strategy", str(job.config.get("strategy", "")))


def _doing(job: Job) -> str:
    if job.state == "queued":
        return tn("run.place", place_in_queue(job))
    return tables.plain(t_message(job.message)) if job.message is not None else ""


def _best_so_far(job: Job) -> str:
    """The score on the validation rows of the best epoch or rung, where there is one by now."""
    rungs = [rung for rung in state.jobs().rungs(job.id) if rung.get("serves") and rung.get("score")]
    if rungs:
        return t("train.run_so_far", score=tables.score(rungs[-1]["score"]["value"]))
    epochs = [epoch for epoch in state.jobs().epochs(job.id) if epoch.get("best")]
    best = epochs[-1] if epochs else {}
    values = [value for name, value in best.items() if name.startswith("validation_") and name != "validation_loss"]
    return t("train.run_so_far", score=tables.score(values[0])) if values else ""


def _buttons(job: Job) -> None:
    """What can be done about it; a run that changed in the meantime is explained, not an accident."""
    jobs = state.jobs()
    try:
        if job.resumable and st.button(
            t("run.resume"), key=f"runs.resume.{job.id}", icon=":material/play_arrow:", type="tertiary"
        ):
            jobs.resume(job.id)
            st.rerun()
        if st.button(t("train.show"), key=f"runs.open.{job.id}", icon=":material/arrow_forward:", type="tertiary"):
            _open(job)
        if job.state == "queued" and st.button(t("run.leave_queue"), key=f"runs.leave.{job.id}", type="tertiary"):
            jobs.stop(job.id)
            jobs.discard(job.id)
            st.rerun()
        if job.state in ("running", "stopping") and st.button(
            t("run.stop"),
            key=f"runs.stop.{job.id}",
            icon=":material/stop_circle:",
            type="tertiary",
            disabled=job.state == "stopping",
        ):
            jobs.stop(job.id)
            st.rerun()
        if job.ended and st.button(t("run.remove"), key=f"runs.remove.{job.id}", type="tertiary"):
            jobs.discard(job.id)
            st.rerun()
    except CoreError as error:
        st.toast(tables.plain(t_message(error.message)))


def _open(job: Job) -> None:
    if job.kind == "train":  # on this very page
        st.session_state[job_news.TRAIN_JOB] = job.id
        show("train", "new")
        st.rerun()
    job_news.open_job(job)


def _runs(chosen: str | None) -> list[RunInfo]:
    """Those of the chosen model, and of models that never came to be, newest first."""
    known = {classifier.name for classifier in state.classifiers()}
    with st.spinner(t("train.runs_reading")):
        runs = state.runs()
    return [run for run in runs if run.classifier == chosen or run.classifier not in known]


def _history(runs: list[RunInfo], chosen: str | None) -> None:
    layout.section(t("train.runs_all"), help=t("train.runs_help"))
    whole = run_table.table(runs, chosen)
    wanted = st.text_input(
        t("train.runs_filter"),
        key="train.runs_filter",
        placeholder=t("train.runs_filter_example"),
        icon=":material/search:",
    )
    shown = run_table.filtered(whole, wanted or "")
    st.dataframe(shown, hide_index=True, key="train.runs", height=tables.height_of(len(shown)))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(tn("train.runs_found", len(shown), total=len(runs)))
        tables.download_table(shown, "runs", key="train.runs.download")
    same = same_tests.of_today(chosen) if chosen else None
    if same is not None and any(run.version is not None for run in runs):
        st.caption(t("evaluate.gap").join(same_tests.sentences(same)))
    with st.expander(t("train.runs_one"), icon=":material/tune:"):
        _one(runs, chosen)


def _one(runs: list[RunInfo], chosen: str | None) -> None:
    """The settings of one run, and the way to its version."""
    by_id = {run.run_id: run for run in runs}
    # The browser sends an option's text back, so no two may read alike.
    names = {run.run_id: f"{len(runs) - place} · {_name(run)}" for place, run in enumerate(runs)}
    run = by_id[listed(t("train.runs_which"), names, key="train.runs_which")]
    st.dataframe(run_table.settings_of_run(run), hide_index=True, key="train.runs.settings")
    numbers = {version.number for version in state.versions(chosen)} if chosen else set()
    if run.classifier == chosen and run.version in numbers and st.button(t("train.see_results"), key="train.runs.open"):
        st.session_state[job_news.RESULT_ASKED] = (run.classifier, run.version)
        go("evaluate")


def _name(run: RunInfo) -> str:
    made = t("evaluate.version_name", number=run.version) if run.version is not None else t(f"run.state_{run.state}")
    return f"{tables.moment(run.started)} · {tables.plain(run.classifier)} · {made}"
