"""The files that came in: those that wait for a person with two buttons, all others in a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.evolve.changing import decide_on_file
from core.evolve.ledger import Ledger, Taken
from dashboard.parts import tables
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.update import page as update_page
from dashboard.update.autopilot.told import reasons

SHOWN = 200  # newest files in the table
CARDS = 4  # files that wait, shown one below the other; the others come up as these are decided on
ROWS = 20  # of a table that is looked at
KEY = "update.autopilot"


def draw(ledger: Ledger) -> None:
    """What came in, newest first, after what somebody has to decide."""
    if not ledger.files:
        st.caption(t("autopilot.no_files"))
        return
    for taken in ledger.waiting[:CARDS]:
        _waiting(ledger.model, taken)
    _others(ledger)
    numbers = {mark: batch.number for batch in ledger.batches for mark in batch.marks}
    newest = ledger.files[-SHOWN:][::-1]
    rows = [
        {
            t("autopilot.when"): tables.moment(taken.at),
            t("autopilot.file"): taken.name,
            t("autopilot.row_count"): taken.rows,
            t("autopilot.verdict"): _verdict(taken, numbers),
        }
        for taken in newest
    ]
    shown = pd.DataFrame(rows)
    st.dataframe(
        shown,
        hide_index=True,
        alt=t("autopilot.files_alt"),
        key=f"{KEY}.files",
        height=tables.height_of(len(shown), 300),
        column_config=tables.counts(shown),
    )
    told = [taken for taken in newest if taken not in ledger.waiting]  # of the others the cards above say it
    reasons(
        [(f"{taken.name} · {tables.moment(taken.at)}", _reasons(taken)) for taken in told], key=f"{KEY}.file-reasons"
    )
    if len(ledger.files) > SHOWN:
        st.caption(t("autopilot.newest", count=SHOWN))


def _others(ledger: Ledger) -> None:
    """How many more wait than are shown, and the button that sets all of them aside."""
    waiting = ledger.waiting
    if len(waiting) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(waiting) > CARDS:
            st.caption(t("autopilot.more_waiting", count=len(waiting) - CARDS), width="content")
        if st.button(t("autopilot.all_aside", count=len(waiting)), key=f"{KEY}.all-aside", type="tertiary"):
            _decide(ledger.model, [taken.mark for taken in waiting], enter=False)


def _decide(model: str, marks: Sequence[str], *, enter: bool) -> None:
    try:
        for mark in marks:
            decide_on_file(model, mark, home(), enter=enter)
    except CoreError as error:
        show_error(error)
        return
    st.session_state[update_page.JUST_DONE] = t("autopilot.entered" if enter else "autopilot.set_aside")
    st.rerun()


def _rows(dataset: str) -> None:
    """The first rows of a table, so that a person can judge it where it waits."""
    try:
        rows = state.workspace().datasets.load(dataset)
    except CoreError as error:
        show_error(error)
        return
    names = rows.label_names()[:ROWS]
    shown = pd.DataFrame({t("evaluate.column_truth"): names, t("evaluate.column_text"): list(rows.texts[:ROWS])})
    st.dataframe(shown, hide_index=True, alt=t("autopilot.rows_alt"), height=tables.height_of(len(shown), 300))


def _verdict(taken: Taken, numbers: dict[str, int]) -> str:
    if taken.mark in numbers:
        return t("autopilot.in_batch", number=numbers[taken.mark])
    return t(f"autopilot.verdict_{taken.verdict}")


def _reasons(taken: Taken) -> str:
    known = t("autopilot.known", met=taken.met, twice=taken.twice)
    told = [known] if taken.met or taken.twice else []
    return t("evaluate.gap").join([*told, *(t_message(reason) for reason in taken.messages)])


def _waiting(model: str, taken: Taken) -> None:
    """A file that nobody has decided on, with the reason and what can be done."""
    with st.container(border=True, gap="small", key=f"autopilot-waiting-{taken.mark[:12]}"):
        facts = [f"**{plain(taken.name)}**", tn("autopilot.file_rows", taken.rows), tables.moment(taken.at)]
        st.markdown(f":orange[:material/error:] {' · '.join(facts)}")
        st.markdown(plain(_reasons(taken)))
        with st.container(horizontal=True):
            enter = st.button(t("autopilot.enter"), key=f"{KEY}.enter.{taken.mark[:12]}", icon=":material/login:")
            aside = st.button(t("autopilot.aside"), key=f"{KEY}.aside.{taken.mark[:12]}", icon=":material/block:")
            look = st.toggle(t("autopilot.look"), key=f"{KEY}.look.{taken.mark[:12]}")
        if look:
            _rows(taken.dataset)
    if enter or aside:
        _decide(model, [taken.mark], enter=enter)
