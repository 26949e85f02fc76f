"""The report is offered on two pages, and written in the reader's language when asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.base.errors import DataError
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.versions import report_download
from dashboard.parts.versions.report_download import Outcomes, attempt, raise_failure, written
from tests.core.conftest import reviews, save


@pytest.fixture
def workspace(evergreen_home: Path, new_store: Path) -> Path:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    opened = open_workspace(evergreen_home)
    stored = save(opened, reviews(60))
    settings = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
    list(
        train_classifier(TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=settings), opened)
    )
    return evergreen_home


def test_the_report_can_be_taken_home(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    shown = open_page("use", "home", classifier="Shop")
    assert not shown.exception
    assert {"use.report", "use.card"} <= {str(button.key) for button in shown.get("download_button")}
    version = open_workspace(workspace).registry.version("Shop", 1)
    assert "混淆矩阵" in written(version, "zh", html=True).decode("utf-8")
    english = written(version, "en", html=False).decode("utf-8")
    assert english.startswith("# Shop")
    assert "N-gram bag" in english


def test_a_file_that_cannot_be_written_is_told_to_the_page() -> None:
    outcomes: Outcomes = SimpleQueue()

    def fails() -> bytes:
        raise DataError("dataset.missing", "It is gone.")

    with pytest.raises(DataError):
        attempt(fails, outcomes)
    with pytest.raises(DataError, match="gone"):
        raise_failure(outcomes)
    assert attempt(lambda: b"written", outcomes) == b"written"
    raise_failure(outcomes)
    raise_failure(outcomes, seconds=0.01)  # nothing is left to be told


def test_the_page_shows_why_the_report_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "download_button", lambda *_, key, **__: key == "models.report")
    monkeypatch.setattr(report_download, "bundle_name", lambda _: "shop.zip")

    def script() -> None:
        import streamlit as st

        from core.base.errors import DataError
        from dashboard.parts.versions import report_download

        outcomes = st.session_state.setdefault("models.report_outcomes", report_download.SimpleQueue())
        outcomes.put(DataError("dataset.gone_for_this_test", "It is gone."))
        report_download.draw(None, key="models")  # type: ignore[arg-type]

    page = AppTest.from_function(script, default_timeout=60).run()
    assert not page.exception
    assert [box.value for box in page.error] == ["It is gone."]
