"""What a reader is asked: one of several, picked by name, which stays so on the way to other pages and back for as long as it is
offered; and whether something is to be deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t

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


def confirm_deletion(
    title: str, page: str, delete: Callable[[str], None], name: str, tell: Callable[[], bool] | None = None
) -> None:
    """Ask before ``delete`` is called with the name; all words but the title are the page's own.

    Parameters
    ----------
    tell
        Draws what hangs on it, in place of the page's ``delete_text``; returns whether it may be deleted now.
    """

    def body() -> None:
        with boundary():
            if tell is None:
                st.markdown(t(f"{page}.delete_text"))
            free = tell is None or tell()
            with st.container(horizontal=True):
                yes = st.button(
                    t(f"{page}.delete"),
                    type="primary",
                    key=f"{page}.delete-yes",
                    disabled=not free,
                    on_click=delete,
                    args=(name,),
                )
                no = st.button(t(f"{page}.cancel"), key=f"{page}.delete-no")
            if yes or no:  # a rerun of the page closes the dialog
                st.rerun()

    st.dialog(title)(body)()
