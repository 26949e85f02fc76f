"""Another task that is declared by a test alone: it answers with one of two words and states probabilities, yet is measured by
a score of its own, and its reports tell of no labels.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from core.base.errors import DataError
from core.cli.commands.report import catalogue
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.jobs import JobQueue
from core.networks.standalone.pipeline import TextPipeline
from core.registry.records.reports import baseline_name
from core.statistics.additive import Statistics, hit_rows, rate_score
from core.tasks import TASKS
from core.tasks.answering import Baseline
from core.tasks.base import Criterion, Task
from core.workflows.learn.candidate import Completed
from core.workflows.repeat.cross_validation import cross_validate
from core.workflows.repeat.learning_curve import draw_curve
from core.workflows.repeat.request import CurveRequest, FoldsRequest
from core.workflows.report.card import escaped
from core.workflows.report.document import ReportLanguage
from core.workflows.report.run import gather, html_report, model_card
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace

FAST = {"epochs": 4, "buckets": 1024, "embedding_size": 16, "memory_size": 40, "learning_rate": 0.05, "batch_size": 8}
LONG = 6  # words, from which on a text is long


class Length(Task):
    """Whether a text is short or long."""

    name = "length"
    label = "Short or long"
    help = "The column of targets says short or long."
    scores = (rate_score("hit_rate", lambda rows: (rows[..., 0], rows[..., 1])),)
    activation = "softmax"

    def stratum(self, target: str) -> str:
        return target

    def outputs(self, targets: Sequence[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        return ("short", "long")

    def encode(self, targets: Sequence[str], outputs: Sequence[str]) -> NDArray[Any]:
        return np.array([list(outputs).index(target) for target in targets], dtype=np.int64)

    def criterion(self, config: Any, targets: NDArray[Any], outputs: Sequence[str]) -> Criterion:
        from torch.nn.functional import cross_entropy

        return cross_entropy

    def measure(self, outputs: NDArray[Any], targets: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
        return {"hit_rate": float((outputs.argmax(axis=1) == targets).mean())}

    def answers(self, values: NDArray[Any], outputs: Sequence[str]) -> list[str]:
        return [outputs[number] for number in values.argmax(axis=1)]

    def statistics(self, truth: Sequence[str], answers: Sequence[str]) -> Statistics:
        return hit_rows([target == answer for target, answer in zip(truth, answers, strict=True)])

    def baseline(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        outputs: Sequence[str],
        *,
        language: str,
        pipeline: TextPipeline,
    ) -> Baseline:
        most = max(outputs, key=list(targets).count)
        return Baseline("always the commonest", lambda texts: [most] * len(texts))


@pytest.fixture(scope="module", autouse=True)
def _task() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, Length.name, Length())
        yield


def saved(workspace: Workspace, rows: int, seed: int) -> str:
    """Texts of made-up words, short and long ones."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 2 * LONG, rows)
    words = ("lamp", "kettle", "phone", "chair", "bag", "灯", "好", "book")
    made = tuple(
        " ".join([f"{row}x{seed}", *generator.choice(words, length - 1).tolist()]) for row, length in enumerate(lengths)
    )
    dataset = TextDataset(made, (lengths < LONG).astype(np.int64), ("long", "short"))
    roles = ColumnRoles(text="text", label="length")
    return workspace.datasets.save(dataset, name=f"texts {seed}", roles=roles).id


@pytest.fixture(scope="module")
def learned_once(make_home: Callable[[str], Path]) -> Path:
    """A model that was updated twice, once in closed form."""
    opened = open_workspace(make_home("length"))
    asked = TrainRequest(
        classifier="Length", dataset=saved(opened, 240, 0), model="ngrams", task="length", settings=FAST
    )
    events = [*train_classifier(asked, opened)]
    assert isinstance(events[-1], Completed)
    for seed, strategy in enumerate(("ridge", "replay"), start=1):
        update = UpdateRequest(
            classifier="Length", dataset=saved(opened, 160, seed), strategy=strategy, promote="always"
        )
        events = [*update_classifier(update, opened)]
        assert isinstance(events[-1], Completed)
    return opened.home


@pytest.fixture
def workspace(learned_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(learned_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_its_report_tells_of_its_own_score_and_of_no_labels(workspace: Workspace, language: str) -> None:
    texts = catalogue(language)
    words = ReportLanguage(language, lambda key, english: texts.get(key, english))
    inputs = gather(workspace.registry.version("Length", 3), workspace)
    card = model_card(inputs, words)
    measured = inputs.report["overall"]["hit_rate"]["value"]
    assert f"{measured:.3f}" in card
    assert "Hit rate" in card
    assert escaped(words.say(baseline_name(inputs.report))) in card
    for row in inputs.report["hit_rate_matrix"]:
        assert all(f"{value:.3f}" in card for value in row if value is not None)
    assert "macro-F1" not in card
    assert "宏平均" not in card
    assert "Hit rate" in html_report(inputs, words)


def test_what_only_labels_answer_is_refused(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="does not give each text one label"):
        list(draw_curve(CurveRequest(classifier="Length"), workspace))
    with pytest.raises(DataError, match="does not give each text one label"):
        list(cross_validate(FoldsRequest(classifier="Length"), workspace))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_shows_it(
    open_page: Callable[..., AppTest], workspace: Workspace, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)  # a process of its own would not know this task
    for name in ("overview", "update", "evaluate"):
        page = open_page(name, language=language, classifier="Length")
        assert not page.exception, page.exception
        assert not page.error, [element.value for element in page.error]
    assert "Hit rate" in {metric.label for metric in page.metric}
    assert not {button.key for button in page.button} & {"evaluate.folds.start", "evaluate.curve.start"}
