"""A text box that reports what is typed while it is typed; Streamlit's own reports on leaving the box.

The browser's text is the truth: a rerun never writes into the box, so no keystroke and no cursor position is lost.
Only `set_live_text` writes, by raising the revision number that the box compares.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashboard.parts.components.assets import made_of

_box = made_of("live_text")


def live_text(label: str, *, key: str, placeholder: str = "", debounce_ms: int = 120, height: int = 120) -> str:
    """Draw the box and return its text as last reported.

    Parameters
    ----------
    key
        The name of the box; its text survives page switches under it.
    debounce_ms
        Milliseconds for which the keyboard must rest before the text is reported. Text that an input method is still composing
        (pinyin) is never reported.
    height
        The height of the box in pixels; the reader can drag it taller.
    """
    held = _held(key)
    data = {
        "label": label,
        "placeholder": placeholder,
        "text": held["text"],
        "revision": held["revision"],
        "debounce": debounce_ms,
        "height": height,
    }
    # A callback, since a report sent on leaving the page arrives when this function runs no more.
    _box(key=f"{key}.box", data=data, default={"typed": None}, on_typed_change=partial(_take_report, key))
    return str(_held(key)["text"])


def set_live_text(key: str, text: str) -> None:
    """Write into the box, such as an example that was chosen; takes effect where the box is drawn next."""
    held = _held(key)
    held["text"] = text
    held["revision"] += 1


def _take_report(key: str) -> None:
    held, typed = _held(key), st.session_state[f"{key}.box"].get("typed")
    # A report of an older revision was on its way when Python wrote into the box: what Python wrote stands.
    if typed and typed["revision"] == held["revision"]:
        held["text"] = typed["text"]


def _held(key: str) -> dict[str, Any]:
    held: dict[str, Any] = st.session_state.setdefault(f"{key}.held", {"text": "", "revision": 1})
    return held
