"""The report is offered on two pages, and written in the reader's language when asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.report_download import written
from tests.core.conftest import reviews, save


@pytest.fixture
def workspace(evergreen_home: Path) -> Path:
    opened = open_workspace(evergreen_home)
    stored = save(opened, reviews(60))
    settings = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
    list(
        train_classifier(TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=settings), opened)
    )
    return evergreen_home


def test_both_pages_offer_the_report(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    for page in ("models", "results"):
        shown = open_page(page, classifier="Shop")
        assert not shown.exception
        assert {f"{page}.report", f"{page}.card"} <= {str(button.key) for button in shown.get("download_button")}
    version = open_workspace(workspace).registry.version("Shop", 1)
    assert "混淆矩阵" in written(version, "zh", html=True).decode("utf-8")
    english = written(version, "en", html=False).decode("utf-8")
    assert english.startswith("# Shop")
    assert "N-gram bag" in english
