"""Against the gate with two people: the name of who asks, and what waits until somebody else confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.registry.second_person import NAME_CHARACTERS
from dashboard.parts import tables
from dashboard.shell import state
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import VersionInfo


def asks(version: VersionInfo, *, key: str) -> str | None:
    """The field for the name of who asks, where the model takes two people; None where it does not."""
    if not state.statements(version.classifier).two_people:
        return None
    st.caption(t("people.two"))
    name = st.text_input(t("people.who"), key=f"{key}.who", max_chars=NAME_CHARACTERS, autocomplete="name")
    return tables.typed(name or "").strip()


def confirms(version: VersionInfo, *, key: str) -> str | None:
    """What waits for a second person, if something does; returns the name that was given when the button is pressed."""
    request = state.override_request(version)
    if request is None:
        return None
    with st.container(border=True, key=f"{key}-waits", gap="small"):
        facts = {"name": request.by, "when": tables.moment(request.at), "version": version.number}
        facts["reason"] = request.reason
        st.markdown(f":material/group: {tables.plain(t('people.waits', **facts))}")
        with st.form(f"{key}.confirm_form", border=False):
            name = st.text_input(
                t("people.second"), key=f"{key}.second", max_chars=NAME_CHARACTERS, width=320, autocomplete="off"
            )
            pressed = st.form_submit_button(
                t("people.confirm", version=version.number), key=f"{key}.confirm", icon=":material/group:"
            )
        st.caption(t("people.again"))
    return tables.typed(name or "") if pressed else None
