"""The pages, their order and addresses; how to go to one, and to a tab of it, and keep the link.

The link carries the language, the model and the open tab (``?lang=zh&classifier=Shop reviews&tab=quality``), so that it can be
shared.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, NoReturn

import streamlit as st
from streamlit.navigation.page import Page
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.shell.i18n import LINK, browser_language, language, t

ROOT = Path(__file__).resolve().parent.parent.parent
CLASSIFIER = "classifier"  # name in the link and in the session
TAB = "tab"  # name in the link
FIRST_PAGE = "home"  # what the root address shows
ASKED_TAB = "tabs.asked"  # in the session: page and tab that it is to open with
ASKED_PAGE = "pages.asked"  # in the session: where a part of a page wants to go


class Place(NamedTuple):
    """A page, and one of its tabs; no tab leaves open what was open last."""

    page: str
    tab: str = ""


WORK = {
    "home": ":material/home:",
    "overview": ":material/space_dashboard:",
    "data": ":material/table_view:",
    "train": ":material/model_training:",
    "evaluate": ":material/insights:",
    "update": ":material/autorenew:",
    "use": ":material/edit_note:",
}
TOOLS = {"lab": ":material/science:"}
LAST = {"settings": ":material/settings:"}
ICONS = WORK | TOOLS | LAST
# Addresses of the first edition, which stand in people's bookmarks.
EARLIER = {
    "results": Place("evaluate"),
    "predict": Place("use", "try"),
    "models": Place("overview"),
    "quality": Place("data", "quality"),
    "label": Place("data", "labelling"),
    "pretrain": Place("train", "base"),
    "search": Place("train", "search"),
    "benchmark": Place("use", "speed"),
}
# Where a job of each kind is shown.
JOB_PLACES = {
    "train": Place("train", "new"),
    "update": Place("update"),
    "compare": Place("lab"),
    "mitigate": Place("lab", "fairness"),
    "forget": Place("settings"),
    "curve": Place("evaluate", "compare"),
    "folds": Place("evaluate", "compare"),
    "membership": Place("evaluate", "privacy"),
    "pretrain": Place("train", "base"),
    "benchmark": Place("use", "speed"),
    "fairness": Place("evaluate", "fairness"),
    "search": Place("train", "search"),
    "inspect": Place("data", "quality"),
    "trial": Place("update", "autopilot"),
    "simulate": Place("update", "autopilot"),
}


def page(name: str) -> Page:
    """The page of this name, titled in the session's language."""
    path = ROOT / "pages" / f"{name}.py"
    return st.Page(path, title=t(f"shell.page_{name}"), icon=ICONS[name], url_path=name, default=name == FIRST_PAGE)


def link(name: str = "") -> dict[str, str]:
    """What the link has to carry to a page. Home is about all models, so its link names none."""
    carried = {}
    if language() != browser_language():
        carried[LINK] = language()
    if st.session_state.get(CLASSIFIER) and name != FIRST_PAGE:
        carried[CLASSIFIER] = st.session_state[CLASSIFIER]
    return carried


def go(name: str, tab: str = "") -> NoReturn:
    """Leave for another page; the rest of the script does not run.

    Where only a part of the page runs, the page begins anew first: what that part still draws would be sent to the next page,
    which has no place for it, and the browser would show nothing at all.
    """
    if tab:
        st.session_state[ASKED_TAB] = Place(name, tab)
    context = get_script_run_ctx()
    if context is not None and context.fragment_ids_this_run:
        st.session_state[ASKED_PAGE] = name
        st.rerun()
    st.switch_page(page(name), query_params=link(name))


def go_on() -> None:
    """Leave for the page that a part of the page before asked for, if any; call before anything is drawn."""
    name = st.session_state.pop(ASKED_PAGE, None)
    if name is not None:
        go(name)
