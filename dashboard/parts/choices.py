"""One of several, picked by name: what was picked stays so on the way to other pages and back, for as long as it is offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

Option = TypeVar("Option", bound=str | int)


def segmented(
    label: str,
    names: Mapping[Option, str],
    *,
    key: str,
    first: Option | None = None,
    help: str | None = None,
    wrap: bool = False,
    bare: bool = False,
) -> Option:
    """All options side by side, for a few of them.

    Parameters
    ----------
    first
        The option to start from; by default the first one.
    bare
        Whether the label is read aloud only.
    """
    _start(names, key, first)
    picked = st.segmented_control(
        label,
        list(names),
        format_func=names.__getitem__,
        required=True,
        key=key,
        help=help,
        label_visibility="collapsed" if bare else "visible",
        wrap=wrap,
        persist_state="session",
    )
    return next(iter(names)) if picked is None else picked


def listed(
    label: str, names: Mapping[Option, str], *, key: str, first: Option | None = None, help: str | None = None
) -> Option:
    """A list that opens, for any number of them; ``first`` is the option to start from, by default the first one."""
    _start(names, key, first)
    return st.selectbox(label, list(names), format_func=names.__getitem__, key=key, help=help, persist_state="session")


def _start(names: Mapping[Option, str], key: str, first: Option | None) -> None:
    if st.session_state.get(key) not in names:
        st.session_state[key] = next(iter(names)) if first is None else first
