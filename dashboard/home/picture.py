"""What this product is, for who comes for the first time: one sentence, and one picture in the colours of the theme."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

import streamlit as st

from dashboard.shell.i18n import t
from dashboard.shell.palette import palette

DRAWINGS = Path(__file__).with_suffix("")
STEPS = ("texts", "model", "batch", "kept")
NO_COLORS = "/* the colours of the theme */"  # stands in each drawing


def draw() -> None:
    """The sentence, and the picture below it."""
    st.markdown(t("home.welcome"))
    st.html(_picture())


def _picture() -> str:
    """Four drawings in a row, with a word below each."""
    steps = [
        f"<div class='step'><img alt='' src='{_drawing(step)}'><span>{escape(t(f'home.picture_{step}'))}</span></div>"
        for step in STEPS
    ]
    about = escape(t("home.picture_about"), quote=True)
    return f"<div class='story' role='img' aria-label='{about}'>{'<i></i>'.join(steps)}</div>"


def _drawing(step: str) -> str:
    """A drawing as an address of itself: Streamlit lets no drawing into a page, but images."""
    drawn = (DRAWINGS / f"{step}.svg").read_text(encoding="utf-8").replace(NO_COLORS, _colors())
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"


def _colors() -> str:
    colors = palette()
    one, two, three = colors.categorical[:3]
    fills = {"paper rect": colors.background, "before rect": colors.muted, "one rect": one, "two rect": two}
    fills |= {"three rect": three, "leaf": "#1f7a4d", "blade": "#ffffff", "vein, .way": "none"}
    strokes = {"paper rect": colors.line, "ink path, .ground, .way": colors.muted, "vein": "#1f7a4d"}
    rules = [f".{of} {{ fill: {color} }}" for of, color in fills.items()]
    rules += [f".{of} {{ stroke: {color}; stroke-linecap: round }}" for of, color in strokes.items()]
    return " ".join(
        [*rules, ".ink path, .way, .vein { stroke-width: 2.5 } .ink path { opacity: 0.5 } .before { opacity: 0.35 }"]
    )
