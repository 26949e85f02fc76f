"""The compare tab of the Results page: all runs of a classifier in a table, and two of its versions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from core.metrics import Estimate, paired_difference
from dashboard import charts, layout, state, tables
from dashboard.i18n import t, tn
from dashboard.results_page import Shown, describe, model_name, read_predictions

if TYPE_CHECKING:
    from core.registry import RunInfo, VersionInfo

FIGURES = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")


def draw(shown: Shown) -> None:
    """The run table, then the two versions."""
    layout.section(t("results.runs"), help=t("results.runs_help"))
    _runs(shown.version.classifier)
    layout.section(t("results.side_by_side"))
    known = {found.number: found for found in state.versions(shown.version.classifier)}
    if len(known) < 2:
        st.caption(t("results.one_version"))
        return
    other = shown.version.parent or max(number for number in known if number != shown.version.number)
    pair = _pick(known, other, shown.version.number)
    if pair[0].number == pair[1].number:
        st.caption(t("results.same_version"))
        return
    _side_by_side(*pair)


def _runs(classifier: str) -> None:
    runs = state.workspace().registry.runs(classifier)
    table = run_table(runs)
    wanted = st.text_input(
        t("results.filter"), key="results.filter", placeholder=t("results.filter_example"), icon=":material/search:"
    )
    table = filtered(table, wanted or "")
    st.caption(tn("results.runs_found", len(table), total=len(runs)))
    height = min(320, 38 + 35 * max(1, len(table)))
    st.dataframe(table, hide_index=True, key="results.runs", height=height, row_height=35)
    tables.download_table(table, "runs", key="results.runs.download")


def run_table(runs: list[RunInfo]) -> pd.DataFrame:
    """One row a run, as the store gives them."""
    names = {found.id: found.name for found in state.datasets()}
    rows = []
    for run in runs:
        dataset = run.settings.get("dataset", "")
        strategy = run.settings.get("strategy") or "train"
        model = run.settings.get("model")
        rows.append(
            {
                t("results.column_started"): tables.moment(run.started),
                t("results.version"): "" if run.version is None else str(run.version),
                t("results.column_state"): t(f"run.state_{run.state}"),
                t("results.column_strategy"): t(f"names.strategy_{strategy}"),
                t("results.column_model"): model_name(model) if model else tables.NOTHING,
                t("results.column_dataset"): names.get(dataset, dataset),
                t("results.accuracy"): tables.score(run.metrics.get("test_accuracy")),
                t("results.macro_f1"): tables.score(run.metrics.get("test_macro_f1")),
                t("results.column_baseline"): tables.score(run.metrics.get("baseline_accuracy")),
                t("results.column_epochs"): run.settings.get("epochs", tables.NOTHING),
                t("results.column_time"): tables.duration(run.metrics.get("seconds")),
            }
        )
    return pd.DataFrame(rows)


def filtered(table: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """The rows in which every wanted word occurs somewhere, in any column and case."""
    if not len(table):
        return table
    whole = table.astype(str).agg(" ".join, axis=1).str.lower()
    keep = np.ones(len(table), dtype=bool)
    for word in wanted.lower().split():
        keep &= whole.str.contains(word, regex=False).to_numpy()
    return table[keep]


def _pick(known: dict[int, VersionInfo], first: int, second: int) -> tuple[VersionInfo, VersionInfo]:
    names = {number: describe(found) for number, found in known.items()}
    chosen = []
    for place, name, start in zip(st.columns(2, gap="medium"), ("first", "second"), (first, second), strict=True):
        key = f"results.compare_{name}"
        if st.session_state.get(key) not in known:
            st.session_state[key] = start
        with place:
            number = st.selectbox(t(f"results.compare_{name}"), sorted(known), format_func=names.__getitem__, key=key)
        chosen.append(known[int(number)])
    return chosen[0], chosen[1]


def _side_by_side(first: VersionInfo, second: VersionInfo) -> None:
    tests = common_tests(first, second)
    if not tests:
        st.warning(t("results.other_rows"), icon=":material/difference:")
    else:
        _before_after(first, second, tests)
    figures, settings = figure_table(first, second), setting_table(first, second)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{t('results.figures')}**")
        st.dataframe(figures, hide_index=True, key="results.figures")
        tables.download_table(figures, "versions_figures", key="results.figures.download")
    with right:
        st.markdown(f"**{t('results.settings')}**")
        if not len(settings):
            st.caption(t("results.same_settings"))
            return
        st.dataframe(settings, hide_index=True, key="results.settings")
        tables.download_table(settings, "versions_settings", key="results.settings.download")


def common_tests(first: VersionInfo, second: VersionInfo) -> list[tuple[str, Estimate, dict[str, Any], dict[str, Any]]]:
    """Frozen tests that both versions answered, row for row: name, paired difference of accuracy, and both reports."""
    found = []
    reports = state.report(first), state.report(second)
    for test in reports[1]["tests"]:
        for other in reports[0]["tests"]:
            tables_of = [
                read_predictions(str(state.version_folder(version)), (number["experience"],))
                for version, number in ((first, other), (second, test))
            ]
            before, after = tables_of
            if len(before) != len(after) or not (before["text"] == after["text"]).all():
                continue
            names = {name: index for index, name in enumerate(sorted({*before["truth"], *_answers(before, after)}))}
            truth, old, new = (
                column.map(names).to_numpy() for column in (after["truth"], before["predicted"], after["predicted"])
            )
            found.append((str(test["name"]), paired_difference(truth, old, new), other["report"], test["report"]))
            break
    return found


def _answers(*tables_of: pd.DataFrame) -> set[str]:
    return {str(name) for table in tables_of for name in table["predicted"]}


def _before_after(
    first: VersionInfo, second: VersionInfo, tests: list[tuple[str, Estimate, dict[str, Any], dict[str, Any]]]
) -> None:
    changes = [
        charts.Change(name, _interval(before["accuracy"]), _interval(after["accuracy"]))
        for name, _, before, after in tests
    ]
    title = t("results.compare_title", first=first.number, second=second.number)
    charts.before_after(changes, title=title, key="results.compare", axis=t("charts.accuracy"), alt=title)
    for name, difference, _, _ in tests:
        text = t(
            "results.compare_sure" if difference.low > 0 or difference.high < 0 else "results.compare_chance",
            test=name,
            points=tables.points(difference.value),
            low=tables.points(difference.low),
            high=tables.points(difference.high),
        )
        st.caption(tables.plain(text))


def _interval(stored: dict[str, float]) -> tuple[float, float, float]:
    return stored["value"], stored["low"], stored["high"]


def figure_table(first: VersionInfo, second: VersionInfo) -> pd.DataFrame:
    """The averages of both over all their tests, the baseline's accuracy, size and time."""
    names = [t("results.version_name", number=version.number) for version in (first, second)]
    reports = [state.report(version) for version in (first, second)]
    rows = [[t(f"results.{name}"), *(tables.score(**found["overall"][name]) for found in reports)] for name in FIGURES]
    rows += [
        [t("results.baseline"), *(tables.score(**found["baseline"]["report"]["accuracy"]) for found in reports)],
        [t("results.test_rows"), *(tables.thousands(found["overall"]["rows"]) for found in reports)],
        [t("train.parameters"), *(tables.thousands(found["parameters"]) for found in reports)],
        [t("results.column_time"), *(tables.duration(found["seconds"]) for found in reports)],
    ]
    return pd.DataFrame(rows, columns=[t("results.figure"), *names])


def setting_table(first: VersionInfo, second: VersionInfo) -> pd.DataFrame:
    """Only the settings in which the two differ."""
    names = [t("results.version_name", number=version.number) for version in (first, second)]
    chosen = [_settings(version) for version in (first, second)]
    keys = sorted(chosen[0].keys() | chosen[1].keys())
    rows = [[key, *(str(found.get(key, tables.NOTHING)) for found in chosen)] for key in keys]
    differing = [row for row in rows if row[1] != row[2]]
    return pd.DataFrame(differing, columns=[t("results.setting"), *names])


def _settings(version: VersionInfo) -> dict[str, Any]:
    from core.config import settings_of
    from core.models import MODELS
    from core.text import TextConfig
    from core.training import TrainingConfig
    from core.workflows import DataConfig
    from dashboard.i18n import setting_label

    report = state.report(version)
    configs = (MODELS[report["model"]].config_class, TextConfig, TrainingConfig, DataConfig)
    labels = {found.name: setting_label(found) for config in configs for found in settings_of(config)}
    named = {labels.get(name, name): value for name, value in report["settings"].items()}
    newest = report["experiences"][-1]["name"]
    return {t("results.column_model"): model_name(report["model"]), t("results.column_dataset"): newest} | named
