"""The saved comparisons: a line each, to open or to delete."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.base.config import home
from core.registry.records import ComparisonStore
from dashboard.lab.link import leave, open_comparison
from dashboard.parts import tables
from dashboard.parts.choices import confirm_deletion
from dashboard.parts.plots.comparison_figures import facts, strategy_name
from dashboard.shell import layout
from dashboard.shell.i18n import t

SHOWN = 10  # lines before "show all"


def store() -> ComparisonStore:
    """The comparisons of this installation."""
    return ComparisonStore(home())


def draw(saved: list[dict[str, Any]]) -> None:
    """The list, newest first."""
    if not saved:
        return
    layout.section(t("lab.saved"))
    everything = st.session_state.get("lab.all_saved", False)
    for entry in saved if everything else saved[:SHOWN]:
        _line(entry)
    if len(saved) > SHOWN and not everything:
        st.button(t("lab.saved_all", count=len(saved)), key="lab.all_saved_button", type="tertiary", on_click=_show_all)


def _show_all() -> None:
    st.session_state["lab.all_saved"] = True


def _line(entry: dict[str, Any]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"lab-saved-{entry['id']}"):
        with st.container(gap=None, width="stretch"):
            best = t("lab.best_of", name=strategy_name(entry["best"]))
            st.markdown(f"**{tables.plain(entry['name'])}** · {tables.plain(best)}")
            st.caption(" · ".join(facts(entry)))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.button(t("lab.open"), key=f"lab.open.{entry['id']}", on_click=open_comparison, args=(entry["id"],))
            delete_button(entry)


def delete_button(entry: dict[str, Any]) -> None:
    """A bin that asks before it deletes."""
    if layout.icon_button(
        t("lab.delete_help", name=entry["name"]), key=f"lab.delete.{entry['id']}", icon=":material/delete:"
    ):
        confirm_deletion(t("lab.delete_title", name=tables.plain(entry["name"])), "lab", _delete, entry["id"])


def _delete(identity: str) -> None:
    store().delete(identity)
    leave()
