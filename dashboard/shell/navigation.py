"""The pages, their order and addresses; how to go to one and keep the link.

The link carries the language and the classifier (``?lang=zh&classifier=Shop reviews``), so that it can be shared.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import Page

from core.jobs.kinds import KINDS
from dashboard.shell.i18n import LINK, browser_language, language, t

ROOT = Path(__file__).resolve().parent.parent.parent
CLASSIFIER = "classifier"  # name in the link and in the session
FIRST_PAGE = "overview"  # what the root address shows

WORK = {
    "overview": ":material/home:",
    "data": ":material/table_view:",
    "train": ":material/model_training:",
    "results": ":material/insights:",
    "predict": ":material/edit_note:",
    "update": ":material/autorenew:",
}
LIBRARY = {
    "quality": ":material/fact_check:",
    "label": ":material/new_label:",
    "lab": ":material/science:",
    "pretrain": ":material/school:",
    "models": ":material/inventory_2:",
    "benchmark": ":material/speed:",
    "search": ":material/tune:",
}
ICONS = WORK | LIBRARY
JOB_PAGES = {name: kind.page for name, kind in KINDS.items()}  # where a job of each kind is shown


def page(name: str) -> Page:
    """The page of this name, titled in the session's language."""
    path = ROOT / "pages" / f"{name}.py"
    return st.Page(path, title=t(f"shell.page_{name}"), icon=ICONS[name], url_path=name, default=name == FIRST_PAGE)


def groups() -> dict[str, list[str]]:
    """Page names by group: the daily work, and the library."""
    return {"work": list(WORK), "library": list(LIBRARY)}


def link() -> dict[str, str]:
    """What the link has to carry to the next page."""
    carried = {}
    if language() != browser_language():
        carried[LINK] = language()
    if st.session_state.get(CLASSIFIER):
        carried[CLASSIFIER] = st.session_state[CLASSIFIER]
    return carried


def go(name: str) -> NoReturn:
    """Leave for another page; the rest of the script does not run."""
    st.switch_page(page(name), query_params=link())
