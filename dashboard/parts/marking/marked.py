"""A text on screen with its entities marked, each with its type; a keyboard and a screen reader walk from one to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import streamlit as st

from core.data.spans.targets import Span
from dashboard.shell.i18n import t
from dashboard.shell.palette import as_text, type_colors

GROUND = 26  # per cent of the type's colour: letters stay readable in both themes


def styles() -> None:
    """What marked texts look like; once a page."""
    st.html(Path(__file__).with_suffix(".css"))


def html(text: str, spans: Sequence[Span], types: Sequence[str], sure: Mapping[Span, float] | None = None) -> str:
    """The text, escaped, with its entities marked.

    Parameters
    ----------
    types
        All types of the model, among which each has its colour.
    sure
        How sure the model is of each entity, 0 to 1.
    """
    colors = type_colors([*types, *(span.type for span in spans)])
    parts, written = [], 0
    for span in sorted(spans):
        if span.start < written:
            continue
        surface, color = text[span.start : span.end], colors[span.type]
        share = f" {100 * sure[span]:.0f} %" if sure is not None and span in sure else ""
        spoken = t("marking.entity", text=surface, type=span.type) + share
        parts += [
            escape(text[written : span.start]),
            f"<mark tabindex='0' role='mark' aria-label='{escape(spoken, quote=True)}' "
            f"style='background:color-mix(in srgb, {color} {GROUND}%, transparent);border-color:{color}'>"
            f"{escape(surface)}<small aria-hidden='true' style='color:{as_text(color, GROUND / 100)}'>"
            f"{escape(span.type)}{share}</small></mark>",
        ]
        written = span.end
    return f"<p class='marked'>{''.join(parts)}{escape(text[written:])}</p>"
