"""Buttons that download the report of a version: one HTML file to show around, a model card as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts.versions.serving import bundle_name
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import catalogue, language, t

if TYPE_CHECKING:
    from core.registry import VersionInfo

LONGEST = 120  # seconds that a page waits for what became of a file

Outcomes = SimpleQueue[Exception | None]  # of files that were asked for: None where one was written


@guarded_fragment()
def draw(version: VersionInfo, *, key: str) -> None:
    """A small section with both buttons; the files are written when somebody asks for them, in the reader's language."""
    layout.section(t("report.title"), help=t("report.help"))
    name, current = bundle_name(version).removesuffix(".zip"), language()
    outcomes: Outcomes = st.session_state.setdefault(f"{key}.report_outcomes", SimpleQueue())
    with st.container(horizontal=True):
        html = st.download_button(
            t("report.html"),
            partial(attempt, lambda: written(version, current, html=True), outcomes),
            file_name=f"{name}-report.html",
            mime="text/html",
            key=f"{key}.report",
            icon=":material/description:",
        )
        card = st.download_button(
            t("report.card"),
            partial(attempt, lambda: written(version, current, html=False), outcomes),
            file_name=f"{name}-model-card.md",
            mime="text/markdown",
            key=f"{key}.card",
            icon=":material/article:",
        )
    if html or card:
        with st.spinner(t("report.writing")):
            raise_failure(outcomes)


def attempt(write: Callable[[], bytes], outcomes: Outcomes) -> bytes:
    """Write a file outside of the page's script, where nothing can be shown, and leave word of how that ended."""
    try:
        content = write()
    except Exception as error:
        outcomes.put(error)
        raise
    outcomes.put(None)
    return content


def raise_failure(outcomes: Outcomes, seconds: float = LONGEST) -> None:
    """Wait until the file that was asked for is written; raise what went wrong, so that the page shows it."""
    try:
        failure = outcomes.get(timeout=seconds)
    except Empty:
        return
    if failure is not None:
        raise failure


def written(version: VersionInfo, language: str, *, html: bool) -> bytes:
    """The report in one language."""
    from core.workflows.report.document import ReportLanguage
    from core.workflows.report.run import gather, html_report, model_card

    texts = catalogue(language)
    words = ReportLanguage(language, lambda key, english: texts.get(key, english))
    reported = gather(version, state.workspace())
    return (html_report if html else model_card)(reported, words).encode("utf-8")
