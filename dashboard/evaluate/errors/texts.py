"""A text on a card, whole: its end is folded where it is long, and its words are marked where they were explained."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from core.networks.explain import Attribution
from dashboard.parts import reasons
from dashboard.shell.i18n import t

LONG = 600  # signs from which on the rest is folded


def styles() -> None:
    """What cards look like; once a tab."""
    st.html(Path(reasons.__file__).with_suffix(".css"))
    st.html(Path(__file__).with_suffix(".css"))


def html(text: str, attribution: Attribution | None = None) -> str:
    """The text, escaped."""
    cut = cut_of(text)

    def part(begin: int, end: int) -> str:
        return escape(text[begin:end]) if attribution is None else reasons.marked(attribution, begin, end)

    folded = ""
    if cut < len(text):
        folded = f"<details><summary>{escape(t('evaluate.show_all'))}</summary><p>{part(cut, len(text))}</p></details>"
    return f"<div class='reasons error-text'><p>{part(0, cut)}</p>{folded}</div>"


def cut_of(text: str) -> int:
    """Up to which sign a text is shown at once: the end of a word, or all of it where little more would be folded."""
    if len(text) <= 1.25 * LONG:
        return len(text)
    space = text.rfind(" ", LONG // 2, LONG)
    return space if space > 0 else LONG
