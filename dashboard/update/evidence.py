"""The evidence for a decision, in tabs: every frozen test, every label, the rows that flipped, the accuracy matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

from core.base.errors import CoreError
from dashboard.parts import scores, tables
from dashboard.parts.plots import charts
from dashboard.parts.plots.heatmaps import heatmap
from dashboard.parts.run_view import draw_learning
from dashboard.parts.versions import history
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import language, t, tn
from dashboard.update import tests
from dashboard.update.page import test_name
from dashboard.update.verdict import FLIPS, Answers, answers

if TYPE_CHECKING:
    from core.registry import VersionInfo

TABS = "update.evidence"
SHORT, HEIGHT = 8, 320  # rows that a table shows as they are, and pixels that it takes with more
FLIP_ICONS = {"better": ":material/trending_up:", "worse": ":material/trending_down:", "other": ":material/swap_horiz:"}


@guarded_fragment()
def draw(candidate: VersionInfo, parent: VersionInfo) -> None:
    """The row of tabs; only the open one is computed, and only this is drawn anew when another is opened."""
    report = state.report(candidate)
    task = scores.task_of_report(report)
    parts: dict[str, Callable[[], None]] = {"tests": partial(tests.draw, report, candidate, parent)}
    types = task.reads == "spans"
    recalls = (report.get("gate_evidence") or {}).get("labels") if task.reads_sets or types else None
    if recalls:
        parts["types" if types else "labels"] = partial(_recalls, recalls, candidate, types=types)
    elif task.distribution:
        parts["labels"] = partial(_with_answers, _labels, report, candidate, parent)
        parts["flips"] = partial(_with_answers, _flips, report, candidate, parent)
    parts["matrix"] = partial(_matrix, candidate)
    parts["curves"] = partial(_curves, report)
    labels = [t(f"update.tab_{name}") for name in parts]
    places = st.tabs(labels, key=f"{TABS}.{language()}.{len(parts)}", on_change="rerun")
    for part, place in zip(parts.values(), places, strict=True):
        if place.open:
            with place:
                part()


def _curves(report: dict[str, Any]) -> None:
    if report["epochs"]:
        draw_learning(report, key="update.curves")
    else:
        st.caption(t("update.no_curve" if report["best_epoch"] else "update.no_epochs"))


def _with_answers(
    part: Callable[[Answers, dict[str, Any], VersionInfo], None],
    report: dict[str, Any],
    candidate: VersionInfo,
    parent: VersionInfo,
) -> None:
    """What needs both versions' answers; where their files are gone, that is said."""
    try:
        with st.spinner(t("update.reading_answers")):
            both = answers(candidate, parent)
    except CoreError as error:
        show_error(error)
    except OSError:
        st.warning(t("update.no_answers"), icon=":material/warning:")
    else:
        part(both, report, candidate)


def _recalls(changes: list[dict[str, Any]], candidate: VersionInfo, *, types: bool = False) -> None:
    """How many more or fewer of each label's rows find it, or of each type's entities are found, on all older tests together;
    those that lost most first.
    """
    table = pd.DataFrame(
        {
            t("spans.type" if types else "update.column_label"): change["name"],
            t("spans.entities" if types else "update.column_rows"): change["rows"],
            t("update.column_recall"): tables.change(**change["difference"]),
        }
        for change in sorted(changes, key=lambda change: float(change["difference"]["value"]))
    )
    st.caption(t("update.recall_note_types" if types else "update.recall_note"))
    st.dataframe(table, hide_index=True, alt=t("update.recall_alt_types" if types else "update.recall_alt"))
    tables.download_table(table, f"update_v{candidate.number}_labels", key="update.recalls.download")


