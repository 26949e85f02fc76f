"""Details of a version on Overview: its tests, the settings it was learned with, and which versions served when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.registry.records.outgoing import short_reference
from core.registry.records.reports import baseline_name
from core.tasks.text_classification.reported import has_labels
from core.workflows.requests import known_settings, settings_in_effect
from dashboard.parts import scores, tables
from dashboard.parts.names import SCORES, name_of
from dashboard.parts.versions.decisions import reason_of
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import catalogue, choice_label, language, setting_label, t, t_message, tn

if TYPE_CHECKING:
    from core.registry import VersionInfo


@guarded_fragment()
def tabs(version: VersionInfo) -> None:
    """The tabs below the chosen version; only the open one is drawn."""
    parts: dict[str, Callable[[VersionInfo], None]] = {
        "tests": _tests,
        "settings": _settings,
        "champions": _champions,
    }
    names = [t(f"models.tab_{name}") for name in parts]
    for tab, draw in zip(st.tabs(names, key="models.tabs", on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                draw(version)


def _tests(version: VersionInfo) -> None:
    report = state.report(version)
    rows: list[tuple[str, int, dict[str, Any]]] = []
    for test, baseline in zip(report["tests"], report["baseline"]["tests"], strict=True):
        rows.append((test["name"], test["rows"], test["report"]))
        rows.append((t("models.baseline"), baseline.get("rows", test["rows"]), baseline))
    if len(report["tests"]) > 1:
        rows.append((t("models.all_tests"), report["overall"]["rows"], report["overall"]))
        rows.append((t("models.baseline"), report["baseline"]["report"]["rows"], report["baseline"]["report"]))
    measured = score_names(report)
    shown = [
        {
            t("models.column_test"): name,
            t("models.column_rows"): count,
            **{
                title: _estimate(figures[score]) if score in figures else tables.NOTHING
                for score, title in measured.items()
            },
        }
        for name, count, figures in rows
    ]
    table = pd.DataFrame(shown)
    counts = tables.counts(table)
    st.dataframe(table, hide_index=True, alt=t("models.tab_tests"), key="models.tests", column_config=counts)
    st.caption(t("models.tests_note", method=tables.plain(t_message(baseline_name(report)))))


def score_names(report: Mapping[str, Any]) -> dict[str, str]:
    """What the scores of a test are called, in their order."""
    if has_labels(report):
        return {name: t(f"evaluate.{name}") for name in SCORES}
    return {score.name: scores.score_name(score.name) for score in scores.task_of_report(report).scores}


def _estimate(estimate: dict[str, float]) -> str:
    return tables.score(estimate["value"], estimate["low"], estimate["high"])


def _settings(version: VersionInfo) -> None:
    report = state.report(version)
    names = setting_names(report)
    facts = {
        "model": name_of("model", report["model"]),
        "parameters": tables.thousands(report["parameters"]),
        "vocabulary": tables.thousands(report["vocabulary"]),
        "seconds": tables.duration(report["seconds"]),
    }
    st.markdown(t("models.settings", **facts))
    shown = [(names.get(name, name), _value(name, value)) for name, value in settings_in_effect(report).items()]
    table = pd.DataFrame(shown, columns=[t("models.column_setting"), t("models.column_value")])
    st.dataframe(table, hide_index=True, alt=t("models.tab_settings"), key="models.settings", width=560)


def setting_names(report: Mapping[str, Any]) -> dict[str, str]:
    """Name → label in the reader's language, over all settings that a version of this kind has."""
    return {name: setting_label(setting) for name, setting in known_settings(report).items() if setting.help}


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return t("models.yes") if value else t("models.no")
    if isinstance(value, str):
        known = {f"choices.{name}_{value}", f"choices.{value}"} & catalogue(language()).keys()
        return choice_label(name, value) if known else short_reference(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def _champions(version: VersionInfo) -> None:
    moves = state.champion_history(version.classifier)[::-1]
    if not moves:
        st.caption(t("models.no_champions"))
        return
    shown = [
        {
            t("models.column_when"): tables.moment(move["at"]),
            t("models.version"): t("models.version_name", number=move["version"]),
            t("models.column_why"): reason_of(move),
        }
        for move in moves
    ]
    st.markdown(tn("models.champions", len(moves)))
    st.dataframe(pd.DataFrame(shown), hide_index=True, alt=t("models.tab_champions"), key="models.champions")
