"""Autopilot: the switch and the rules, and below them what came in, what became of it and what waits for a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.base.config import home
from core.base.messages import Message
from core.evolve.following import is_followed
from core.evolve.keeper import is_kept_off
from core.evolve.ledger import Ledger, Ledgers
from core.serving.monitor import MonitorStore
from dashboard.parts import tables
from dashboard.parts.tables import plain
from dashboard.shell import layout
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message
from dashboard.update.autopilot import batches, incoming, rules
from dashboard.update.page import Situation

SECONDS_BETWEEN_LOOKS = 5.0


def draw(situation: Situation) -> None:
    """The whole tab."""
    rules.draw(situation)
    _standing(situation)


@guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _standing(situation: Situation) -> None:
    """What the policy has done so far, read anew every few seconds."""
    ledger = Ledgers(home()).read(situation.classifier)
    if ledger.policy.active:
        _followed()
    if ledger.trouble is not None:
        trouble = plain(t_message(Message.from_dict(ledger.trouble)))
        st.warning(t("autopilot.trouble", what=trouble), icon=":material/warning:")
    layout.section(t("autopilot.files"), help=t("autopilot.files_help"))
    _rows(ledger, situation)
    incoming.draw(ledger)
    layout.section(t("autopilot.batches"), help=t("autopilot.batches_help"))
    batches.draw(ledger, situation)


def _followed() -> None:
    """Whether a process follows the rules, and where none does, what is to be done."""
    if is_followed(home()):
        st.markdown(f":primary[:material/check_circle:] {t('autopilot.followed')}")
    elif is_kept_off():
        st.markdown(f":orange[:material/error:] {t('autopilot.nobody_follows')}")
    else:
        st.markdown(f":gray[:material/hourglass_top:] {t('autopilot.is_started')}")


def _rows(ledger: Ledger, situation: Situation) -> None:
    """How many rows wait of how many that an update needs, and what else it waits for."""
    if not ledger.policy.active:
        return
    rows = sum(taken.rows for taken in ledger.pending)
    alarm = MonitorStore(home()).alarm(situation.classifier, situation.champion.run_id) is not None
    needed = ledger.policy.rows_needed(alarm=alarm)
    sentence = t("autopilot.rows", rows=tables.thousands(rows), needed=tables.thousands(needed))
    st.progress(min(1.0, rows / needed), text=sentence)
    if alarm and ledger.policy.at_alarm:
        st.caption(t("autopilot.at_alarm"))
    if rows >= needed and ledger.open is not None:
        st.caption(t("autopilot.after_open", number=ledger.open.number))
    elif ledger.begun:
        earliest = datetime.fromisoformat(ledger.begun) + timedelta(hours=ledger.policy.hours_between)
        if earliest > datetime.now(UTC):
            st.caption(t("autopilot.earliest", when=tables.moment(earliest.isoformat())))
