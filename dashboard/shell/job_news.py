"""That a job has ended, told once wherever the reader is: a toast, and a line in the drawer with the way to the result.

A session tells of what ended while it was open, and of what ended since anybody last looked. Also opens a job: the page
that shows it, with its classifier chosen in the sidebar.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from core.base.errors import JobError
from dashboard.parts import tables
from dashboard.parts.names import job_title
from dashboard.shell import state
from dashboard.shell.i18n import t
from dashboard.shell.navigation import FIRST_PAGE, JOB_PLACES, Place, go

if TYPE_CHECKING:
    from core.jobs import Job

FOLLOWED = "news.followed"  # in the session: ids of trainings whose classifier is to be the chosen one
SEEN = "news.seen"  # in the session: ids of jobs that it saw waiting or at work
NOBODYS_CHOICE = "news.nobodys_choice"  # in the session: the classifier that came up without being chosen
TOLD = "news.told"  # in the session: ids of jobs whose end it has told, also where that cannot be written down
TOASTS = "news.toasts"  # in the session: what is to be said with the next run of the script
UNREAD = "news.unread"  # in the session: ids of ended jobs that were not looked at since, the newest first
TRAIN_JOB = "train.job"  # in the session: the run that the Train page shows
TRAIN_NAME = "train.name"  # in the session: what the model that is to be trained is called
TRAIN_NAME_TYPED = "train.name_typed"  # in the session: whether somebody chose that name
RESULT_ASKED = "evaluate.asked"  # in the session: classifier and version that the Evaluate page is to open
STILL_NEWS = timedelta(days=1)
MOST_LINES = 3
VERSION_KINDS = ("train", "update")
# In the session: number of the version that a page shows.
VERSION_SHOWN = {"evaluate": "evaluate.version", "overview": "models.version"}


def follow(job: Job) -> None:
    """Once this training has made a version, its classifier becomes the chosen one of this session."""
    st.session_state[FOLLOWED] = {*st.session_state.get(FOLLOWED, set()), job.id}


def listen(jobs: list[Job]) -> bool:
    """Notice what ended since the last look; returns whether the page should be run again to tell it."""
    seen: set[str] = st.session_state.setdefault(SEEN, set())
    ended = [job for job in jobs if _is_news(job, seen)]
    st.session_state[SEEN] = {job.id for job in jobs if not job.ended}
    st.session_state[TOLD] = {*st.session_state.get(TOLD, set()), *(job.id for job in ended)}
    for job in reversed(ended):  # the oldest first, so that the newest line stands on top
        with suppress(OSError):  # a workspace that can only be read
            state.jobs().note_told(job.id)
        older = [identity for identity in st.session_state.get(UNREAD, []) if identity != job.id]  # it was resumed
        st.session_state[UNREAD] = [job.id, *older][:MOST_LINES]
        st.session_state[TOASTS] = [*st.session_state.get(TOASTS, []), (sentence(job), icon(job))]
        if job.kind == "train" and job.result is not None and _is_followed(job, jobs):
            state.choose_classifier(job.classifier)
    return bool(ended)


def _is_news(job: Job, seen: set[str]) -> bool:
    # What the reader stopped before anything came of it, or what cannot say when it ended, is no news.
    if not job.ended or job.finished is None or (job.state == "stopped" and job.result is None):
        return False
    fresh = datetime.now(UTC) - datetime.fromisoformat(job.finished) < STILL_NEWS
    told = job.told or job.id in st.session_state.get(TOLD, set())
    return job.id in seen or (fresh and not told)


def _is_followed(job: Job, jobs: list[Job]) -> bool:
    """A training of this session's, or any where nobody has chosen a classifier, only the first of them came up, and this
    session waits for none of its own.
    """
    followed: set[str] = st.session_state.get(FOLLOWED, set())
    if job.id in followed:
        return True
    if any(other.id in followed and not other.ended for other in jobs):
        return False
    return state.chosen_classifier() == st.session_state.get(NOBODYS_CHOICE)


def toast() -> None:
    """Say what `listen` has noticed; called in a run of the whole script, whose toasts are not lost."""
    for sentence, icon in st.session_state.pop(TOASTS, []):
        st.toast(sentence, icon=icon)


def unread(jobs: list[Job]) -> list[Job]:
    """Those that ended and were not looked at since, the newest first."""
    known = {job.id: job for job in jobs}
    return [known[identity] for identity in st.session_state.get(UNREAD, []) if identity in known]


def put_away(job: Job) -> None:
    """It was looked at, or shall not be told any more."""
    st.session_state[UNREAD] = [identity for identity in st.session_state.get(UNREAD, []) if identity != job.id]


def note_seen(page: str) -> None:
    """After a page was drawn: a version that it shows is no news any more; its line goes with the next look at the jobs."""
    if st.session_state.get(UNREAD):
        for job in unread(state.jobs().list()):
            if _shows(page, job):
                put_away(job)


def _shows(page: str, job: Job) -> bool:
    if job.kind not in VERSION_KINDS or job.result is None or job.classifier != state.chosen_classifier():
        return False
    if page == job.kind == "update":
        return True
    number = job.result.get("version")
    return page in VERSION_SHOWN and number is not None and st.session_state.get(VERSION_SHOWN[page]) == number


def icon(job: Job) -> str:
    """How it ended, as a sign."""
    return ":material/check_circle:" if job.result is not None else ":material/error:"


def sentence(job: Job) -> str:
    """How it ended, in words."""
    title = tables.plain(job_title(job))
    if job.result is None:
        return t("news.failed", title=title)
    if job.kind in VERSION_KINDS and "version" in job.result:
        key = "news.version_stopped" if job.state == "stopped" else "news.version"
        return t(key, title=title, version=job.result["version"])
    return t("news.done", title=title)


def open_job(job: Job) -> NoReturn:
    """Go to the page that shows a job or what came of it, with its classifier chosen."""
    with suppress(JobError):  # removed meanwhile: its page says what there is
        job = state.jobs().get(job.id)
    if job.classifier in {known.name for known in state.classifiers()}:
        state.choose_classifier(job.classifier)
    if job.kind == "train":
        st.session_state[TRAIN_JOB] = job.id
        if job.result is not None:
            st.session_state[RESULT_ASKED] = (job.classifier, int(job.result["version"]))
            go("evaluate")
    go(*JOB_PLACES.get(job.kind, Place(FIRST_PAGE)))  # a kind of an earlier edition has no page any more
