"""One text after the other, labelled by typing: the browser goes on without waiting for the server.

The first letters of a label narrow the labels, and Enter or the only one left gives it; a name that no label has is a new one
(with a + before it also where its letters begin another label). With nothing typed, 1 to 9 give one of the first labels, Enter
keeps the label that stands (or takes the suggested one), → skips, ← or Backspace undoes. Where a text may have several labels,
the same puts a label on and takes it off, and Enter goes on with those that are on.

The browser numbers what was done and repeats it until the server has confirmed it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dashboard.parts.components.assets import made_of

_keys = made_of("label_keys")

WORDS = (
    *("title", "count", "given", "suggested", "field", "first", "labels", "digits", "keep", "keys"),
    *("typing", "adds", "matches", "skip", "undo", "skipped", "undone", "finished", "waiting", "next", "none"),
)
Take = Callable[[int | None, str | None], None]


@dataclass(frozen=True)
class View:
    """What is shown.

    Parameters
    ----------
    session
        The session's id; answers that were on their way for another session are dropped.
    counts
        How many texts have each label.
    queue
        The next texts: ``place``, ``text``, ``given``, ``suggested``; more than somebody labels between two reports.
    past
        The latest ones, with their ``label``, for undoing.
    done, labelled, total
        How many texts were looked at, have a label, and are there.
    words
        The sentences on screen by the names in `WORDS`.
    several
        Whether a text may have several labels: an answer is then their names with | between, | alone for none.
    """

    session: str
    labels: Sequence[str]
    counts: dict[str, int]
    queue: Sequence[dict[str, Any]]
    past: Sequence[dict[str, Any]]
    done: int
    labelled: int
    total: int
    words: dict[str, str]
    several: bool = False


def label_keys(view: View, *, key: str, take: Take) -> None:
    """Draw it.

    Parameters
    ----------
    take
        The function that is called once for each thing done, in order: with the text's position and its label (None:
        skipped), which may be a new one, or with None and None to undo.
    """
    confirmed: dict[str, int] = st.session_state.setdefault(f"{key}.confirmed", {})
    data = {**vars(view), "confirmed": dict(confirmed)}
    # A callback, since it must be done before the next view is made.
    _keys(key=key, data=data, default={"log": None}, on_log_change=partial(_take_log, key, view.session, take))


def _take_log(key: str, session: str, take: Take) -> None:
    take_actions(st.session_state[key].get("log"), session, st.session_state[f"{key}.confirmed"], take)


def take_actions(log: dict[str, Any] | None, session: str, confirmed: dict[str, int], take: Take) -> None:
    """Do what the browser reports and was not done yet; ``confirmed`` (browser → number) is brought up to date."""
    if not log or log["session"] != session:
        return
    client = str(log["client"])
    for action in log["actions"]:
        if action["number"] <= confirmed.get(client, 0):
            continue
        if action.get("undo"):
            take(None, None)
        else:
            take(int(action["place"]), action["label"])
        confirmed[client] = int(action["number"])
