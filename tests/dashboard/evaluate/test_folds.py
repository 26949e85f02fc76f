"""Repeated trainings on the Evaluate page: started from the Compare tab, shown when they are done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.jobs import JobQueue
from core.registry.records import FoldStore
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.evaluate.compare.folds import run_table
from tests.dashboard.conftest import open_tab


@pytest.fixture(scope="module")
def home(make_home: Callable[[str], Path]) -> Path:
    folder = make_home("folds")
    workspace = open_workspace(folder)
    rows = [(f"{word} thing number {number}", word) for number in range(40) for word in ("good", "bad")]
    roles = ColumnRoles("text", "label")
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
    stored = workspace.datasets.save(dataset, name="Things", roles=roles)
    settings = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
    list(
        train_classifier(TrainRequest(classifier="T", dataset=stored.id, model="ngrams", settings=settings), workspace)
    )
    return folder


def record(made: str, **changed: Any) -> dict[str, Any]:
    score = {"value": 0.8, "low": 0.7, "high": 0.9}
    runs = [{"run": n, "seed": 0, "rows": 16, "accuracy": score, "macro_f1": score} for n in (1, 2)]
    summary = {name: {"mean": 0.8, "deviation": 0.0123} for name in ("accuracy", "macro_f1")}
    facts = {"classifier": "T", "version": 1, "version_made": made, "created": made, "how": "folds", "rows": 32}
    return {**facts, "runs": runs, "summary": summary, "pooled": {"accuracy": score, "macro_f1": score}, **changed}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_repeated_runs_are_shown_with_mean_and_deviation(
    open_page: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:

    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    made = open_workspace(home).registry.version("T", 1).created
    FoldStore(home).save(record(made))
    FoldStore(home).save(record(made, how="seeds", pooled=None))
    at = open_page("evaluate", language=language)
    open_tab(at, "evaluate", "compare")
    at.run()
    assert not at.exception
    assert sum("0.800 ± 0.012" in one.value for one in at.markdown) == 2
    few = {"en": "too few to judge", "zh": "太少"}[language]
    assert any(few in one.value for one in at.caption)  # 16 rows held out


def test_the_button_submits_a_job_with_the_settings(
    open_page: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    submitted: list[dict[str, Any]] = []
    monkeypatch.setattr(JobQueue, "submit", lambda queue, kind, **asked: submitted.append({"kind": kind, **asked}))
    at = open_page("evaluate")
    open_tab(at, "evaluate", "compare")
    at.run()
    at.button(key="evaluate.folds.start").click().run()
    assert not at.exception
    expected = {"classifier": "T", "version": 1, "repeat_by": "folds", "repeat_runs": 5}
    assert [(one["kind"], one["config"]) for one in submitted] == [("folds", expected)]


def test_the_table_has_a_row_for_each_run() -> None:
    table = run_table(record(""))
    assert table["Run"].tolist() == [1, 2]
    assert table["Accuracy"].tolist() == ["0.800 (0.700–0.900)"] * 2
    assert np.array_equal(table["Rows held out"], ["16", "16"])
