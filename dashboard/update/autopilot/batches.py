"""The batches that were made by themselves: where each stands, and the way to the decision that one waits for."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.base.messages import Message
from core.evolve.ledger import Batch, Ledger
from dashboard.parts import correcting, tables
from dashboard.parts.names import name_of
from dashboard.parts.tables import plain
from dashboard.parts.versions.decisions import decided
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message
from dashboard.shell.navigation import go
from dashboard.update import page as update_page
from dashboard.update.autopilot.told import reasons

KEY = "update.autopilot"


def draw(ledger: Ledger) -> None:
    """All of them, newest first."""
    if not ledger.batches:
        st.caption(t("autopilot.no_batches"))
        return
    _decision(ledger)
    _beside(ledger)
    shown = pd.DataFrame([_row(batch) for batch in reversed(ledger.batches)])
    st.dataframe(
        shown,
        hide_index=True,
        alt=t("autopilot.batches_alt"),
        key=f"{KEY}.batches",
        height=tables.height_of(len(shown), 300),
        column_config=tables.counts(shown),
    )
    _tried(ledger)
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
        why = f" {plain(_reason(batch))}" if batch.reason else ""
        st.markdown(f":orange[:material/error:] {sentence}{why}", width="content")
        if st.button(t("update.to_decide"), key=f"{KEY}.decide", icon=":material/arrow_forward:"):
            update_page.review(candidate)
            update_page.open_tab("decide")


def _beside(ledger: Ledger) -> None:
    """Where a candidate answers beside the version that serves: how far that is, and the texts that wait for labels."""
    batch = ledger.open
    if batch is None or batch.shadow is None or batch.state != "shadow":
        return
    shadow, facts = batch.shadow, {"version": batch.version, "parent": batch.shadow["beside"]}
    if "session" not in shadow:
        wanted = ledger.policy.shadow_texts
        figures = {"texts": tables.thousands(shadow["texts"]), "wanted": tables.thousands(wanted)}
        st.progress(min(1.0, shadow["texts"] / wanted), text=t("autopilot.beside", **facts, **figures))
        return
    with st.container(horizontal=True, vertical_alignment="center", key="autopilot-beside"):
        done, asked = shadow.get("labelled", 0), shadow.get("asked", shadow["differ"])
        figures = {
            "differ": tables.thousands(shadow["differ"]),
            "texts": tables.thousands(shadow["texts"]),
            "left": tables.thousands(asked - done),
        }
        st.markdown(f":orange[:material/error:] {t('autopilot.differ', **facts, **figures)}", width="content")
        if st.button(t("autopilot.label_them"), key=f"{KEY}.label", icon=":material/label:"):
            st.session_state[correcting.LABELLING] = shadow["session"]
            go("data", "labelling")


def _tried(ledger: Ledger) -> None:
    """What the strategies came to that were tried for the newest batch with a trial."""
    batch = next((batch for batch in reversed(ledger.batches) if batch.tried), None)
    if batch is None:
        return
    with st.expander(t("autopilot.trial", number=batch.number), icon=":material/science:"):
        st.caption(t("autopilot.trial_help"))
        rows = [
            {
                t("autopilot.strategy"): name_of("strategy", each["strategy"]),
                t("autopilot.trial_score"): tables.score(each["score"]),
                t("autopilot.trial_gain"): tables.change(each["value"], each["low"], each["high"])
                if place
                else tables.NOTHING,
                t("autopilot.trial_time"): tables.duration(each["seconds"]),
                t("autopilot.trial_taken"): t("autopilot.taken") if each["strategy"] == batch.strategy else "",
            }
            for place, each in enumerate(batch.tried)
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt=t("autopilot.trial_alt"), key=f"{KEY}.tried")


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