def _labels(both: Answers, report: dict[str, Any], candidate: VersionInfo) -> None:
    """F1 of each label on all tests together, those that lost most first; new labels at the end."""
    known, rows = set(both.known), []
    for label, after in both.after.per_class.items():
        before = both.before.per_class[label] if label in known else None
        rows.append(
            {
                "label": label if before else t("update.label_new", label=label),
                "rows": after.support,
                "before": before.f1.value if before else None,
                "after": after.f1.value,
                "difference": round(100 * (after.f1.value - before.f1.value), 1) + 0.0 if before else None,
            }
        )
    table = pd.DataFrame(rows).sort_values("difference", na_position="last", ignore_index=True)
    number = st.column_config.NumberColumn
    config = {
        "label": st.column_config.TextColumn(t("update.column_label"), width="medium"),
        "rows": number(t("update.column_rows"), format="localized"),
        "before": number(
            t("update.column_before", score=scores.score_name("f1")), format="%.3f", help=t("update.f1_help")
        ),
        "after": number(t("update.column_after", score=scores.score_name("f1")), format="%.3f"),
        "difference": number(t("update.column_difference"), format=t("units.change", value="%+.1f")),
    }
    st.dataframe(table, hide_index=True, column_config=config, placeholder=tables.NOTHING, alt=t("update.labels_alt"))
    st.caption(t("update.labels_note"))
    tables.download_table(table, f"update_v{candidate.number}_labels")


def _flips(both: Answers, report: dict[str, Any], candidate: VersionInfo) -> None:
    """The rows whose answer changed: which kind, on which test."""
    names = {test["experience"]: test_name(test["experience"], test["name"]) for test in report["tests"]}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        test = st.selectbox(
            t("update.column_test"),
            [None, *names],
            format_func=lambda number: t("update.all_tests") if number is None else names[number],
            key="update.flips_test",
            width=320,
        )
        counts = {kind: len(both.flipped(kind, test)) for kind in FLIPS}
        kind = st.segmented_control(
            t("update.flips"),
            FLIPS,
            default=FLIPS[1],
            required=True,
            format_func=lambda kind: f"{FLIP_ICONS[kind]} {tn(f'update.flips_{kind}', counts[kind])}",
            key="update.flips_kind",
            help=t("update.flips_help"),
        )
    rows = both.flipped(str(kind), test)
    if rows.empty:
        st.caption(t("update.no_flips"))
        return
    config: dict[str, Any] = {
        "test": st.column_config.NumberColumn(t("update.column_test"), width="small"),
        "text": st.column_config.TextColumn(t("update.column_text"), width="large"),
        "truth": st.column_config.TextColumn(t("update.column_truth")),
        "before": st.column_config.TextColumn(t("update.column_before_answer", version=candidate.parent)),
        "after": st.column_config.TextColumn(t("update.column_after_answer", version=candidate.number)),
        "probability": st.column_config.NumberColumn(t("update.column_probability"), format="percent"),
    }
    shown = rows.sort_values("probability", ascending=False)
    height: int | Literal["content"] = HEIGHT if len(shown) > SHORT else "content"
    alt = t("update.flips_alt", count=len(rows))
    st.dataframe(shown, hide_index=True, column_config=config, height=height, alt=alt)
    tables.download_table(shown, f"update_v{candidate.number}_{kind}")


def _matrix(candidate: VersionInfo) -> None:
    """R: every version of this line on every frozen test."""
    matrix = history.accuracy_matrix(candidate)
    names = [t("update.version_name", number=number) for number in matrix.versions]
    tests = [t("update.test_number", number=number + 1) for number in range(matrix.scores.shape[1])]
    heatmap(
        matrix.scores,
        rows=names,
        columns=tests,
        key="update.matrix",
        title=t("overview.remembers"),
        **scores.heat(matrix.score),
        row_title=t("update.matrix_version"),
        column_title=t("update.matrix_test"),
        alt=t(
            "update.matrix_alt",
            score=scores.score_name(matrix.score.name),
            versions=len(names),
            tests=len(tests),
            values=[tables.score(value) for value in matrix.scores[-1]],
        ),
    )
    st.caption(t("update.matrix_note"))


def chart(report: dict[str, Any], candidate: VersionInfo) -> None:
    """The deciding score on each frozen test before and after, with intervals."""
    name = scores.task_of_report(report).score.name
    changes = []
    for test in report["tests"]:
        sides = [test["before"], test["report"]]
        before, after = (
            (side[name]["value"], side[name]["low"], side[name]["high"]) if side else None for side in sides
        )
        changes.append(charts.Change(t("update.test_number", number=test["experience"]), before, after))
    described = [
        f"{change.name}: {tables.score(*(change.before or (None,)))} → {tables.score(*(change.after or (None,)))}"
        for change in changes
    ]
    charts.before_after(
        changes,
        title=t("update.chart_title", score=scores.score_name(name), parent=candidate.parent, version=candidate.number),
        key="update.before_after",
        axis=scores.score_name(name),
        alt=t("update.chart_alt", changes=described),
    )
