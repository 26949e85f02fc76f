"""What may be kept of the texts, and what a person can do with those that are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.base.config import home
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.store import MonitorStore
from core.workflows.monitor.look import Monitored
from dashboard.parts.forms.forms import settings_form
from dashboard.shell import layout
from dashboard.shell.i18n import t, tn
from dashboard.use.monitor.asking import label

if TYPE_CHECKING:
    from core.registry import VersionInfo

KEY = "use.monitor.keeping"


def draw(version: VersionInfo, look: Monitored, days: int) -> None:
    """The choice, with its consequences, and the texts that there are."""
    layout.section(t("monitor.keeping"), help=t("monitor.keeping_help"))
    st.markdown(t(f"monitor.keeps_{look.keeping.kept_texts}", days=look.keeping.kept_days))
    with st.expander(t("monitor.keeping_change"), icon=":material/tune:"):
        values = settings_form(Keeping, key=f"{KEY}.{version.classifier}", defaults=look.keeping.model_dump())
        wanted = Keeping(**values)
        if look.kept and wanted.kept_texts in ("nothing", "marks"):
            st.caption(f":material/delete: {tn('monitor.keeping_deletes', look.kept)}")
        same = wanted == look.keeping
        if st.button(t("monitor.keeping_save"), key=f"{KEY}.save", icon=":material/save:", disabled=same):
            MonitorStore(home()).keep(version.classifier, wanted)
            st.rerun()
    if look.kept:
        st.markdown(tn("monitor.kept", look.kept))
        with st.container(horizontal=True):
            label(version, days, "chance")
            label(version, days, "doubt")
