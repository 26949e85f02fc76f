"""The New tab: starts runs, finds them again, and says what came out. The form and its meaning are files beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import streamlit as st

from core.base.errors import CoreError
from core.workflows.requests import AUTO
from dashboard.parts import tables
from dashboard.parts.run_view import run_view
from dashboard.parts.versions import decisions, verdict
from dashboard.shell import job_news, state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t
from dashboard.shell.navigation import go
from dashboard.train import ladder

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workflows.requests import TrainRequest

SHOWN = job_news.TRAIN_JOB
CLOSED = "train.closed"  # runs that it looks at no more
SIDE = "train.side"
STARTED = "train.started"  # by this session, and not seen to break off
REFUSED = "train.refused"  # what was asked for, and why it did not start
STILL_NEWS = timedelta(hours=1)  # an ended run greets a new session for this long


def start_button(request: TrainRequest, *, disabled: bool = False) -> None:
    """Start, or join the queue; what cannot be trained is explained right here."""
    busy = [job for job in state.active_jobs() if job.state != "stopping"]
    label = t("train.queue") if busy else t("train.start")
    kind: Literal["primary", "secondary"] = "secondary" if shown_job() else "primary"
    if st.button(label, type=kind, key="train.start", icon=":material/play_arrow:", width="stretch", disabled=disabled):
        st.session_state.pop(REFUSED, None)
        st.session_state[REFUSED] = (request, _start(request))
    asked, refusal = st.session_state.get(REFUSED, (None, None))
    if asked != request:
        return
    if refusal is not None:
        show_error(refusal)
    elif not request.classifier:
        st.error(t("train.name_missing"), icon=":material/error:")
    elif _is_at_work(request):
        st.info(t("train.same"), icon=":material/content_copy:")


def _is_at_work(request: TrainRequest) -> bool:
    config = request.model_dump()
    return any(job.kind == "train" and job.config == config for job in state.active_jobs())


def _start(request: TrainRequest) -> CoreError | None:
    """Start it and draw the page anew; returns what is against it, to be said however often the page is drawn."""
    from core.workflows.train.estimate import check_request

    if not request.classifier:
        return None
    try:
        check_request(request, state.workspace())
    except CoreError as error:
        return error
    if _is_at_work(request):
        return None
    config = request.model_dump()
    watched = shown_job()  # before this one is there: it would take itself for the run that is watched
    job = state.jobs().submit("train", title=request.classifier, classifier=request.classifier, config=config)
    job_news.follow(job)
    st.session_state[STARTED] = {*st.session_state.get(STARTED, set()), job.id}
    if watched is None or watched.ended:
        st.session_state[SHOWN] = job.id
    st.session_state[SIDE] = "run"
    st.rerun()


def shown_job() -> Job | None:
    """The run on the right side: the one that this session chose, else what goes on, else what ended just now.

    Only runs that concern the reader: those of the classifier chosen in the sidebar, and of one that does not exist yet.
    What made a version that was deleted since concerns nobody.
    """
    closed = st.session_state.get(CLOSED, set())
    trainings = [
        job for job in state.jobs().list() if job.kind == "train" and job.id not in closed and not _is_gone(job)
    ]
    _show_broken_off(trainings)
    own = [job for job in trainings if _concerns_reader(job)]
    asked_for = next((job for job in trainings if job.id == st.session_state.get(SHOWN) and _is_still_shown(job)), None)
    at_work = next((job for job in own if job.state in ("running", "stopping")), None)
    waiting = next((job for job in reversed(own) if job.state == "queued"), None)
    recent = next((job for job in own[:1] if job.state == "interrupted" or _is_news(job)), None)
    return asked_for or at_work or waiting or recent


def _show_broken_off(trainings: list[Job]) -> None:
    """Once, where a run of this session's broke off while another was shown: that is the one to look at."""
    started: set[str] = st.session_state.get(STARTED, set())
    broken = [job.id for job in trainings if job.id in started and job.state in ("failed", "interrupted")]
    if broken:
        st.session_state[SHOWN] = broken[0]
        st.session_state[STARTED] = started.difference(broken)


def _is_gone(job: Job) -> bool:
    """Whether the version that came of it was deleted, with its classifier."""
    if job.result is None:
        return False
    return job.result["version"] not in {version.number for version in state.versions(job.classifier)}


def _concerns_reader(job: Job) -> bool:
    own = state.chosen_classifier()
    if own is None or job.classifier == own:
        return True
    return job.result is None and job.classifier not in {known.name for known in state.classifiers()}


def _is_still_shown(job: Job) -> bool:
    """A run that this session chose stays, until another classifier is chosen than the one it has made a version of."""
    return not job.ended or job.result is None or state.chosen_classifier() in (None, job.classifier)


def _is_news(job: Job) -> bool:
    if job.finished is None or not job.ended:
        return False
    return datetime.now(UTC) - datetime.fromisoformat(job.finished) < STILL_NEWS


def side(job: Job) -> str:
    """Ask whether to look at the run or at what the form means."""
    if SIDE not in st.session_state:
        st.session_state[SIDE] = "run"
    names = {name: t(f"train.side_{name}") for name in ("run", "meaning")}
    picked = st.segmented_control(
        t("train.side"),
        list(names),
        format_func=names.__getitem__,
        required=True,
        key=SIDE,
        label_visibility="collapsed",
    )
    return str(picked)


def watch(job: Job) -> None:
    """The run, and what came out of it."""
    if not job.ended:
        job_news.follow(job)
    if job.result is not None:
        _outcome(job)
    run_view(job.id, below=ladder.draw if job.config.get("model") == AUTO else None)
    if job.ended and st.button(t("train.close"), key="train.close", type="tertiary", icon=":material/close:"):
        st.session_state[CLOSED] = {*st.session_state.get(CLOSED, set()), job.id}
        st.session_state.pop(SHOWN, None)
        st.rerun()


def _outcome(job: Job) -> None:
    """What came out, in a sentence, and where to go from here."""
    number = int(job.result["version"]) if job.result else 0
    made = next((known for known in state.versions(job.classifier) if known.number == number), None)
    if made is None:
        st.info(t("train.version_gone", version=number))
        return
    report = state.report(made)
    st.markdown(f"**{t('train.outcome', classifier=tables.plain(job.classifier), version=number)}**")
    verdict.show(report, number)
    if report["best_epoch"] == 0:
        st.warning(t("train.no_epoch"), icon=":material/timer_off:")
    champion = state.champion(job.classifier)
    serves = champion is not None and champion.number == number
    if champion is not None and not serves:
        key = "train.served_before" if number in decisions.served(job.classifier) else "train.candidate"
        st.caption(t(key, version=number, champion=champion.number))
    with st.container(horizontal=True):
        if st.button(t("train.see_results"), key="train.results", type="primary", icon=":material/insights:"):
            _leave(job, number, "evaluate")
        if serves and st.button(t("train.try_it"), key="train.predict", icon=":material/edit_note:"):
            _leave(job, number, "use", "try")


def _leave(job: Job, version: int, page: str, tab: str = "") -> None:
    state.choose_classifier(job.classifier)
    st.session_state[job_news.RESULT_ASKED] = (job.classifier, version)
    go(page, tab)
