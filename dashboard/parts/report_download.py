"""Buttons that download the report of a version: one HTML file to show around, a model card as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.workflows.report.document import ReportLanguage
from core.workflows.report.run import gather, html_report, model_card
from dashboard.parts.serving import bundle_name
from dashboard.shell import layout, state
from dashboard.shell.i18n import catalogue, language, t

if TYPE_CHECKING:
    from core.registry import VersionInfo


def draw(version: VersionInfo, *, key: str) -> None:
    """A small section with both buttons; the files are written when somebody asks for them, in the reader's language."""
    layout.section(t("report.title"), help=t("report.help"))
    name, current = bundle_name(version).removesuffix(".zip"), language()
    with st.container(horizontal=True):
        st.download_button(
            t("report.html"),
            lambda: written(version, current, html=True),
            file_name=f"{name}-report.html",
            mime="text/html",
            key=f"{key}.report",
            icon=":material/description:",
            on_click="ignore",
        )
        st.download_button(
            t("report.card"),
            lambda: written(version, current, html=False),
            file_name=f"{name}-model-card.md",
            mime="text/markdown",
            key=f"{key}.card",
            icon=":material/article:",
            on_click="ignore",
        )


def written(version: VersionInfo, language: str, *, html: bool) -> bytes:
    """The report in one language."""
    texts = catalogue(language)
    words = ReportLanguage(language, lambda key, english: texts.get(key, english))
    reported = gather(version, state.workspace())
    return (html_report if html else model_card)(reported, words).encode("utf-8")
