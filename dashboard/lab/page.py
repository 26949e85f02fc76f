"""The Lab page: its start with runs and saved comparisons, the form, or one result, as the link says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.errors import DataError
from dashboard.lab import fairness, link, new
from dashboard.lab import result as lab_result
from dashboard.lab import saved as lab_saved
from dashboard.parts.plots.comparison_figures import facts
from dashboard.parts.run_view import run_view
from dashboard.shell import layout, state, tabs
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.jobs import Job


def start() -> None:
    """What runs, what is saved, and the way to a new comparison."""
    layout.heading(t("lab.title"), t("lab.caption"))
    runs = [job for job in state.jobs().list() if job.kind == "compare"]
    _open_what_was_waited_for(runs)
    tabs.row("lab", {"strategies": partial(_strategies, runs), "fairness": fairness.draw})


def _strategies(runs: list[Job]) -> None:
    """Comparisons of strategies."""
    saved = lab_saved.store().list()
    open_runs = [job for job in runs if job.result is None and job.state != "finished"]
    if not saved and not open_runs:
        _welcome()
        return
    st.button(
        t("lab.new"),
        key="lab.new",
        type="secondary" if any(job.resumable for job in open_runs) else "primary",
        icon=":material/add:",
        on_click=link.open_comparison,
        args=(link.NEW,),
    )
    for job in reversed(open_runs):
        run_view(job.id)
    if any(not job.ended for job in open_runs):
        st.caption(t("lab.may_leave"))
    lab_saved.draw(saved)


def _open_what_was_waited_for(runs: list[Job]) -> None:
    """A comparison that this session started opens by itself when it is done."""
    watched: set[str] = st.session_state.get(new.WATCHED, set())
    for job in runs:
        if job.id in watched and job.ended and job.result is not None:
            st.session_state[new.WATCHED] = watched - {job.id}
            link.open_comparison(str(job.result["comparison"]))
            st.rerun()


def _welcome() -> None:
    """Nothing was compared yet: what this is for, and the form's button."""
    with st.container(border=True, key="empty", gap="small"):
        st.header(f":material/science: {t('lab.empty_title')}", anchor=False)
        st.markdown(t("lab.empty"))
        st.button(
            t("lab.new"),
            key="lab.new",
            type="primary",
            icon=":material/add:",
            on_click=link.open_comparison,
            args=(link.NEW,),
        )


def form() -> None:
    """A new comparison."""
    _back()
    layout.heading(t("lab.new_title"), t("lab.new_caption"))
    new.draw()


def result(identity: str) -> None:
    """One stored comparison; a link to one that is gone says so."""
    _back()
    try:
        comparison = lab_saved.store().load(identity)
    except DataError as error:
        layout.heading(t("lab.title"))
        show_error(error)
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", wrap=False):
        with st.container():
            layout.heading(str(comparison["name"]), " · ".join(facts(comparison)))
        lab_saved.delete_button(_entry(comparison))
    lab_result.draw(comparison)


def _entry(comparison: dict[str, Any]) -> dict[str, Any]:
    return {name: comparison[name] for name in ("id", "name")}


def _back() -> None:
    st.button(
        t("lab.back"),
        key=link.BACK,
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=link.leave,
    )
