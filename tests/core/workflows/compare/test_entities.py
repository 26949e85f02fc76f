"""Strategies compared on entities: what R and its measures are of, what counts on a test, what suits the task."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from core.base.errors import ConfigError
from core.data.spans.targets import NO_SPANS, Span, target_of
from core.registry.records import ComparisonStore
from core.tasks import DEFAULT, TASKS
from core.workflows.compare.figures import Tests, measure
from core.workflows.compare.request import CompareRequest, first_model, first_strategies, resolve_comparison
from core.workflows.compare.run import Compared, compare_strategies
from core.workflows.compare.streams import ComparisonStream, StreamExperience
from core.workflows.compare.unit import UnitResult
from core.workflows.requests import TrainRequest, UpdateRequest, hidden_strategies, strategies_for
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace
from tests.core.workflows.test_entities import FAST, rows, saved

TASK = TASKS["token_classification"]
A, B = target_of([Span(0, 1, "A")]), target_of([Span(2, 3, "B")])
BOTH = target_of([Span(0, 1, "A"), Span(2, 3, "B")])


def stream(*tests: list[str]) -> ComparisonStream:
    """An experience for each test, with these targets."""
    outputs = ("O", "B-A", "I-A", "B-B", "I-B")
    texts = [tuple(f"text {row}" for row in range(len(test))) for test in tests]
    experiences = tuple(
        StreamExperience(str(number), ((), ()), ((), ()), (own, test), outputs, [])
        for number, (own, test) in enumerate(zip(texts, tests, strict=True))
    )
    return ComparisonStream(TASK, experiences, "en", ())


def result(strategy: str, start: list[str], *predicted: list[str]) -> UnitResult:
    names = (NO_SPANS, A, B, BOTH)
    numbers = np.array([[names.index(answer) for answer in row] for row in (start, *predicted)], dtype=np.int32)
    return UnitResult(strategy, 0, numbers[0], numbers[1:], (1.0,), 0, 0, names)


def test_r_is_micro_f1_of_the_types_that_a_test_has() -> None:
    # Test 1 has two entities of A, test 2 two of B; nothing else counts there.
    nothing = [NO_SPANS] * 4
    answers = result("finetune", nothing, [A, BOTH, NO_SPANS, A], [B, A, B, BOTH])
    (measured,) = measure(stream([A, A], [B, B]), [answers])
    run = measured.runs[0]
    # After the second: of A one of two is found and one marked, 2 · 1 / (2 + 1); of B both, and A is not counted.
    assert run.matrix == pytest.approx(np.array([[1.0, 0.0], [2 / 3, 1.0]]))
    assert run.matrices["macro_f1"] == pytest.approx(run.matrix)
    assert list(measured.figures)[:2] == ["average_micro_f1", "average_macro_f1"]
    assert measured.figures["average_micro_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert measured.figures["forgetting"] == pytest.approx(1 / 3)
    assert measured.figures["plasticity"] == 1
    assert measured.figures["forward_transfer"] == 0
    assert measured.per_class == {"A": pytest.approx(0.5), "B": pytest.approx(np.nan, nan_ok=True)}
    low, high = measured.intervals["average_micro_f1"]
    assert low < measured.figures["average_micro_f1"] < high


def test_answers_are_judged_as_those_of_versions_are() -> None:
    answered = Tests.of(stream([A], [B])).answered(result("finetune", [BOTH, BOTH], [A, NO_SPANS], [B, BOTH]))
    assert answered == [[[A], [A], [NO_SPANS]], [[B], [NO_SPANS], [B]]]


def test_a_checkpoint_keeps_what_was_answered() -> None:
    unit = result("finetune", [A, B], [A, B], [BOTH, BOTH])
    again = UnitResult.from_state(unit.to_state())
    assert again.answers == unit.answers
    assert np.array_equal(again.predicted, unit.predicted)


def compare(workspace: Workspace, datasets: list[str], *strategies: str, **asked: Any) -> dict[str, Any]:
    values = {"seeds": 1, "jobs": 1, "model": "bilstm_crf", "settings": FAST, **asked}
    request = CompareRequest(datasets=datasets, strategies=list(strategies), **values)
    *_, last = compare_strategies(request, workspace)
    assert isinstance(last, Compared)
    return last.result


def test_types_that_arrive_one_after_the_other_are_forgotten_or_kept(workspace: Workspace) -> None:
    dataset = saved(workspace, rows(240, 0), "names").id
    result = compare(workspace, [dataset], "finetune", "self_training", experience="labels")
    assert ComparisonStore(workspace.home).load(result["id"]) == json.loads(json.dumps(result, allow_nan=False))
    assert (result["task"], result["score"]) == ("token_classification", "micro_f1")
    assert sorted(one["name"] for one in result["experiences"]) == ["LOC", "PER"]
    finetune, kept = result["strategies"]
    assert {"R", "R_macro_f1", "average_micro_f1", "average_macro_f1"} <= finetune.keys()
    assert "average_accuracy" not in finetune
    assert np.shape(finetune["R"]) == (2, 2)
    assert finetune["R"][0] == kept["R"][0]
    assert finetune["R"][0][0] > 0.9
    assert finetune["R"][1][0] < 0.2 < 0.8 < kept["R"][1][0]
    first = result["experiences"][0]["name"]
    assert finetune["per_class_forgetting"][first] > 0.8 > 0.2 > kept["per_class_forgetting"][first]
    against = kept["against"]["finetune"]
    assert against["difference"][1] > 0
    assert against["p"] < 0.01
    assert result["best"]["strategy"] == "self_training"
    assert result["best"]["message"]["facts"]["score"] == "micro_f1"


def test_a_comparison_learns_what_stored_updates_learn(workspace: Workspace) -> None:
    parts = [saved(workspace, rows(120, 0, marked=("PER",)), "a").id, saved(workspace, rows(80, 1), "b").id]
    result = compare(workspace, parts, "replay")
    train = TrainRequest(
        classifier="Names", dataset=parts[0], model="bilstm_crf", task=TASK.name, strategy="replay", settings=FAST
    )
    list(train_classifier(train, workspace))
    *_, done = update_classifier(UpdateRequest(classifier="Names", dataset=parts[1], strategy="replay"), workspace)
    for row in (0, 1):
        assert result["strategies"][0]["R"][row] == pytest.approx(done.report["micro_f1_matrix"][row])
    forgotten = done.report["per_class_forgetting"]
    assert forgotten == pytest.approx(result["strategies"][0]["per_class_forgetting"], nan_ok=True)
    assert set(forgotten) == {"PER", "LOC"}


def test_a_field_is_the_first_model_and_what_does_not_suit_is_refused() -> None:
    assert first_model(TASK) == "crf"
    assert first_strategies(TASK) == ["finetune", "replay", "self_training", "joint"]
    assert first_model(TASKS[DEFAULT]) == "ngrams"
    assert "self_training" not in first_strategies(TASKS[DEFAULT])

    def resolve(task: str, **asked: Any) -> Any:
        return resolve_comparison(CompareRequest(datasets=[], **asked), TASKS[task])

    assert resolve(TASK.name, strategies=["finetune"]).model == "crf"
    for task, asked in (
        (TASK.name, {"strategies": ["ridge"]}),
        (TASK.name, {"strategies": ["finetune"], "model": "ngrams"}),
        (DEFAULT, {"strategies": ["self_training"]}),
    ):
        with pytest.raises(ConfigError):
            resolve(task, **asked)


def test_a_strategy_in_closed_form_is_refused_with_the_reason() -> None:
    reason = hidden_strategies(TASK)
    assert reason is not None
    assert "token by token" in str(reason)
    assert hidden_strategies(TASKS["text_classification"]) is None
    assert {"ncm", "ridge", "slda"}.isdisjoint(strategies_for(TASK))
    for name in ("ncm", "ridge", "slda"):
        with pytest.raises(ConfigError, match="token by token"):
            resolve_comparison(CompareRequest(datasets=[], strategies=[name]), TASK)
