"""The frame beside every page: name, model, pages, activity, language, device; and the link that keeps them."""

from __future__ import annotations

import streamlit as st

from dashboard.parts import tables
from dashboard.parts.versions import health
from dashboard.shell import activity, job_news, state
from dashboard.shell.doors import SIDEBAR_SCRIPT
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import LANGUAGES, LINK, language, t, tn
from dashboard.shell.navigation import CLASSIFIER, FIRST_PAGE, LAST, TOOLS, WORK, go, link, page

WRITTEN = "link.written"
LINKED = "classifier.linked"  # what the link has just named
# A name that no classifier has, which one is shown instead, and whence the name: of a "link", or of one that is "gone".
UNKNOWN = "classifier.unknown"
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
        if name == LINK and LINK in st.session_state:
            continue  # a step back or forward leads to a link in the language of then
        if linked is not None and linked != written.get(name):
            st.session_state[name] = linked
            if name == CLASSIFIER:
                st.session_state[LINKED] = linked
    if "classifier.next" in st.session_state:
        st.session_state[CLASSIFIER] = st.session_state.pop("classifier.next")
    if st.session_state.get(LINK) not in LANGUAGES:
        st.session_state[LINK] = language()


def keep_link(current: str) -> None:
    """Write language and classifier into the link of a page where they are not there already."""
    wanted = link(current)
    for name in (LINK, CLASSIFIER):
        if name in wanted and st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]
        elif name not in wanted and name in st.query_params:
            del st.query_params[name]
    st.session_state[WRITTEN] = wanted


def open_earlier(current: str) -> None:
    """The root showed the overview of the model that the link names, and still does: Home, which is there now, names none."""
    if current == FIRST_PAGE and st.session_state.get(LINKED) and state.classifiers():
        go("overview")


def draw(current: str) -> None:
    """The whole sidebar beside a page; what needs the workspace comes last, since the first look at it takes seconds."""
    with st.sidebar:
        st.html(f"<div class='product'><span>{t('shell.mark')}</span>{t('shell.product')}</div>")
        st.html(CLOSE_ON_PHONES, unsafe_allow_javascript=True)
        picker = st.container()
        with st.container(gap="xxsmall"):
            for name in WORK:
                _page_link(name)
        with st.container(gap="xxsmall"):
            with st.expander(
                t("shell.tools"), icon=":material/construction:", type="compact", key="tools", expanded=current in TOOLS
            ):
                for name in TOOLS:
                    _page_link(name)
            for name in LAST:
                _page_link(name)
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
            _state_of_model()
        device.caption(f":material/memory: {_device_line()}")
    with running, boundary():
        activity.draw()
    job_news.toast()


def _page_link(name: str) -> None:
    st.page_link(page(name), query_params=link(name), width="stretch")


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
    before = st.session_state.get(CLASSIFIER)
    if before not in names:
        st.session_state[CLASSIFIER] = st.session_state[job_news.NOBODYS_CHOICE] = names[0] if names else None
    if linked is not None and linked not in names:
        st.session_state[UNKNOWN] = (linked, st.session_state[CLASSIFIER], "link")
    elif before is not None and before not in names:  # deleted in another window
        st.session_state[UNKNOWN] = (before, st.session_state[CLASSIFIER], "gone")
    st.selectbox(
        t("shell.classifier"),
        names,
        key=CLASSIFIER,
        placeholder=t("shell.no_classifier"),
        disabled=not names,
        on_change=_follow,
        persist_state="session",
    )


def _follow() -> None:
    """Where a dataset is asked for, the one that the chosen model was first trained on comes first."""
    learned = state.first_learned(st.session_state[CLASSIFIER])
    if state.store().has(learned):
        state.choose_dataset(learned)


def _state_of_model() -> None:
    """Below the picker: what the model is for, which version serves, and whether all is well with it."""
    classifier = state.chosen_classifier()
    if classifier is not None:
        line, meaning = health.line(classifier)
        st.caption(line, help=meaning)


def tell_unknown() -> None:
    """Above the page: that there is no classifier that the link names or that was shown before, which one is shown instead, and
    which there are.
    """
    missing, instead, whence = st.session_state.get(UNKNOWN, (None, None, ""))
    if missing is None or st.session_state.get(CLASSIFIER) != instead:
        st.session_state.pop(UNKNOWN, None)
        return
    facts = {"classifier": tables.plain(str(missing))}
    if instead is None:
        st.warning(t(f"shell.{whence}_and_none", **facts), icon=":material/link_off:")
        return
    st.warning(t(f"shell.{whence}_instead", **facts, instead=tables.plain(instead)), icon=":material/link_off:")
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


def _device_line() -> str:
    device = state.device()
    if device.kind == "cuda":
        return t("shell.device_cuda", name=device.name)
    return tn("shell.device_cpu", device.cores)
