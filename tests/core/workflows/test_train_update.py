"""Training and updating through the real workflow: tiny n-gram models on made-up reviews."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from core.base.errors import ConfigError, DataError, RegistryError
from core.base.events import CheckpointDue, EpochDone
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.networks.standalone.predict import Classifier
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.evaluate import evaluate_version
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 3, "buckets": 1024, "embedding_size": 16, "memory_size": 40, "learning_rate": 0.02, "batch_size": 8}


def train(workspace: Workspace, dataset: TextDataset | None = None, name: str = "Shop", **settings: Any) -> Completed:
    stored = save(workspace, dataset if dataset is not None else reviews(150))
    request = TrainRequest(classifier=name, dataset=stored.id, model="ngrams", settings={**FAST, **settings})
    *_, completed = train_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def update(workspace: Workspace, dataset: TextDataset, strategy: str = "replay", **asked: Any) -> Completed:
    stored = save(workspace, dataset, "batch")
    request = UpdateRequest(classifier="Shop", dataset=stored.id, strategy=strategy, **asked)
    *_, completed = update_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def folder(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", number))


def test_a_first_training_serves_at_once_and_tells_all(workspace: Workspace) -> None:
    completed = train(workspace)
    report = completed.report
    assert completed.version == 1
    assert workspace.registry.champion("Shop").number == 1  # type: ignore[union-attr]
    assert report["accuracy_matrix"] == [[report["tests"][0]["report"]["accuracy"]["value"]]]
    assert report["overall"]["rows"] == 30
    assert report["continual"]["forgetting"] is None
    assert report["gate"] is None
    assert report["parity"]["max_abs_diff"] <= 1e-5
    assert report["baseline"]["report"]["accuracy"]["value"] > 0.9
    files = {path.name for path in folder(workspace, 1).path.iterdir()}
    assert {"model.onnx", "tokenizer.json", "labels.json", "config.json", "model_card.md", "predict.py"} <= files
    json.dumps(report, allow_nan=False)


def test_the_stored_predictions_are_those_of_the_served_file(workspace: Workspace) -> None:
    train(workspace)
    table = folder(workspace, 1).predictions(1)
    classifier = Classifier(folder(workspace, 1).path)
    assert list(table["predicted"]) == classifier.predict(list(table["text"]))
    accuracy = (table["predicted"] == table["truth"]).mean()
    assert folder(workspace, 1).report()["overall"]["accuracy"]["value"] == pytest.approx(accuracy)


def test_the_same_request_gives_the_same_version_again(workspace: Workspace) -> None:
    first, second = train(workspace, name="One").report, train(workspace, name="Two").report
    assert first["overall"] == second["overall"]
    assert [epoch["training_loss"] for epoch in first["epochs"]] == [
        epoch["training_loss"] for epoch in second["epochs"]
    ]


def test_a_second_training_of_a_classifier_waits_as_a_candidate(workspace: Workspace) -> None:
    train(workspace)
    assert train(workspace, seed=1).version == 2
    assert workspace.registry.champion("Shop").number == 1  # type: ignore[union-attr]


def test_no_test_row_is_ever_trained_on(workspace: Workspace) -> None:
    data = reviews(150)
    train(workspace, data)
    version = folder(workspace, 1)
    train_rows, test_rows = version.rows_of(1, "train"), version.rows_of(1, "test")
    assert not set(train_rows) & set(test_rows)
    assert {data.texts[row] for row in test_rows} == set(version.predictions(1)["text"])


def test_an_unknown_model_or_setting_is_said_before_anything_happens(workspace: Workspace) -> None:
    stored = save(workspace, reviews(60))
    for model, settings in (("gpt", {}), ("ngrams", {"layers": 3}), ("ngrams", {"epochs": 0})):
        with pytest.raises(ConfigError):
            next(
                train_classifier(
                    TrainRequest(classifier="S", dataset=stored.id, model=model, settings=settings), workspace
                )
            )
    assert workspace.registry.runs() == []


@pytest.mark.parametrize("strategy", ["finetune", "replay", "joint"])
def test_an_update_makes_a_candidate_judged_on_old_and_new_tests(workspace: Workspace, strategy: str) -> None:
    train(workspace)
    before = folder(workspace, 1).report()
    completed = update(workspace, reviews(120, seed=1, extra="indeed"), strategy)
    report = completed.report
    assert completed.version == 2
    assert workspace.registry.champion("Shop").number == 1  # type: ignore[union-attr]
    assert report["parent"] == 1
    assert [test["experience"] for test in report["tests"]] == [1, 2]
    matrix = report["accuracy_matrix"]
    assert [len(row) for row in matrix] == [2, 2]
    assert matrix[0][0] == before["accuracy_matrix"][0][0]
    assert matrix[0][1] == report["tests"][1]["before"]["accuracy"]["value"]
    assert report["continual"]["forgetting"] == pytest.approx(matrix[0][0] - matrix[1][0])
    assert report["continual"]["plasticity"] == pytest.approx((matrix[0][0] + matrix[1][1]) / 2)
    assert [rule["kind"] for rule in report["gate"]["rules"]] == ["older", "labels", "newest", "calibration"]
    assert folder(workspace, 1).report() == before


def test_frozen_tests_never_change(workspace: Workspace) -> None:
    train(workspace)
    update(workspace, reviews(120, seed=1), promote="always")
    update(workspace, reviews(120, seed=2), promote="always")
    for number in (1, 2):
        kept = folder(workspace, number).predictions(number)[["text", "truth"]]
        assert folder(workspace, 3).predictions(number)[["text", "truth"]].equals(kept)
    assert len(folder(workspace, 3).report()["accuracy_matrix"]) == 3


def test_new_labels_grow_the_classifier_and_old_labels_keep_their_place(workspace: Workspace) -> None:
    train(workspace)
    report = update(workspace, reviews(150, seed=1, third_label=True), settings={"epochs": 10}).report
    assert report["classes"] == ["negative", "positive", "question"]
    assert report["overall"]["per_class"]["question"]["recall"]["value"] > 0.5
    assert folder(workspace, 2).outputs[:2] == folder(workspace, 1).outputs


def test_rows_of_a_frozen_test_are_set_aside_from_the_batch(workspace: Workspace) -> None:
    train(workspace)
    tested = list(folder(workspace, 1).predictions(1)["text"])[:10]
    fresh = reviews(100, seed=1)
    texts = (*fresh.texts, *(text.upper() for text in tested))
    batch = TextDataset(texts, np.concatenate([fresh.labels, np.zeros(10, dtype=np.int64)]), fresh.classes)
    report = update(workspace, batch).report
    assert report["experiences"][1]["set_aside"] == 10
    assert any(finding["key"] == "data.overlap_test" for finding in report["findings"])
    version = folder(workspace, 2)
    used = np.concatenate([version.rows_of(2, part) for part in ("train", "validation", "test")])
    assert not {text_key(texts[row]) for row in used} & {text_key(text) for text in tested}


def test_rows_trained_on_before_never_enter_the_new_test(workspace: Workspace) -> None:
    data = reviews(150)
    train(workspace, data)
    known = data.take(folder(workspace, 1).rows_of(1, "train")[:20])
    fresh = reviews(100, seed=1)
    batch = TextDataset(fresh.texts + known.texts, np.concatenate([fresh.labels, known.labels]), fresh.classes)
    update(workspace, batch)
    assert not set(folder(workspace, 2).predictions(2)["text"]) & set(known.texts)
    assert set(range(100, 120)) <= set(folder(workspace, 2).rows_of(2, "train"))


def test_groups_stay_on_their_side_from_batch_to_batch(workspace: Workspace) -> None:
    def by(writers: int, rows: int, seed: int) -> TextDataset:
        made = reviews(rows, seed=seed)
        return TextDataset(
            made.texts, made.labels, made.classes, groups=tuple(f"w{row % writers}" for row in range(rows))
        )

    batches = {1: by(40, 200, 0), 2: by(60, 200, 1), 3: by(80, 200, 2)}
    train(workspace, batches[1])
    for number in (2, 3):
        update(workspace, batches[number], promote="always")
    version = folder(workspace, 3)
    sides = [
        {
            groups[row]
            for number, batch in batches.items()
            if (groups := batch.groups)
            for row in version.rows_of(number, part)
        }
        for part in ("train", "test")
    ]
    assert sides[0]
    assert sides[1]
    assert not sides[0] & sides[1]


def test_a_batch_without_new_rows_is_refused(workspace: Workspace) -> None:
    data = reviews(150)
    train(workspace, data)
    with pytest.raises(DataError) as caught:
        update(workspace, data.take(folder(workspace, 1).rows_of(1, "train")[:50]))
    assert caught.value.message.key == "update.nothing_new"


def test_a_batch_too_small_for_a_test_is_refused(workspace: Workspace) -> None:
    train(workspace)
    with pytest.raises(DataError) as caught:
        update(workspace, reviews(2, seed=1))
    assert caught.value.message.key == "update.too_few"


def test_the_gate_decides_when_asked(workspace: Workspace) -> None:
    train(workspace)
    good = update(workspace, reviews(120, seed=1), promote="gate")
    assert (workspace.registry.champion("Shop").number == good.version) == good.report["gate"]["promote"]  # type: ignore[union-attr]
    # A batch whose labels are all turned round ruins the older tests.
    turned = reviews(120, seed=2)
    turned = TextDataset(turned.texts, 1 - turned.labels, turned.classes)
    champion = workspace.registry.champion("Shop").number  # type: ignore[union-attr]
    bad = update(workspace, turned, "finetune", promote="gate", settings={"epochs": 8, "patience": 8})
    assert not bad.report["gate"]["promote"]
    assert workspace.registry.champion("Shop").number == champion  # type: ignore[union-attr]


def test_joint_retraining_needs_the_earlier_datasets_and_replay_does_not(workspace: Workspace) -> None:
    train(workspace)
    workspace.datasets.delete(workspace.datasets.list()[0].id)
    with pytest.raises(DataError) as caught:
        update(workspace, reviews(100, seed=1), "joint")
    assert caught.value.message.key == "update.past_missing"
    report = update(workspace, reviews(100, seed=1), "replay").report
    assert any(finding["key"] == "update.overlap_unknown" for finding in report["findings"])


def test_memory_zero_keeps_no_text_with_the_version(workspace: Workspace) -> None:
    train(workspace, memory_size=0)
    assert folder(workspace, 1).load_state()["memory"]["rows"] == {"negative": [], "positive": []}
    assert update(workspace, reviews(100, seed=1)).report["memory_rows"] == 0


def test_an_update_of_nothing_is_refused(workspace: Workspace) -> None:
    with pytest.raises(RegistryError) as caught:
        update(workspace, reviews(100))
    assert caught.value.message.key == "registry.no_champion"


def test_stopping_keeps_the_best_epoch_and_says_so(workspace: Workspace) -> None:
    stored = save(workspace, reviews(150))
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings={**FAST, "epochs": 50})
    seen: list[Any] = []
    stop = lambda: sum(isinstance(event, EpochDone) for event in seen) >= 2  # noqa: E731
    for event in train_classifier(request, workspace, should_stop=stop):
        seen.append(event)
    report = seen[-1].report
    assert report["end"]["key"] == "training.stopped_by_hand"
    assert len(report["epochs"]) == 2
    assert report["best_epoch"] in (1, 2)
    assert workspace.registry.runs("Shop")[0].state == "stopped"


def test_an_interrupted_training_resumes_to_the_same_version(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.loop.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("core.training.loop.CHECKPOINT_SHARE", 1e9)
    stored = save(workspace, reviews(150))
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=FAST)
    *_, whole = train_classifier(request, workspace)
    states = []
    events = train_classifier(request, workspace)
    for event in events:
        if isinstance(event, CheckpointDue):
            states.append(event.state)
        if len(states) == 20:
            break
    events.close()
    *_, resumed = train_classifier(request, workspace, resume=states[-1])
    assert resumed.report["overall"] == whole.report["overall"]
    losses = [[epoch["validation_loss"] for epoch in one.report["epochs"]] for one in (whole, resumed)]
    assert losses[0] == losses[1]
    assert len([run for run in workspace.registry.runs("Shop") if run.state == "finished"]) == 2


def test_evaluation_counts_unknown_labels_as_wrong(workspace: Workspace) -> None:
    train(workspace)
    version = workspace.registry.version("Shop", 1)
    report = evaluate_version(workspace, version, reviews(90, seed=5, third_label=True))
    assert report.classes == ("negative", "positive", "question")
    assert report.per_class["question"].recall.value == 0
    assert report.accuracy.value == pytest.approx(2 / 3, abs=0.1)


def test_one_label_can_begin_a_stream(workspace: Workspace) -> None:
    data = reviews(120)
    only = data.take(np.flatnonzero(data.labels == 0))
    one = TextDataset(only.texts, np.zeros(len(only), dtype=np.int64), ("negative",))
    assert train(workspace, one).report["overall"]["accuracy"]["value"] == 1
    report = update(workspace, reviews(120, seed=1)).report
    assert report["classes"] == ["negative", "positive"]
