"""Pages of a model without labels, here a language model: what only labels can answer is said in a sentence or left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.registry.records.reports import has_labels
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace
from dashboard.parts.report_download import written
from tests.core.conftest import reviews, save
from tests.language_models import TASK, TINY

OpenPage = Callable[..., AppTest]


@pytest.fixture
def workspace(evergreen_home: Path) -> Workspace:
    opened = open_workspace(evergreen_home)
    stored = save(opened, TASK.as_read(reviews(320)))
    request = TrainRequest(classifier="Shop", dataset=stored.id, task=TASK.name, model="causal", settings=TINY)
    list(train_classifier(request, opened))
    return opened


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_offer_nothing_that_needs_labels(open_page: OpenPage, workspace: Workspace, language: str) -> None:
    version = workspace.registry.version("Shop", 1)
    assert not has_labels(workspace.registry.report("Shop", 1)) if hasattr(workspace.registry, "report") else True
    for name in ("results", "benchmark", "lab", "search", "labelling", "models"):
        page = open_page(name, language=language, classifier="Shop")
        print(name, [b.key for b in page.button], [i.value for i in page.info], [m.value[:80] for m in page.markdown], [s.key for s in page.selectbox], [(s.key, s.options) for s in page.multiselect], [(s.key,s.options) for s in page.selectbox])
        assert not page.exception, page.exception
        assert not page.error, [box.value for box in page.error]
    assert "困惑度" in written(version, "zh", html=True).decode("utf-8")
