"""The batches that were made by themselves: where each stands, and the way to the decision that one waits for."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.base.messages import Message
from core.evolve.ledger import Batch, Ledger
from dashboard.parts import tables
from dashboard.parts.versions.decisions import decided
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message
from dashboard.update import page as update_page
from dashboard.update.autopilot.told import reasons

KEY = "update.autopilot"


def draw(ledger: Ledger) -> None:
    """All of them, newest first."""
    if not ledger.batches:
        st.caption(t("autopilot.no_batches"))
        return
    _decision(ledger)
    shown = pd.DataFrame([_row(batch) for batch in reversed(ledger.batches)])
    st.dataframe(
        shown,
        hide_index=True,
        alt=t("autopilot.batches_alt"),
        key=f"{KEY}.batches",
        height=tables.height_of(len(shown), 300),
        column_config=tables.counts(shown),
    )
    named = [(t("autopilot.batch_name", number=batch.number), _reason(batch)) for batch in reversed(ledger.batches)]
    reasons(named, key=f"{KEY}.batch-reasons")


def _decision(ledger: Ledger) -> None:
    """Where a candidate waits for a person: which one, and the button to its tab."""
    batch = ledger.open
    if batch is None or batch.state != "waiting":
        return
    candidate = next((version for version in state.versions(ledger.model) if version.number == batch.version), None)
    if candidate is None or decided(candidate):  # deleted or decided since; the next look of the policy notes it
        return
    with st.container(horizontal=True, vertical_alignment="center", key="autopilot-decide"):
        sentence = t("autopilot.decide_on", version=candidate.number, number=batch.number)
        st.markdown(f":orange[:material/error:] {sentence}", width="content")
        if st.button(t("update.to_decide"), key=f"{KEY}.decide", icon=":material/arrow_forward:"):
            update_page.review(candidate)
            update_page.open_tab("decide")


def _row(batch: Batch) -> dict[str, str | int]:
    return {
        t("autopilot.number"): str(batch.number),
        t("autopilot.when"): tables.moment(batch.at),
        t("autopilot.row_count"): batch.rows,
        t("autopilot.state"): t(f"autopilot.state_{batch.state}"),
        t("autopilot.version"): tables.NOTHING if batch.version is None else str(batch.version),
    }


def _reason(batch: Batch) -> str:
    return "" if batch.reason is None else t_message(Message.from_dict(batch.reason))
