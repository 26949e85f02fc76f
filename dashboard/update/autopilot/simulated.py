"""What the rules on screen would have done with the tables that the model has learned: a run, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard.parts import scores, tables
from dashboard.parts.names import titles
from dashboard.parts.plots.heatmaps import heatmap
from dashboard.parts.run_view import run_view
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.update.autopilot.rules import key_of, on_screen
from dashboard.update.page import Situation

if TYPE_CHECKING:
    from core.jobs import Job

KEY = "update.autopilot.simulate"
KIND = "simulate"


def draw(situation: Situation) -> None:
    """The offer, the run, and the newest result; nothing where the model has no stream yet."""
    if situation.champion.number == 1:
        return
    layout.section(t("autopilot.simulate"), help=t("autopilot.simulate_help"))
    jobs = [job for job in state.jobs().list() if job.kind == KIND and job.classifier == situation.classifier]
    newest = next(iter(jobs), None)
    rules = on_screen(key_of(situation.classifier))
    if newest is not None and not (newest.ended and newest.result):
        run_view(newest.id)
    if newest is None or newest.ended:
        _offer(situation, rules)
    done = next((job for job in jobs if job.result), None)
    if done is not None:
        _answer(situation, done, rules)


def _offer(situation: Situation, rules: dict[str, Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(t("autopilot.simulate_start"), key=f"{KEY}.start", icon=":material/play_arrow:"):
            named = titles("autopilot.simulate_job", classifier=situation.classifier)
            config = {"classifier": situation.classifier, "rules": rules}
            state.jobs().submit(KIND, classifier=situation.classifier, config=config, **named)
            st.rerun()
        st.caption(t("autopilot.simulate_offer"), width="stretch")


def _answer(situation: Situation, job: Job, rules: dict[str, Any]) -> None:
    """In one sentence, then table by table, and R in the end."""
    assert job.result is not None
    done = job.result["simulated"]
    if job.config["rules"] != rules:
        st.caption(t("autopilot.simulate_other"))
    task = scores.task_of_version(situation.champion)
    figures = {
        "tables": tn("autopilot.simulate_tables", len(done["batches"])),
        "promotions": tn("autopilot.simulate_promotions", done["promotions"]),
        "wrong": tables.thousands(done["wrong"]),
        "score": scores.score_name(done["score"]),
        "first": tables.score(done["first"]),
        "last": tables.score(done["last"]),
        "time": tables.duration(done["seconds"]),
    }
    st.markdown(t("autopilot.simulated", **figures))
    rows = pd.DataFrame([_row(batch) for batch in done["batches"]])
    st.dataframe(
        rows,
        hide_index=True,
        alt=t("autopilot.simulate_alt"),
        key=f"{KEY}.table",
        height=tables.height_of(len(rows), 300),
        column_config=tables.counts(rows),
    )
    size = len(done["matrix"])
    if size > 1:
        score = next(each for each in task.scores if each.name == done["score"])
        heatmap(
            done["matrix"],
            rows=[t("autopilot.simulate_after", number=number) for number in range(1, size + 1)],
            columns=[t("autopilot.simulate_test", number=number) for number in range(1, size + 1)],
            key=f"{KEY}.matrix",
            title=t("autopilot.simulate_matrix", score=figures["score"]),
            alt=t("autopilot.simulate_matrix", score=figures["score"]),
            **scores.heat(score),
        )


def _row(batch: dict[str, Any]) -> dict[str, str | int]:
    key = f"state_{batch['state']}" if batch["state"] else f"verdict_{batch['verdict']}"
    return {
        t("autopilot.file"): batch["name"],
        t("autopilot.row_count"): batch["rows"],
        t("autopilot.verdict"): t(f"autopilot.{key}"),
        t("autopilot.version"): tables.NOTHING if batch["version"] is None else str(batch["version"]),
    }
