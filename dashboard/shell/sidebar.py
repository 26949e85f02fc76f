"""The frame beside every page: name, classifier, pages, language, running jobs, device; and the link that keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts import tables
from dashboard.parts.plots.comparison_figures import with_names
from dashboard.shell import job_news, state
from dashboard.shell.doors import SIDEBAR_SCRIPT
from dashboard.shell.errors import boundary, guarded_fragment
from dashboard.shell.i18n import LANGUAGES, LINK, language, t, t_message, tn
from dashboard.shell.layout import icon_button
from dashboard.shell.navigation import CLASSIFIER, groups, link, page

if TYPE_CHECKING:
    from core.jobs import Job

BUSY, QUIET = 2.0, 8.0  # seconds between looks at the jobs
WRITTEN = "link.written"
LINKED = "classifier.linked"  # what the link has just named
UNKNOWN = "classifier.unknown"  # a name from a link that no classifier has, and which one is shown instead
MOST_OFFERED = 6

CLOSE_ON_PHONES = f"<script>{SIDEBAR_SCRIPT}</script>"


def adopt_link() -> None:
    """Take over what the link says, when the reader (and not this program) changed it; call first in a run.

    The widgets are not bound with ``bind="query-params"``: a bound parameter makes every `st.switch_page` fail.
    """
    written = st.session_state.setdefault(WRITTEN, {})
    for name in (LINK, CLASSIFIER):
        linked = st.query_params.get(name)
        if linked is not None:
            linked = tables.typed(linked)  # pasted from the page
        if linked is not None and linked != written.get(name):
            st.session_state[name] = linked
            if name == CLASSIFIER:
                st.session_state[LINKED] = linked
    if "classifier.next" in st.session_state:
        st.session_state[CLASSIFIER] = st.session_state.pop("classifier.next")
    if st.session_state.get(LINK) not in LANGUAGES:
        st.session_state[LINK] = language()


def keep_link() -> None:
    """Write language and classifier into the link where they are not there already."""
    wanted = link()
    for name in (LINK, CLASSIFIER):
        if name in wanted and st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]
        elif name not in wanted and name in st.query_params:
            del st.query_params[name]
    st.session_state[WRITTEN] = wanted


def draw() -> None:
    """The whole sidebar; what needs the workspace comes last, since the first look at it takes seconds."""
    with st.sidebar:
        st.html(f"<div class='product'><span>{t('shell.mark')}</span>{t('shell.product')}</div>")
        st.html(CLOSE_ON_PHONES, unsafe_allow_javascript=True)
        picker = st.container()
        for group, names in groups().items():
            st.caption(t(f"shell.group_{group}"))
            with st.container(gap="xxsmall"):
                for name in names:
                    st.page_link(page(name), query_params=link(), width="stretch")
        running = st.container()
        st.segmented_control(
            t("shell.language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            required=True,
            key=LINK,
            on_change=_choose_again,
            persist_state="session",
        )
        device = st.empty()
    with boundary(), st.spinner(t("shell.opening")):
        names = [classifier.name for classifier in state.classifiers()]
        with picker:
            _classifier_picker(names)
        device.caption(f":material/memory: {_device_line()}")
    with running, boundary():
        _job_list()
    job_news.toast()


def _choose_again() -> None:
    """Choose anew what is chosen, before a page is drawn in another language.

    A browser sends a choice back as it is written; in the new language nothing is written so, and the choice would be lost.
    """
    for key, value in st.session_state.items():
        several = isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
        if several or (isinstance(value, str | int | float) and not isinstance(value, bool)):
            st.session_state[key] = value


def _classifier_picker(names: list[str]) -> None:
    linked = st.session_state.pop(LINKED, None)
    if st.session_state.get(CLASSIFIER) not in names:
        st.session_state[CLASSIFIER] = st.session_state[job_news.NOBODYS_CHOICE] = names[0] if names else None
    if linked is not None and linked not in names:
        st.session_state[UNKNOWN] = (linked, st.session_state[CLASSIFIER])
    st.selectbox(
        t("shell.classifier"),
        names,
        key=CLASSIFIER,
        placeholder=t("shell.no_classifier"),
        disabled=not names,
        persist_state="session",
    )


def tell_unknown() -> None:
    """Above the page: that the link names a classifier that there is not, which one is shown instead, and which there are."""
    linked, instead = st.session_state.get(UNKNOWN, (None, None))
    if linked is None or st.session_state.get(CLASSIFIER) != instead:
        st.session_state.pop(UNKNOWN, None)
        return
    facts = {"classifier": tables.plain(str(linked))}
    if instead is None:
        st.warning(t("shell.unknown_and_none", **facts), icon=":material/link_off:")
        return
    st.warning(t("shell.unknown_classifier", **facts, instead=tables.plain(instead)), icon=":material/link_off:")
    others = [known.name for known in state.classifiers() if known.name != instead]
    with st.container(horizontal=True, key="unknown-classifier"):
        for name in others[:MOST_OFFERED]:
            label = t("shell.open_classifier", classifier=tables.plain(name))
            if st.button(label, key=f"unknown.open.{name}"):
                state.choose_classifier(name)
                st.rerun()
        if st.button(
            t("shell.keep_classifier", classifier=tables.plain(instead)), key="unknown.close", type="tertiary"
        ):
            st.session_state.pop(UNKNOWN)
            st.rerun()


def _job_list() -> None:
    busy = bool(state.active_jobs())
    guarded_fragment(run_every=BUSY if busy else QUIET)(_jobs)(busy)


def _jobs(busy: bool) -> None:
    jobs = state.jobs().list()  # whoever looks also starts the next job that waits
    active = [job for job in jobs if job.state in state.ACTIVE]
    if job_news.listen(jobs) or bool(active) != busy:  # a job began or ended: the page has something new to show
        st.rerun()
    job_news.draw(jobs)
    if not active:
        return
    st.caption(t("shell.jobs"))
    for job in reversed(active):
        with st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                st.progress(job.fraction, text=_progress_text(job))
                show = icon_button(
                    t("shell.show_job"), of=job.title, key=f"show.{job.id}", icon=":material/arrow_forward:"
                )
                stop = icon_button(
                    t("run.stop"),
                    of=job.title,
                    help=t("shell.stop"),
                    key=f"stop.{job.id}",
                    icon=":material/stop_circle:",
                    disabled=job.state == "stopping",
                )
            st.caption(_what_it_does(job))
        if show:
            job_news.open_job(job)
        if stop:
            state.jobs().stop(job.id)
            st.rerun(scope="fragment")


def _progress_text(job: Job) -> str:
    title = tables.plain(job.title)
    return f"{title} · {tables.percent(job.fraction)}" if job.state == "running" else title


def _what_it_does(job: Job) -> str:
    if job.state == "stopping" or job.message is None:
        return t(f"shell.job_{job.state}")
    return tables.plain(t_message(with_names(job.message)))


def _device_line() -> str:
    device = state.device()
    if device.kind == "cuda":
        return t("shell.device_cuda", name=device.name)
    return tn("shell.device_cpu", device.cores)
