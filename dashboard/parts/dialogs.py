"""The dialog that asks before something is deleted."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t


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
