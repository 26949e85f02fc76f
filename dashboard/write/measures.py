"""How well a generator foresees texts, and what it forgets: curve, baseline beside it, and the matrix R."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.messages import Message
from dashboard.parts import tables
from dashboard.parts.plots import charts, heatmaps
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message
from dashboard.write.page import number

if TYPE_CHECKING:
    from core.jobs import Job

FIGURES = ("perplexity", "bits_per_character")
SECONDS_BETWEEN_LOOKS = 2.0


def draw(report: dict[str, Any]) -> None:
    """All figures of a version."""
    for finding in report["findings"]:
        st.info(tables.plain(t_message(Message.from_dict(finding))), icon=":material/info:")
    st.markdown(_against_ngrams(report["tests"][-1]))
    left, right = st.columns(2, gap="large")
    with left:
        curve(report["epochs"], key="write.curve")
    with right:
        _matrix(report)
    _tests(report)
    facts = report["parity"]
    st.caption(
        t(
            "write.parity",
            difference=f"{facts['max_abs_diff']:.1e}",
            tokens=tables.thousands(facts["tokens"]),
            size=tables.size(report["file_size"]),
            seconds=tables.duration(report["seconds"]),
        )
    )


def _against_ngrams(test: dict[str, Any]) -> str:
    """Does the network do better than counting? Said either way."""
    bits, baseline = test["score"]["bits_per_character"], test["baseline"]["bits_per_character"]
    key = "write.better" if bits < baseline else "write.worse"
    facts = {"model": f"{bits:.2f}", "baseline": f"{baseline:.2f}", "name": tables.plain(test["name"])}
    return t(key, **facts)


def live_curve(job: Job) -> None:
    """The curve of a run, drawn anew while it learns."""
    guarded_fragment(run_every=None if job.ended else SECONDS_BETWEEN_LOOKS)(_job_curve)(job.id)


def _job_curve(job_id: str) -> None:
    epochs = state.jobs().epochs(job_id)
    if epochs:
        curve(epochs, key=f"write.curve.{job_id}")


def curve(epochs: list[dict[str, Any]], *, key: str) -> None:
    """Perplexity on training and validation texts over the epochs (fields of `LanguageEpoch`)."""
    epochs = [epoch for epoch in epochs if epoch["training_loss"] is not None and epoch["validation_loss"] is not None]
    best = next((epoch for epoch in reversed(epochs) if epoch["best"]), None)
    lowest = number(best["validation_perplexity"]) if best else tables.NOTHING
    if len(epochs) < 2:  # one point is no curve
        st.caption(t("write.first_epoch", perplexity=lowest))
        return
    series = {
        t("run.training"): [math.exp(min(epoch["training_loss"], 20.0)) for epoch in epochs],
        t("run.validation"): [epoch["validation_perplexity"] for epoch in epochs],
    }
    charts.curves(
        series,
        title=t("write.curve_title", perplexity=lowest, epoch=best["epoch"] if best else tables.NOTHING),
        key=key,
        axis=t("write.perplexity"),
        alt=t("write.curve_alt", epochs=len(epochs), perplexity=lowest),
        best=best["epoch"] if best else None,
    )


def _matrix(report: dict[str, Any]) -> None:
    """R, as perplexity or in bits per character: faint is good."""
    names = {figure: t(f"write.figure_{figure}") for figure in FIGURES}
    figure = st.segmented_control(
        t("write.figure"),
        list(names),
        format_func=names.__getitem__,
        key="write.figure",
        default=FIGURES[0],
        required=True,
    )
    measure = str(figure or FIGURES[0])
    matrix = [[math.nan if value is None else value for value in row] for row in report[f"{measure}_matrix"]]
    largest = max(value for row in matrix for value in row if not math.isnan(value))
    tests = [f"{test['experience']} · {test['name']}" for test in report["tests"]]
    lost = report["forgetting"][measure]
    title = t("write.matrix_single") if lost is None else t("write.matrix_title", lost=tables.signed(lost, 2))
    heatmaps.heatmap(
        matrix,
        rows=[t("write.after", experience=test["experience"]) for test in report["tests"]],
        columns=tests,
        key=f"write.matrix.{measure}",
        title=title,
        alt=t("write.matrix_alt", tests=len(tests)),
        row_title="",
        column_title=t("write.matrix_columns"),
        kind="count" if measure == FIGURES[0] else "score",
        limits=(0.0, largest),
    )
    st.caption(t("write.matrix_note"))


def _tests(report: dict[str, Any]) -> None:
    """Each frozen test: the model, n-grams, and single tokens."""
    layout.section(t("write.tests"), help=t("write.tests_help"))
    rows = [
        {
            t("write.column_test"): test["name"],
            t("write.column_rows"): test["rows"],
            t("write.perplexity"): round(test["score"]["perplexity"], 1),
            t("write.column_ngrams"): round(test["baseline"]["perplexity"], 1),
            t("write.column_unigram"): round(test["baseline"]["unigram"]["perplexity"], 1),
            t("write.bits"): round(test["score"]["bits_per_character"], 3),
            t("write.column_ngrams_bits"): round(test["baseline"]["bits_per_character"], 3),
            t("write.column_unknown"): f"{test['score']['unknown_share']:.1%}",
        }
        for test in report["tests"]
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
