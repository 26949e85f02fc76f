"""The row of tabs of a page: only the open one is drawn, and the link names it (``?tab=quality``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import streamlit as st

from dashboard.shell.i18n import language, t
from dashboard.shell.navigation import ASKED_TAB, TAB, Place

OPEN = "tabs.open"  # in the session: page → its tab that was open last
WRITTEN = "tabs.written"  # in the session: page → what its link says of the tab
DONE = ":material/check: "  # before the name of a tab whose work is done


def row(page: str, parts: Mapping[str, Callable[[], None]], *, done: Collection[str] = ()) -> None:
    """Draw the row, and below it what the open tab holds.

    Parameters
    ----------
    parts
        Name of each tab → what draws it. What a model does not have is not among them. The first is open at first.
    done
        Those whose names bear a tick.
    """
    names = list(parts)
    opened = _opened(page, names)
    labels = {name: f"{DONE if name in done else ''}{t(f'{page}.tab_{name}')}" for name in names}
    # An open tab is known by its visible name, among those that there are.
    key = f"tabs.{page}.{language()}.{len(names)}"
    st.session_state[key] = labels[opened]
    places = st.tabs(list(labels.values()), key=key, on_change=lambda: _take(page, key, labels))
    st.session_state.setdefault(WRITTEN, {})[page] = opened
    if st.query_params.get(TAB, names[0]) != opened:
        st.query_params[TAB] = opened
    with places[names.index(opened)]:
        parts[opened]()


def opened(page: str) -> str | None:
    """The tab of a page that was open last."""
    known: dict[str, str] = st.session_state.get(OPEN, {})
    return known.get(page)


def show(page: str, tab: str) -> None:
    """Have a page open with this tab, from the next run of the script."""
    st.session_state[ASKED_TAB] = Place(page, tab)


def _take(page: str, key: str, labels: Mapping[str, str]) -> None:
    shown = str(st.session_state[key]).removeprefix(DONE)  # it may have come or gone since
    name = next((name for name, label in labels.items() if label.removeprefix(DONE) == shown), next(iter(labels)))
    _remember(page, name)
    st.query_params[TAB] = name


def _remember(page: str, name: str) -> None:
    st.session_state.setdefault(OPEN, {})[page] = name


def _opened(page: str, names: list[str]) -> str:
    """What another page asked for; else what the reader has just written into the link; else what was open last."""
    asked = st.session_state.get(ASKED_TAB)
    if asked is not None and asked.page == page:
        del st.session_state[ASKED_TAB]
        if asked.tab in names:
            _remember(page, asked.tab)
    else:
        linked = st.query_params.get(TAB)
        if linked in names and linked != st.session_state.get(WRITTEN, {}).get(page):
            _remember(page, str(linked))
    last = opened(page)
    return last if last in names else names[0]
