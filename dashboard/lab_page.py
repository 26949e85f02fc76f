"""The Lab page: its start with runs and saved comparisons, the form, or one result, as the link says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import DataError
from dashboard import lab_page_link, lab_page_new, lab_page_result, lab_page_saved, layout, state
from dashboard.errors import show_error
from dashboard.i18n import t
from dashboard.lab_page_figures import facts
from dashboard.run_view import run_view

if TYPE_CHECKING:
    from core.jobs import Job


def start() -> None:
    """What runs, what is saved, and the way to a new comparison."""
    layout.heading(t("lab.title"), t("lab.caption"))
    runs = [job for job in state.jobs().list() if job.kind == "compare"]
    _open_what_was_waited_for(runs)
    saved = lab_page_saved.store().list()
    open_runs = [job for job in runs if job.result is None and job.state != "finished"]
    if not saved and not open_runs:
        _welcome()
        return
    st.button(
        t("lab.new"),
        key="lab.new",
        type="secondary" if any(job.resumable for job in open_runs) else "primary",
        icon=":material/add:",
        on_click=lab_page_link.open_comparison,
        args=(lab_page_link.NEW,),
    )
    for job in reversed(open_runs):
        run_view(job.id)
    if any(not job.ended for job in open_runs):
        st.caption(t("lab.may_leave"))
    lab_page_saved.draw(saved)


def _open_what_was_waited_for(runs: list[Job]) -> None:
    """A comparison that this session started opens by itself when it is done."""
    watched: set[str] = st.session_state.get(lab_page_new.WATCHED, set())
    for job in runs:
        if job.id in watched and job.ended and job.result is not None:
            st.session_state[lab_page_new.WATCHED] = watched - {job.id}
            lab_page_link.open_comparison(str(job.result["comparison"]))
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
            on_click=lab_page_link.open_comparison,
            args=(lab_page_link.NEW,),
        )


def form() -> None:
    """A new comparison."""
    _back()
    layout.heading(t("lab.new_title"), t("lab.new_caption"))
    lab_page_new.draw()


def result(identity: str) -> None:
    """One stored comparison; a link to one that is gone says so."""
    _back()
    try:
        found = lab_page_saved.store().load(identity)
    except DataError as error:
        layout.heading(t("lab.title"))
        show_error(error)
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", wrap=False):
        with st.container():
            layout.heading(str(found["name"]), " · ".join(facts(found)))
        lab_page_saved.delete_button(_entry(found))
    lab_page_result.draw(found)


def _entry(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("id", "name")}


def _back() -> None:
    st.button(
        t("lab.back"),
        key=lab_page_link.BACK,
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=lab_page_link.leave,
    )
