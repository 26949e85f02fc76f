"""The lower half of the Models page: tests, the proof of the export, settings, card, champions, MLflow's own screen."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.config import home
from core.registry.records.outgoing import short_reference
from core.registry.records.reports import baseline_name
from core.tasks.text_classification.reported import has_labels
from core.workflows.requests import known_settings, settings_in_effect
from dashboard.models import precision
from dashboard.models.page import difference
from dashboard.parts import scores, tables
from dashboard.parts.decisions import reason_of
from dashboard.parts.names import SCORES, name_of, provider_name
from dashboard.parts.serving import registry
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import catalogue, choice_label, language, setting_label, t, t_message, tn

if TYPE_CHECKING:
    from core.registry import VersionInfo

BAR = re.compile(r"(?<!\\)\|")  # between two cells
ESCAPED = re.compile(r"\\([^\w\s]|_)")
CODE = re.compile(r"((?<!\\)`[^`\\]+`)")  # the card's own: a backtick in a name is escaped
STEP = re.compile(r"\d+\. ")


@guarded_fragment()
def tabs(version: VersionInfo) -> None:
    """The tabs below the chosen version; only the open one is drawn."""
    parts: dict[str, Callable[[VersionInfo], None]] = {
        "tests": _tests,
        "onnx": _onnx,
        "settings": _settings,
        "card": _card,
        "champions": _champions,
        "mlflow": _mlflow,
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
            **{title: _estimate(figures[score]) for score, title in measured.items() if score in figures},
        }
        for name, count, figures in rows
    ]
    st.dataframe(pd.DataFrame(shown), hide_index=True, alt=t("models.tab_tests"), key="models.tests")
    st.caption(t("models.tests_note", method=tables.plain(t_message(baseline_name(report)))))


def score_names(report: Mapping[str, Any]) -> dict[str, str]:
    """What the scores of a test are called, in their order."""
    if has_labels(report):
        return {name: t(f"results.{name}") for name in SCORES}
    return {score.name: scores.score_name(score.name) for score in scores.task_of_report(report).scores}


def _estimate(estimate: dict[str, float]) -> str:
    return tables.score(estimate["value"], estimate["low"], estimate["high"])


def _onnx(version: VersionInfo) -> None:
    report = state.report(version)
    parity = report["parity"]
    facts = {
        "texts": tables.thousands(parity["texts"]),
        "difference": difference(parity["max_abs_diff"]),
        "agreement": f"{parity['label_agreement']:.1%}",
        "provider": provider_name(parity["provider"]),
    }
    st.markdown(t("models.onnx" if has_labels(report) else "models.onnx_of", **facts))
    st.caption(t("models.onnx_note"))
    precision.draw(version)


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


def _card(version: VersionInfo) -> None:
    card = (state.version_folder(version) / "model_card.md").read_text(encoding="utf-8")
    st.caption(t("models.card_note"))
    with st.container(border=True):
        st.markdown(quiet_markdown(card))


def quiet_markdown(card: str) -> str:
    """The card with smaller headings and its tables; all else is text, so that no label and no dataset's name is markup."""
    return "\n".join(_quiet(line) for line in card.splitlines())


def _quiet(line: str) -> str:
    if line.startswith("|"):
        return "|".join(cell if set(cell) <= {"-"} else _text(cell) for cell in BAR.split(line))
    if (step := STEP.match(line)) is not None:
        return step.group() + _text(line[step.end() :])
    marks, _, title = line.partition(" ")
    return f"###{marks} {_text(title)}" if marks and set(marks) == {"#"} else _text(line)


def _text(written: str) -> str:
    """What somebody reads who sees the card's Markdown, as text; what the card sets as code stays code."""
    parts = CODE.split(written)
    return "".join(part if index % 2 else tables.plain(ESCAPED.sub(r"\1", part)) for index, part in enumerate(parts))


def _champions(version: VersionInfo) -> None:
    moves = registry().champion_history(version.classifier)[::-1]
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


def _mlflow(version: VersionInfo) -> None:
    if os.environ.get("MLFLOW_TRACKING_URI"):
        st.markdown(t("models.mlflow_server"))
        return
    st.markdown(t("models.mlflow"))
    st.code(mlflow_command(), language="bash", wrap_lines=True)
    st.caption(t("models.mlflow_note", run=version.run_id))


def mlflow_command() -> str:
    """The line that opens MLflow's own screen on this workspace, with the Python that has MLflow."""
    store = f"sqlite:///{(home() / 'mlflow.db').resolve()}"
    return shlex.join([sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store, "--port", "5001"])
