"""Stretches of texts marked by dragging or by keys: one text after the other, or a single one that is put right.

Dragging, or Shift with the arrows, selects characters; a number, the first letter of a type or a click on it marks them. A
click on what is marked, or Enter there, selects it: another type changes it, and Delete removes it. With nothing selected Enter
accepts all and goes on. Places count characters as Python does.

The browser numbers what was done and repeats it until the server has confirmed it, as `label_keys` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dashboard.parts.components.assets import made_of
from dashboard.parts.components.label_keys import Take, take_actions
from dashboard.parts.marking.marked import GROUND
from dashboard.shell.i18n import t
from dashboard.shell.palette import as_text, palette, type_colors

_marker = made_of("mark_spans", "mark_spans_text")

WORDS = (
    *(
        "title",
        "text",
        "count",
        "select",
        "stretch",
        "chosen",
        "suggested",
        "types",
        "fresh",
        "first",
        "remove",
        "next",
    ),
    *("model", "skip", "undo", "keys", "kept", "skipped", "undone", "removed", "finished", "waiting", "none", "blank"),
)
SINGLE = ("next", "undo", "select", "keys")  # words that are others where a single text is put right
PLACES = ("done", "labelled", "total", "text", "type", "entities")  # that the browser fills


@dataclass(frozen=True)
class MarkView:
    """What is shown.

    Parameters
    ----------
    session
        The name of what is marked; answers that were on their way for something else are dropped.
    counts
        How many entities have each type.
    queue
        The next texts: ``place``, ``text``, ``spans`` that are marked at first as start, end, type and where known a
        probability, and ``model``, those that a model marks, or None.
    past
        The latest ones, with their target as ``label``, for undoing.
    done, labelled, total
        How many texts were looked at, have a target, and are there.
    single
        Whether there is one text alone, which is put right.
    keep
        What stands on the button that keeps it, where that is not a correction.
    """

    session: str
    types: Sequence[str]
    queue: Sequence[dict[str, Any]]
    counts: dict[str, int]
    past: Sequence[dict[str, Any]] = ()
    done: int = 0
    labelled: int = 0
    total: int = 1
    single: bool = False
    keep: str = ""


def mark_spans(view: MarkView, *, key: str, take: Take) -> None:
    """Draw it.

    Parameters
    ----------
    take
        The function that is called once for each thing done, in order: with the text's position and its target (None: skipped),
        or with None and None to undo.
    """
    confirmed: dict[str, int] = st.session_state.setdefault(f"{key}.confirmed", {})
    data = {
        **vars(view),
        "words": words_of(view.single) | ({"next": view.keep} if view.keep else {}),
        "colors": colors_of(view),
        "fresh": _line_and_word(
            palette().muted
        ),  # of types that are named in the browser, until the next view knows them
        "ground": f"{GROUND}%",
        "confirmed": dict(confirmed),
    }
    # A callback, since it must be done before the next view is made.
    _marker(key=key, data=data, default={"log": None}, on_log_change=partial(_take_log, key, view.session, take))


def colors_of(view: MarkView) -> dict[str, list[str]]:
    """The colours of each type that is shown: of its line, and of words on its ground."""
    marked = [span[2] for item in view.queue for span in (*item["spans"], *(item.get("model") or ()))]
    return {name: _line_and_word(color) for name, color in type_colors([*view.types, *marked]).items()}


def _line_and_word(color: str) -> list[str]:
    return [color, as_text(color, GROUND / 100)]


def words_of(single: bool) -> dict[str, str]:
    """The sentences on screen, with places that the browser fills."""
    blanks = {name: f"{{{name}}}" for name in PLACES}
    words = {name: t(f"marking.{name}{'_single' if single and name in SINGLE else ''}", **blanks) for name in WORDS}
    return {**words, "entity": t("marking.entity", **blanks)}


def _take_log(key: str, session: str, take: Take) -> None:
    take_actions(st.session_state[key].get("log"), session, st.session_state[f"{key}.confirmed"], take)
