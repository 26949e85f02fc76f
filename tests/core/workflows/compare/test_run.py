"""Comparing strategies on tiny streams: the figures, what is shared, what a stop and a resume keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core.base.errors import ConfigError, DataError
from core.base.events import Advanced, CheckpointDue
from core.data.dataset.rows import TextDataset
from core.registry.records import ComparisonStore
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.run import Compared, compare_strategies
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 2, "buckets": 1024, "embedding_size": 16, "memory_size": 20, "learning_rate": 0.02, "batch_size": 8}
FIGURES = {"average_accuracy", "average_macro_f1", "forgetting", "plasticity", "backward_transfer", "forward_transfer"}


def flipped(dataset: TextDataset) -> TextDataset:
    """The same texts, each with the other label, under a word of their own: learning them costs the others."""
    return TextDataset(tuple(text + " too" for text in dataset.texts), 1 - dataset.labels, dataset.classes)


@pytest.fixture
def stream(workspace: Workspace) -> list[str]:
    """Three datasets with two labels each; the second one contradicts the first."""
    first = reviews(60)
    parts = (first, flipped(first), reviews(60, seed=2, extra="indeed"))
    return [save(workspace, part, f"part {number}").id for number, part in enumerate(parts)]


def request(datasets: list[str], *strategies: str, **asked: Any) -> CompareRequest:
    values = {"seeds": 1, "jobs": 1, "settings": {**FAST, **asked.pop("settings", {})}, **asked}
    return CompareRequest(datasets=datasets, strategies=list(strategies), **values)


def compare(workspace: Workspace, asked: CompareRequest, **others: Any) -> dict[str, Any]:
    *_, last = compare_strategies(asked, workspace, **others)
    assert isinstance(last, Compared)
    return last.result


def without_times(result: dict[str, Any]) -> list[Any]:
    """The strategies of a result without what no two runs have alike."""
    kept = json.loads(json.dumps(result["strategies"]))
    for one in [*kept, *(run for strategy in kept for run in strategy["runs"])]:
        for name in ("seconds", "seconds_ratio", "seconds_per_experience", "spread"):
            one.pop(name, None)
    return kept  # type: ignore[no-any-return]


def test_a_comparison_has_every_figure_and_is_stored(workspace: Workspace, stream: list[str]) -> None:
    result = compare(workspace, request(stream, "finetune", "joint", seeds=2))
    assert ComparisonStore(workspace.home).load(result["id"]) == json.loads(json.dumps(result, allow_nan=False))
    assert [one["strategy"] for one in result["strategies"]] == ["finetune", "joint"]
    for one in result["strategies"]:
        assert np.shape(one["R"]) == np.shape(one["R_macro_f1"]) == (3, 3)
        assert set(one["intervals"]) == FIGURES | {"intransigence"}
        for figure, (low, high) in one["intervals"].items():
            assert low <= one[figure] <= high
        assert np.mean([run["R"] for run in one["runs"]], axis=0) == pytest.approx(np.array(one["R"]))
        assert one["average_accuracy"] == pytest.approx(np.mean(one["R"][-1]))
        assert one["seconds"] == pytest.approx(np.mean([sum(run["seconds_per_experience"]) for run in one["runs"]]))
        assert [run["seed"] for run in one["runs"]] == [0, 1]
    finetune, joint = result["strategies"]
    assert joint["intransigence"] == 0
    assert finetune["intransigence"] == pytest.approx(joint["plasticity"] - finetune["plasticity"])
    assert joint["seconds_ratio"] == 1
    assert finetune["against"]["joint"]["difference"][0] == pytest.approx(
        finetune["average_accuracy"] - joint["average_accuracy"]
    )
    assert finetune["against"]["joint"]["p"] == joint["against"]["finetune"]["p"]
    assert result["best"]["strategy"] in {"finetune", "joint"}
    assert [(one["name"], one["labels"]) for one in result["experiences"]] == [
        (f"part {number}", ["negative", "positive"]) for number in range(3)
    ]


def test_the_first_experience_is_learned_alike_by_all(workspace: Workspace, stream: list[str]) -> None:
    result = compare(workspace, request(stream, "finetune", "replay", "si", "joint"))
    first_rows = [one["R"][0] for one in result["strategies"]]
    assert all(row == first_rows[0] for row in first_rows)


def test_a_strategy_gives_the_same_whoever_it_is_compared_with(workspace: Workspace, stream: list[str]) -> None:
    alone = compare(workspace, request(stream, "replay"))
    among = compare(workspace, request(stream, "si", "replay"))
    assert without_times(alone)[0]["runs"] == without_times(among)[1]["runs"]


@pytest.mark.parametrize("strategy", ["replay", "si", "joint"])
def test_a_comparison_learns_what_stored_updates_learn(workspace: Workspace, strategy: str) -> None:
    parts = [reviews(80), reviews(80, seed=1, extra="indeed", third_label=True)]
    datasets = [save(workspace, part, f"part {number}").id for number, part in enumerate(parts)]
    result = compare(workspace, request(datasets, strategy))
    train = TrainRequest(classifier="Shop", dataset=datasets[0], model="ngrams", strategy=strategy, settings=FAST)
    list(train_classifier(train, workspace))
    update = UpdateRequest(classifier="Shop", dataset=datasets[1], strategy=strategy)
    *_, completed = update_classifier(update, workspace)
    assert result["strategies"][0]["R"][1] == pytest.approx(completed.report["accuracy_matrix"][1])
    assert result["strategies"][0]["R"][0] == pytest.approx(completed.report["accuracy_matrix"][0])
    assert tuple(result["classes"]) == VersionFolder(workspace.registry.folder("Shop", 2)).outputs


def test_only_a_strategy_that_rehearses_keeps_texts(workspace: Workspace, stream: list[str]) -> None:
    result = compare(workspace, request(stream, "finetune", "replay", "ewc", "joint"))
    finetune, replay, ewc, joint = result["strategies"]
    assert (finetune["memory_rows"], finetune["memory_bytes"]) == (0, 0)
    assert replay["memory_rows"] == 20
    assert 20 * 20 < replay["memory_bytes"] < 20 * 500
    assert ewc["memory_rows"] == 0
    # Importance and pull of every weight, four bytes each.
    assert ewc["memory_bytes"] > 2 * 4 * 1024 * 16
    # Joint training must have every earlier row at hand.
    assert joint["memory_rows"] == sum(one["train"] + one["validation"] for one in result["experiences"])


def test_a_resumed_comparison_keeps_its_finished_units(workspace: Workspace, stream: list[str]) -> None:
    asked = request(stream, "finetune", "replay", seeds=2)
    whole = compare(workspace, asked)
    states = [event.state for event in compare_strategies(asked, workspace) if isinstance(event, CheckpointDue)]
    assert [len(state["units"]) for state in states] == [1, 2, 3, 4]
    events = list(compare_strategies(asked, workspace, resume=states[2]))
    assert sum(isinstance(event, CheckpointDue) for event in events) == 1
    assert without_times(events[-1].result) == without_times(whole)
    assert events[-1].result["seconds"] >= states[2]["seconds"]


def test_a_stop_leaves_what_is_finished_and_says_so(workspace: Workspace, stream: list[str]) -> None:
    finished = 0

    def watched(events: Iterator[Any]) -> Iterator[Any]:
        nonlocal finished
        for event in events:
            finished += isinstance(event, CheckpointDue)
            yield event

    asked = request(stream, "finetune", "replay")
    *_, last = watched(compare_strategies(asked, workspace, should_stop=lambda: finished == 1))
    assert len(last.result["strategies"]) == 1
    assert last.result["findings"][-1]["key"] == "compare.stopped_without"
    assert last.result["findings"][-1]["facts"]["done"] == 1


def test_a_stop_before_anything_is_finished_leaves_nothing(workspace: Workspace, stream: list[str]) -> None:
    events = list(compare_strategies(request(stream, "finetune"), workspace, should_stop=lambda: True))
    assert not any(isinstance(event, Compared | CheckpointDue) for event in events)
    assert ComparisonStore(workspace.home).list() == []


def test_the_bar_only_grows_and_says_what_is_learned(workspace: Workspace, stream: list[str]) -> None:
    events = [e for e in compare_strategies(request(stream, "replay", seeds=2), workspace) if isinstance(e, Advanced)]
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(0.97)
    sentences = [str(event.message) for event in events]
    assert "1 of 2 runs done. replay, seed 2 of 2, experience 3 of 3." in sentences


def test_settings_of_strategies_and_model_travel_together(workspace: Workspace, stream: list[str]) -> None:
    result = compare(workspace, request(stream, "replay", "finetune", settings={"replay_ratio": 0.5, "seed": 7}))
    assert result["strategies"][0]["settings"]["replay_ratio"] == 0.5
    assert result["strategies"][1]["settings"] == {}
    assert result["strategies"][0]["runs"][0]["seed"] == 7
    assert result["settings"]["epochs"] == 2


def test_what_cannot_be_compared_is_said_before_anything_is_learned(workspace: Workspace, stream: list[str]) -> None:
    for strategies, settings in ((["nosuch"], {}), ([], {}), (["finetune"], {"replay_ratio": 1})):
        with pytest.raises(ConfigError):
            compare(workspace, request(stream, *strategies, settings=settings))
    with pytest.raises(DataError, match="only one experience"):
        compare(workspace, request(stream[:1], "finetune"))
