"""Two versions of a model, or of two models, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.registry.records.outgoing import short_reference
from core.workflows.requests import known_settings
from dashboard.evaluate.compare import significance
from dashboard.evaluate.compare.significance import Common, common_tests, of_pair
from dashboard.evaluate.page import Shown
from dashboard.parts import tables
from dashboard.parts.names import name_of, version_line
from dashboard.parts.plots import charts
from dashboard.shell import layout, state
from dashboard.shell.i18n import setting_label, t

if TYPE_CHECKING:
    from core.registry import VersionInfo

SCORES = ("accuracy", "macro_f1")
FIGURE_NAME = 190  # pixels
FIGURES = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")


def draw(shown: Shown) -> None:
    """Which two, and what tells them apart."""
    layout.section(t("evaluate.side_by_side"))
    own = shown.version.classifier
    other = _other_classifier(own)
    known = {version.number: version for version in state.versions(own)}
    others = known if other == own else {version.number: version for version in state.versions(other)}
    if other == own and len(known) < 2:
        st.caption(t("evaluate.one_version"))
        return
    if other == own:
        start = shown.version.parent or max(number for number in known if number != shown.version.number)
    else:
        start = max(others)
    # of one classifier the older version first, so that the change runs forward in time
    ends = (start, shown.version.number) if other != own else sorted((start, shown.version.number))
    left, right = st.columns(2, gap="medium")
    with left:
        # a key of its own for another classifier's versions: a select box keeps the text of what it showed
        first = _pick("first" if other == own else f"first.{other}", others, ends[0])
    with right:
        second = _pick("second", known, ends[1])
    if (first.classifier, first.number) == (second.classifier, second.number):
        st.caption(t("evaluate.same_version"))
        return
    _side_by_side(first, second)


def _other_classifier(own: str) -> str:
    """The classifier whose version is compared with: this one, unless there are others and somebody chooses one."""
    names = [own, *(known.name for known in state.classifiers() if known.name != own and _is_labelled(known.name))]
    if len(names) == 1:
        return own
    key = f"evaluate.compare_with.{own}"
    if st.session_state.get(key) not in names:
        st.session_state[key] = own
    return str(st.selectbox(t("evaluate.compare_with"), names, key=key, help=t("evaluate.compare_with_help")))


def _is_labelled(classifier: str) -> bool:
    versions = state.versions(classifier)
    return bool(versions) and set(SCORES) <= versions[-1].summary.keys()


def _pick(name: str, known: dict[int, VersionInfo], start: int) -> VersionInfo:
    names = {number: version_line(version) for number, version in known.items()}
    key = f"evaluate.compare_{name}"
    if st.session_state.get(key) not in known:
        st.session_state[key] = start
    label = t(f"evaluate.compare_{name.partition('.')[0]}")
    return known[int(st.selectbox(label, sorted(known), format_func=names.__getitem__, key=key))]


def _side_by_side(first: VersionInfo, second: VersionInfo) -> None:
    tests = common_tests(first, second)
    if not tests:
        st.warning(t("evaluate.other_rows"), icon=":material/difference:")
    else:
        _before_after(first, second, tests)
    figures, settings = figure_table(first, second), setting_table(first, second)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{t('evaluate.figures')}**")
        named = {t("evaluate.figure"): st.column_config.TextColumn(width=FIGURE_NAME)}
        st.dataframe(figures, hide_index=True, column_config=named, key="evaluate.figures")
        tables.download_table(figures, "versions_figures", key="evaluate.figures.download")
    with right:
        st.markdown(f"**{t('evaluate.settings')}**")
        if not len(settings):
            st.caption(t("evaluate.same_settings"))
            return
        st.dataframe(settings, hide_index=True, key="evaluate.settings")
        tables.download_table(settings, "versions_settings", key="evaluate.settings.download")


def _before_after(first: VersionInfo, second: VersionInfo, tests: list[Common]) -> None:
    changes = [
        charts.Change(test.name, _interval(test.before["accuracy"]), _interval(test.after["accuracy"]))
        for test in tests
    ]
    if first.classifier == second.classifier:
        title = t("evaluate.compare_title", first=first.number, second=second.number)
    else:
        title = t("evaluate.compare_title_two", first=_full_name(first), second=_full_name(second))
    charts.before_after(changes, title=title, key="evaluate.compare", axis=t("charts.accuracy"), alt=title)
    significance.draw(tests)


def _full_name(version: VersionInfo) -> str:
    return f"{version.classifier} {version.number}"


def _interval(stored: dict[str, float]) -> tuple[float, float, float]:
    return stored["value"], stored["low"], stored["high"]


def figure_table(first: VersionInfo, second: VersionInfo) -> pd.DataFrame:
    """The averages of both on the same rows (each on its own, of two classifiers), the baseline's, size and time."""
    names = _column_names(first, second)
    reports = [state.report(version) for version in (first, second)]
    same = of_pair(first, second)
    measured = [None if same is None else same.report(version.number) for version in (first, second)]
    overall = [
        stored["overall"] if report is None else report.to_dict()
        for stored, report in zip(reports, measured, strict=True)
    ]
    rows = [[t(f"evaluate.{name}"), *(tables.score(**scores[name]) for scores in overall)] for name in FIGURES]
    rows += [
        [t("evaluate.test_rows"), *(tables.thousands(scores["rows"]) for scores in overall)],
        [t("evaluate.own_baseline"), *(tables.score(**report["baseline"]["report"]["accuracy"]) for report in reports)],
        [t("train.parameters"), *(tables.thousands(report["parameters"]) for report in reports)],
        [t("evaluate.column_time"), *(tables.duration(report["seconds"]) for report in reports)],
    ]
    return pd.DataFrame(rows, columns=[t("evaluate.figure"), *names])


def _column_names(first: VersionInfo, second: VersionInfo) -> list[str]:
    if first.classifier == second.classifier:
        return [t("evaluate.version_name", number=version.number) for version in (first, second)]
    return [_full_name(version) for version in (first, second)]


def setting_table(first: VersionInfo, second: VersionInfo) -> pd.DataFrame:
    """Only the settings in which the two differ."""
    names = _column_names(first, second)
    both = [_settings(version) for version in (first, second)]
    keys = sorted(both[0].keys() | both[1].keys())
    rows = [[key, *(short_reference(str(settings.get(key, tables.NOTHING))) for settings in both)] for key in keys]
    differing = [row for row in rows if row[1] != row[2]]
    return pd.DataFrame(differing, columns=[t("evaluate.setting"), *names])


def _settings(version: VersionInfo) -> dict[str, Any]:
    report = state.report(version)
    labels = {name: setting_label(setting) for name, setting in known_settings(report).items()}
    named = {labels.get(name, name): value for name, value in report["settings"].items()}
    newest = report["experiences"][-1]["name"]
    return {t("evaluate.column_model"): name_of("model", report["model"]), t("evaluate.column_dataset"): newest} | named
