"""All runs of a model as a table: what each was asked for, what came of it, and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.base.errors import CoreError
from core.registry.records.outgoing import short_reference
from core.registry.records.reports import is_solved
from core.workflows.requests import known_settings
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.parts.scores import score_name, task_of_report
from dashboard.parts.versions import history, same_tests
from dashboard.shell import state
from dashboard.shell.i18n import setting_label, t

if TYPE_CHECKING:
    from core.registry import RunInfo, VersionInfo

MOST_SCORES = 2  # of a task's scores, those that stand first decide
NO_SETTINGS = {"dataset", "model", "task", "strategy"}  # facts of a run that are told elsewhere


def table(runs: Sequence[RunInfo], classifier: str | None) -> pd.DataFrame:
    """One row a run, in the order given; scores where the run made a version, those on tests all on the same rows.

    Parameters
    ----------
    classifier
        The model that most of them are of; the name of another one, which does not exist, is told.
    """
    versions = {version.number: version for version in state.versions(classifier)} if classifier else {}
    reports = {number: _report(version) for number, version in versions.items()}
    same = same_tests.of_today(classifier) if versions and classifier else None
    newest = next((report for _, report in sorted(reports.items(), reverse=True) if report), None)
    scores = [score.name for score in task_of_report(newest).scores[:MOST_SCORES]] if newest else []
    others = any(run.classifier != classifier for run in runs)
    names = {dataset.id: dataset.name for dataset in state.datasets()}
    rows = []
    for run in runs:
        number = run.version if run.classifier == classifier else None
        made, report = versions.get(number or 0), reports.get(number or 0)
        dataset = run.settings.get("dataset", "")
        model = run.settings.get("model") or (report or {}).get("model")  # an update keeps that of its parent
        row = {t("train.run_started"): tables.moment(run.started)}
        if others:
            row[t("train.run_name")] = run.classifier
        row |= {
            t("train.run_version"): "" if number is None else str(number),
            t("train.run_state"): t(f"run.state_{run.state}"),
            t("train.run_how"): name_of("strategy", run.settings.get("strategy") or "train"),
            t("train.run_model"): name_of("model", str(model)) if model else tables.NOTHING,
            t("train.run_data"): names.get(dataset) or _learned(made, dataset),
        }
        if scores:
            row[t("train.run_validation", score=score_name(scores[0]))] = _validation(report)
        for score in scores:
            shown = tables.NOTHING if made is None else history.score_shown(made, score, same)
            row[t("train.run_test", score=score_name(score))] = shown
            if score == scores[0]:
                on_same_rows = made is not None and same is not None and made.number in same.answers
                judged_by = reports.get(same.reference) if same is not None and on_same_rows else None
                row[t("train.run_baseline", score=score_name(score))] = _baseline(run, judged_by, score)
        row |= {
            t("train.run_epochs"): _epochs(run, report),
            t("train.run_time"): tables.duration(_seconds(run, report)),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def filtered(whole: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """The rows in which every wanted word occurs somewhere, in any column and case."""
    if not len(whole):
        return whole
    texts = whole.astype(str).agg(" ".join, axis=1).str.lower()
    keep = np.ones(len(whole), dtype=bool)
    for word in wanted.lower().split():
        keep &= texts.str.contains(word, regex=False).to_numpy()
    return whole[keep]


def settings_of_run(run: RunInfo) -> pd.DataFrame:
    """The settings of one run, by their names on the form where they are known."""
    made = next((known for known in state.versions(run.classifier) if known.number == run.version), None)
    report = _report(made) if made is not None else None
    labels = {name: setting_label(setting) for name, setting in known_settings(report).items()} if report else {}
    rows = [
        {t("train.run_setting"): labels.get(name, name), t("train.run_value"): short_reference(value)}
        for name, value in sorted(run.settings.items())
        if name not in NO_SETTINGS
    ]
    return pd.DataFrame(rows)


def _report(version: VersionInfo) -> dict[str, Any] | None:
    try:
        return state.report(version)
    except (CoreError, OSError):  # its files are gone or damaged: the run is listed all the same
        return None


def _learned(made: VersionInfo | None, dataset: str) -> str:
    """The name of a dataset that is not there any more, or not under this id, by the version that learned from it."""
    return dataset if made is None or not dataset else str(made.summary.get("dataset_name", dataset))


def _validation(report: Mapping[str, Any] | None) -> str:
    """The deciding score of the epoch that was kept, on the validation rows of the run."""
    if report is None:
        return tables.NOTHING
    name = f"validation_{task_of_report(report).score.name}"
    kept = [epoch.get(name) for epoch in report["epochs"] if epoch.get("best")]
    return tables.score(kept[-1]) if kept else tables.NOTHING


def _baseline(run: RunInfo, judged_by: Mapping[str, Any] | None, score: str) -> str:
    """The baseline's score on the tests that the version is shown on; of a version that has not answered them on its own."""
    if judged_by is None:
        return tables.score(run.metrics.get(f"baseline_{score}"))
    return tables.score(judged_by["baseline"]["report"][score]["value"])


def _seconds(run: RunInfo, report: Mapping[str, Any] | None) -> float | None:
    seconds = run.metrics.get("seconds")
    return float(report["seconds"]) if seconds is None and report is not None else seconds


def _epochs(run: RunInfo, report: Mapping[str, Any] | None) -> str:
    """How many epochs a run has learned, of how many it was allowed."""
    allowed = run.settings.get("epochs") or run.settings.get("training.epochs")
    if report is not None and is_solved(report):
        return tables.NOTHING
    if report is None:
        return tables.NOTHING if allowed is None else t("train.run_epochs_allowed", allowed=allowed)
    learned = len(report["epochs"])
    return str(learned) if allowed is None else t("train.run_epochs_of", learned=learned, allowed=allowed)
