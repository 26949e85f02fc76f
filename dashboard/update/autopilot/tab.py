"""Autopilot: the switch and the rules, what waits, what came in, and what the rules would have done before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.base.config import home
from core.evolve.ledger import Ledger, Ledgers
from core.serving.monitor.store import MonitorStore
from dashboard.parts import tables
from dashboard.parts.tables import plain
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message
from dashboard.update.autopilot import batches, incoming, rules, simulated, sources
from dashboard.update.autopilot.followed import SECONDS_BETWEEN_LOOKS
from dashboard.update.page import Situation


def draw(situation: Situation) -> None:
    """The whole tab."""
    rules.draw(situation)
    _standing(situation.classifier)
    simulated.draw(situation)


@guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _standing(model: str) -> None:
    """What the policy has done so far, read anew every few seconds."""
    ledger = Ledgers(home()).read(model)
    for trouble in ledger.troubles:
        st.warning(f"{t('autopilot.trouble', what='')}{plain(t_message(trouble))}", icon=":material/warning:")
    layout.section(t("autopilot.batches"), help=t("autopilot.batches_help"))
    _rows(ledger)
    batches.draw(ledger)
    layout.section(t("autopilot.files"), help=t("autopilot.files_help"))
    sources.tell_of_looks(ledger.sources)
    incoming.draw(ledger)


def _rows(ledger: Ledger) -> None:
    """How many rows wait of how many that an update needs, and what else it waits for."""
    champion = state.champion(ledger.model)
    if not ledger.policy.active or champion is None:
        return
    rows = sum(taken.rows for taken in ledger.pending)
    alarm = MonitorStore(home()).alarm(ledger.model, champion.run_id) is not None
    needed = ledger.needed(alarm=alarm, now=datetime.now(UTC))
    sentence = t("autopilot.rows", rows=tables.thousands(rows), needed=tables.thousands(needed))
    st.progress(min(1.0, rows / needed), text=sentence)
    if alarm and ledger.policy.at_alarm:
        st.caption(t("autopilot.at_alarm"))
    elif ledger.foreseen is not None and ledger.foreseen < ledger.policy.least_score:
        facts = {"score": tables.score(ledger.foreseen), "line": tables.score(ledger.policy.least_score)}
        st.caption(t("autopilot.below_line", **facts))
    if rows >= needed and ledger.open is not None:
        st.caption(t("autopilot.after_open", number=ledger.open.number))
    elif ledger.begun:
        earliest = datetime.fromisoformat(ledger.begun) + timedelta(hours=ledger.policy.hours_between)
        if earliest > datetime.now(UTC):
            st.caption(t("autopilot.earliest", when=tables.moment(earliest.isoformat())))
