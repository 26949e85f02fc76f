"""The drawer in the sidebar: what runs, waits and has ended, from any page; its head counts what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts import tables
from dashboard.parts.names import job_title
from dashboard.parts.plots.comparison_figures import with_names
from dashboard.shell import job_news, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message
from dashboard.shell.layout import icon_button

if TYPE_CHECKING:
    from core.jobs import Job

# Seconds between looks at the jobs. What this window starts it knows at once; the longer wait is for what a command line or
# another window has started, since every look of every open page costs the server a twentieth of a second.
BUSY, QUIET = 2.0, 60.0
MOST_ENDED = 5
DRAWER = "activity"
OPEN = "activity.open"  # in the session: whether the drawer is open; not there while nobody and nothing has opened it


def draw() -> None:
    """The drawer, which looks again by itself."""
    busy = bool(state.active_jobs())
    guarded_fragment(run_every=BUSY if busy else QUIET)(_drawer)(busy)


def _drawer(busy: bool) -> None:
    jobs = state.jobs().list()  # whoever looks also starts the next job that waits
    active = [job for job in jobs if job.state in state.ACTIVE]
    if job_news.listen(jobs) or bool(active) != busy:  # a job began or ended: the page has something new to show
        st.rerun()
    new = job_news.unread(jobs)
    waiting = sum(job.state == "queued" for job in active)
    counts = {"at_work": (len(active) - waiting, "green"), "waiting": (waiting, "gray"), "new": (len(new), "green")}
    badges = [
        f":{color}-badge[{t(f'activity.{name}', count=count)}]" for name, (count, color) in counts.items() if count
    ]
    label = " ".join([t("activity.title"), *badges])
    if (active or new) and OPEN not in st.session_state:  # by itself once; from then on as the reader leaves it
        st.session_state[OPEN] = st.session_state[DRAWER] = True
    drawer = st.expander(
        label,
        icon=":material/pending_actions:",
        type="compact",
        expanded=st.session_state.get(OPEN, False),
        key=DRAWER,
        on_change=_take,
    )
    if not drawer.open:
        return
    with drawer:
        for job in reversed(active):
            _at_work(job)
        for job in new:
            _ended(job, new=True)
        earlier = [job for job in jobs if job.ended and job.finished is not None and job not in new][:MOST_ENDED]
        if earlier:
            st.caption(t("activity.earlier"))
        for job in earlier:
            _ended(job, new=False)
        if not active and not new and not earlier:
            st.caption(t("activity.nothing"))


def _take() -> None:
    st.session_state[OPEN] = st.session_state[DRAWER]


def _at_work(job: Job) -> None:
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.progress(job.fraction, text=_progress(job))
            show = icon_button(
                t("activity.open"), of=job_title(job), key=f"show.{job.id}", icon=":material/arrow_forward:"
            )
            stop = icon_button(
                t("run.stop"),
                of=job_title(job),
                help=t("activity.stop"),
                key=f"stop.{job.id}",
                icon=":material/stop_circle:",
                disabled=job.state == "stopping",
            )
        st.caption(_doing(job))
    if show:
        job_news.open_job(job)
    if stop:
        state.jobs().stop(job.id)
        st.rerun(scope="fragment")


def _ended(job: Job, *, new: bool) -> None:
    sentence = f"{job_news.icon(job)} {job_news.sentence(job)}"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, key=f"ended-{job.id}"):
        if new:
            st.markdown(sentence, width="stretch")
        else:
            st.caption(f"{sentence} · {tables.moment(str(job.finished))}", width="stretch")
        opened = icon_button(
            t("activity.open"), of=job_title(job), key=f"news.open.{job.id}", icon=":material/arrow_forward:"
        )
        closed = new and icon_button(
            t("activity.close"), of=job_title(job), key=f"news.close.{job.id}", icon=":material/close:"
        )
    if opened or closed:
        job_news.put_away(job)
    if opened:
        job_news.open_job(job)
    if closed:
        st.rerun()


def _progress(job: Job) -> str:
    title = tables.plain(job_title(job))
    return f"{title} · {tables.percent(job.fraction)}" if job.state == "running" else title


def _doing(job: Job) -> str:
    """What it does, and how long it still takes."""
    if job.ended:  # since this was drawn
        return ""
    if job.state == "stopping" or job.message is None:
        return t(f"activity.{job.state}")
    doing = tables.plain(t_message(with_names(job.message)))
    if job.seconds_left is None:
        return doing
    return f"{doing.rstrip('.。…')} · {t('run.left', time=tables.duration(job.seconds_left))}"
