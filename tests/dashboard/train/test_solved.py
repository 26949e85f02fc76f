"""The Train form of a model that is solved says which settings count only later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.loading.samples import save_sample
from core.jobs import JobQueue
from core.workflows.requests import TrainRequest
from core.workflows.workspace import open_workspace
from dashboard.parts.run_view import has_epochs
from tests.dashboard.conftest import wait

OpenPage = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("language", "beginning"),
    [("en", "A first training of this model is solved."), ("zh", "这个模型的首次训练是直接求解的。")],
)
def test_settings_of_steps_are_said_to_count_only_in_updates(
    open_page: OpenPage, evergreen_home: Path, language: str, beginning: str
) -> None:
    save_sample(open_workspace(evergreen_home).datasets, "reviews_en", "first")
    at = open_page("train", language=language)
    for model, is_said in (("linear", True), ("ngrams", False)):
        at.pills(key="train.model").set_value(model).run()
        assert any(caption.value.startswith(beginning) for caption in at.caption) is is_said


def test_validation_rows_choose_no_epoch(open_page: OpenPage, evergreen_home: Path) -> None:
    save_sample(open_workspace(evergreen_home).datasets, "reviews_en", "first")
    at = open_page("train")
    for model, role in (("linear", "are for validation"), ("ngrams", "choose the best epoch")):
        at.pills(key="train.model").set_value(model).run()
        wait(lambda: at.run().metric[0].value != "…")
        assert [caption.value for caption in at.caption if role in caption.value]


def test_a_run_of_a_solved_model_has_no_epochs_and_no_curve(
    evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)
    queue = JobQueue(evergreen_home)
    for model, learned_in_epochs in (("linear", False), ("ngrams", True), ("auto", False)):
        request = TrainRequest(classifier="Shop", dataset="none", model=model)
        job = queue.submit("train", title="Shop", classifier="Shop", config=request.model_dump())
        assert has_epochs(job) is learned_in_epochs
