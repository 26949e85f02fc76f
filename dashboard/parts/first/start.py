"""Begin the first training of a model with one click, and know of it until its first version answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.tasks import TASKS
from core.workflows.requests import TrainRequest
from dashboard.shell import job_news, state
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.data.dataset.columns import Targets
    from core.data.dataset.store import StoredDataset
    from core.jobs import Job
    from core.tasks import Task

BEGUN = "first.begun"  # in the session: the job, and the model that was chosen when it began
BESIDE = "first.beside"  # in the session: the job whose ladder is shown beside the text box, also after it has ended
REFUSED = '/:"'
NAME_LIMIT = 80


def task_for(kind: Targets) -> Task:
    """The task that suits a table: the first that reads its targets as they are."""
    return next(task for task in TASKS.values() if task.reads == kind)


def free_name(wanted: str) -> str:
    """A model's name like the wanted one, which no model and no training has yet."""
    plain = "".join(" " if sign in REFUSED else sign for sign in wanted).strip(" .")[: NAME_LIMIT - 4].strip()
    taken = {known.name for known in state.classifiers()} | {job.classifier for job in state.active_jobs()}
    names = (plain, *(f"{plain} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def begin(stored: StoredDataset, name: str) -> NoReturn:
    """Train a new model on a saved table by *Auto*, unless one learns from it already, and go where it can be tried.

    Raises
    ------
    JobError, StorageError
        When the training cannot be stored or started.
    """
    at_work = next((job for job in first_trainings() if job.config.get("dataset") == stored.id), None)
    if at_work is not None:
        show(at_work)
    task = task_for(stored.kind)
    request = TrainRequest(classifier=free_name(name), dataset=stored.id, task=task.name)
    job = state.jobs().submit("train", title=name, classifier=request.classifier, config=request.model_dump())
    job_news.follow(job)
    st.session_state[job_news.TRAIN_JOB] = st.session_state[BESIDE] = job.id
    st.session_state[BEGUN] = (job.id, state.chosen_classifier())
    _warm()
    go("use", "try")


def show(job: Job) -> NoReturn:
    """Go where the model of a first training can be tried as soon as it answers."""
    st.session_state[BESIDE] = job.id
    st.session_state[BEGUN] = (job.id, state.chosen_classifier())
    go("use", "try")


def awaited() -> Job | None:
    """The training to show in place of a model: this session's, until its model answers or another one was chosen; while there
    is no model that answers, any.
    """
    identity, chosen_then = st.session_state.get(BEGUN, ("", None))
    chosen = state.chosen_classifier()
    try:
        begun = state.jobs().get(identity) if identity else None
    except CoreError:  # it was removed
        begun = None
    if begun is not None and state.champion(begun.classifier) is not None:
        del st.session_state[BEGUN]
        if chosen != begun.classifier:
            state.choose_classifier(begun.classifier)
            st.rerun()
        return None
    if begun is not None and chosen in (chosen_then, begun.classifier):
        return begun
    if chosen is not None and state.champion(chosen) is not None:
        return None
    return next((job for job in first_trainings() if chosen in (None, job.classifier)), None)


def first_trainings() -> list[Job]:
    """Trainings that wait or are at work, of models of which no version answers yet."""
    return [job for job in state.active_jobs() if job.kind == "train" and state.champion(job.classifier) is None]


def beside(classifier: str) -> Job | None:
    """The *Auto* training whose ladder stands beside the answers of its model: one at work, or that this session began."""
    jobs = [job for job in state.jobs().list() if job.kind == "train" and job.classifier == classifier]
    shown = st.session_state.get(BESIDE)
    return next((job for job in jobs if not job.ended or job.id == shown), None)


def let_be() -> None:
    """Wait for this session's first training no longer: what is shown is the chosen model."""
    st.session_state.pop(BEGUN, None)


def put_away() -> None:
    """Show the ladder no longer."""
    st.session_state.pop(BESIDE, None)


@st.cache_resource(show_spinner=False)
def _warm() -> None:
    """Load what the first answer needs while the model learns; once a process."""
    threading.Thread(target=_load, args=(home(),), name="evergreen-warm", daemon=True).start()


def _load(folder: Path) -> None:
    import core.serving.engines.pool  # noqa: F401
    from core.registry import Registry

    Registry(folder).classifiers()
