"""The button by which a person begins to label kept texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.workflows.monitor import TEXTS, Draw
from core.workflows.versions.folder import VersionFolder
from dashboard.parts import correcting
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.registry import VersionInfo

KEY = "use.monitor"


def label(version: VersionInfo, days: int, drawn: Draw, *, primary: bool = False) -> None:
    """The button that lets a person label kept texts."""
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    about = t(f"monitor.label_{drawn}_help")
    name = tn(f"monitor.label_{drawn}", TEXTS)
    if st.button(name, key=f"{KEY}.label.{drawn}.{kind}", type=kind, icon=":material/label:", help=about):
        from core.workflows.monitor.labelling import begin_from_use  # loads scikit-learn, for which no page should wait

        try:
            session = begin_from_use(
                version, home(), VersionFolder(state.version_folder(version)), draw=drawn, days=days
            )
        except CoreError as error:
            show_error(error)
            return
        st.session_state[correcting.LABELLING] = session.id
        go("data", "labelling")
