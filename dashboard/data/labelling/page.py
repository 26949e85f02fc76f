"""The labelling sessions: which one is open, the list of all, and how to go on with one."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from core.base.config import home
from core.base.errors import DataError
from core.data.labelling.sessions import LabellingStore, SessionInfo
from dashboard.parts import tables
from dashboard.parts.correcting import LABELLING as OPEN
from dashboard.shell import layout
from dashboard.shell.i18n import t, tn

LINK = "labelling"  # in the link, so that a reload finds the open session again
ASKED = "label.asked"  # in the session: another place asked for a new labelling, which then comes first
SHOWN = 3  # sessions before "show all"


def store() -> LabellingStore:
    """The sessions of this workspace."""
    return LabellingStore(home())


def opened() -> SessionInfo | None:
    """The session that this browser looks at."""
    identity = st.session_state.get(OPEN) or st.query_params.get(LINK)
    if identity:
        with suppress(DataError):  # deleted since
            session = store().info(str(identity))
            open_session(session.id)
            return session
    close()
    return None


def open_session(identity: str) -> None:
    """Look at a session from the next rerun on."""
    st.session_state[OPEN] = identity
    st.session_state.pop(ASKED, None)
    if st.query_params.get(LINK) != identity:
        st.query_params[LINK] = identity


def close() -> None:
    """Back to the list."""
    st.session_state.pop(OPEN, None)
    if LINK in st.query_params:
        del st.query_params[LINK]


def sessions() -> None:
    """All sessions, a line each."""
    known = store().list()
    if not known:
        return
    layout.section(t("label.sessions"))
    show_all = st.session_state.get("label.all", False)
    leading = not st.session_state.get(ASKED)
    for index, session in enumerate(known if show_all else known[:SHOWN]):
        _line(session, first=leading and index == 0)
    if len(known) > SHOWN and not show_all:
        st.button(t("data.show_all", count=len(known)), key="label.all-button", type="tertiary", on_click=_show_all)


def _show_all() -> None:
    st.session_state["label.all"] = True


def _line(session: SessionInfo, *, first: bool) -> None:
    standing = store().standing(session.id)
    done = len(standing.answers)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"label-session-{session.id}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{tables.plain(session.name)}**")
            looked = tn("label.looked_at", done, total=tables.thousands(session.rows))
            st.caption(" · ".join([t(f"label.kind_{session.kind}"), looked, tables.moment(session.created)]))
        with st.container(horizontal=True, gap="small", width="content"):
            st.button(
                t("label.go_on"),
                key=f"label.go_on.{session.id}",
                type="primary" if first else "secondary",
                on_click=open_session,
                args=[session.id],
            )
            layout.icon_button(
                t("label.delete"),
                of=session.name,
                help=t("label.delete_help"),
                key=f"label.delete.{session.id}",
                icon=":material/delete:",
                on_click=store().delete,
                args=[session.id],
            )
