"""A blend of two versions is a version like any other: it answers from its folder, learns on, forgets and explains itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from core.base.errors import ConfigError, ModelError
from core.base.events import CheckpointDue, RunStarted
from core.networks.encoders.blend import Blend
from core.networks.explain.networks import explain
from core.networks.text import encode_examples
from core.serving.engines.graphs import load_version
from core.serving.onnx.tail import TailEngine, tail_of
from core.statistics.intervals import Estimate
from core.tasks.text_classification.blend import Trial, pooled
from core.workflows.bundle import write_bundle
from core.workflows.forget.rows import find_rows, groups_of
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.learn.candidate import Completed
from core.workflows.repeat.cross_validation import cross_validate
from core.workflows.repeat.learning_curve import draw_curve
from core.workflows.repeat.request import CurveRequest, FoldsRequest
from core.workflows.requests import TrainRequest, UpdateRequest, strategies_for
from core.workflows.train import auto, ladder, validation
from core.workflows.train.auto import Climbed, RungDone
from core.workflows.train.ladder import Rung
from core.workflows.train.run import train_classifier
from core.workflows.update.outlook import outlook
from core.workflows.update.run import update_classifier
from core.workflows.versions.explaining import explain_answer
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.core.workflows.forget.conftest import people
from tests.core.workflows.train.test_auto import EXACT, LINEAR, leave_off
from tests.encoders import tiny_encoder

TEXTS = ("the kettle is great", "the lamp is awful", "", "说不清楚 🙂")


@pytest.fixture(scope="module")
def blended_once(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> Path:
    """Linear n-grams (version 1), a frozen encoder in closed form (2), and their blend (3), which serves."""
    home = tmp_path_factory.mktemp("blended")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    encoder = f"folder:{tiny_encoder(tmp_path_factory.mktemp('encoder'))}"
    dataset = save(workspace, people(reviews(120, extra="quokka"))).id
    frozen = {"tuning": "frozen", "encoder": encoder, **EXACT, "feature_count": 128}
    train(workspace, dataset, "linear")
    train(workspace, dataset, "encoder", frozen, strategy="ridge")
    train(workspace, dataset, "blend", {"first_version": 1, "second_version": 2})
    workspace.registry.promote("Shop", 3, "it is tested")
    return home


@pytest.fixture
def blended(blended_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(blended_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def train(workspace: Workspace, dataset: str, model: str, settings: dict[str, Any] | None = None, **others: Any) -> Any:
    request = TrainRequest(classifier="Shop", dataset=dataset, model=model, settings=settings or {}, **others)
    *_, done = train_classifier(request, workspace)
    assert isinstance(done, Completed)
    return done


def update(workspace: Workspace, dataset: str, strategy: str = "replay", **settings: Any) -> Completed:
    request = UpdateRequest(classifier="Shop", dataset=dataset, strategy=strategy, settings=settings)
    *_, done = update_classifier(request, workspace)
    assert isinstance(done, Completed)
    return done


def folder(workspace: Workspace, number: int = 3) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", number))


def answers(workspace: Workspace, number: int, texts: Any = TEXTS) -> Any:
    return load_version(folder(workspace, number).path).compute(list(texts))


def test_it_answers_with_the_weighted_sum_of_its_members(blended: Workspace) -> None:
    model = folder(blended).load_model()
    assert isinstance(model, Blend)
    report = folder(blended).report()
    heat = [folder(blended, number).temperature for number in (1, 2)]
    logits = [warm * np.log(answers(blended, number)) for number, warm in zip((1, 2), heat, strict=True)]
    expected = pooled(logits, model.weights.numpy())
    assert report["calibration"]["temperature"] == 1.0  # no row is answered wrongly: it is left as it is
    assert answers(blended, 3) == pytest.approx(expected, abs=1e-5)
    assert report["model"] == "blend"
    assert report["parity"]["max_abs_diff"] < 1e-5
    assert report["memory_rows"] == folder(blended, 1).report()["memory_rows"] > 0


def test_from_features_that_were_kept_it_answers_as_its_file_does(blended: Workspace) -> None:
    path = folder(blended).path
    learner = folder(blended).load_learner()
    learner.model.keep_features(blended.sources.features)
    assert learner.model.features_kept
    tail = tail_of(onnx.load(str(path / "model.onnx")))
    assert tail is not None

    def features(tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(learner.model.once_encoded(torch.from_numpy(tokens), torch.from_numpy(mask)))

    engine = TailEngine(path, tail, learner.pipeline, features)
    assert engine.compute(TEXTS) == pytest.approx(answers(blended, 3), abs=1e-6)


def test_its_bundle_answers_alone(blended: Workspace, tmp_path: Path) -> None:
    write_bundle(folder(blended).path, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "alone")
    assert {"model.onnx", "tokenizer.json", "tokenizer.2.json"} <= {
        file.name for file in (tmp_path / "alone").iterdir()
    }
    program = [sys.executable, str(tmp_path / "alone" / "predict.py"), *TEXTS[:2]]
    lines = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = answers(blended, 3)[:2]
    labels = folder(blended).outputs
    assert [line.split("\t")[0] for line in lines] == [labels[column] for column in expected.argmax(axis=1)]
    assert [float(line.split("\t")[1]) for line in lines] == pytest.approx(expected.max(axis=1).tolist(), abs=1e-5)


def test_an_update_teaches_each_member_by_its_own_strategy(blended: Workspace) -> None:
    batch = save(blended, reviews(120, seed=4, extra="zebra", third_label=True), "batch").id
    before = folder(blended).load_model()
    done = update(blended, batch)
    assert done.version == 4
    assert done.report["accuracy_matrix"][1][1] > done.report["accuracy_matrix"][0][1]
    assert folder(blended, 4).outputs == ("negative", "positive", "question")
    members = folder(blended, 4).members()
    assert [(own["model"], own["strategy"]) for own in members] == [("linear", "finetune"), ("encoder", "ridge")]
    after = folder(blended, 4).load_model()
    assert isinstance(before, Blend)
    assert isinstance(after, Blend)
    assert after.networks()[0].vocabulary_size > before.networks()[0].vocabulary_size  # it met the zebra
    state = folder(blended, 4).load_state()
    learned = sum(record.train for record in folder(blended, 4).experiences())
    assert int(state["1.statistics.counts"].sum()) == learned  # the exact member counts each row once
    assert sum(map(len, state["memory"]["rows"].values())) == done.report["memory_rows"] <= learned
    assert done.report["gate"] is not None
    again = update(blended, save(blended, reviews(60, seed=9), "third").id)
    assert again.report["parent"] == 3  # the champion is still the first blend


def test_what_an_update_asks_for_reaches_the_members(blended: Workspace) -> None:
    batch = save(blended, reviews(60, seed=5), "batch").id
    update(blended, batch, epochs=2)
    assert [own["settings"]["epochs"] for own in folder(blended, 4).members()] == [2, 2]


def test_a_method_that_keeps_more_than_texts_is_refused(blended: Workspace) -> None:
    with pytest.raises(ConfigError, match="'der' does not suit this model"):
        outlook(folder(blended), "der")
    assert strategies_for(folder(blended).task, "blend") == ["finetune", "replay", "joint"]
    assert "der" in strategies_for(folder(blended).task, "linear")
    assert not outlook(folder(blended), "replay").needs_past


def test_a_killed_update_goes_on_and_makes_one_version(blended: Workspace) -> None:
    batch = save(blended, reviews(60, seed=5), "batch").id
    request = UpdateRequest(classifier="Shop", dataset=batch, strategy="replay")
    resume = leave_off(update_classifier(request, blended), RunStarted, 1)
    *_, done = update_classifier(request, blended, resume=resume)
    assert isinstance(done, Completed)
    assert done.version == 4
    assert [version.number for version in blended.registry.versions("Shop")] == [1, 2, 3, 4]


def test_who_is_forgotten_is_gone_from_texts_sums_and_words(blended: Workspace) -> None:
    found = (find_rows("Shop", blended, groups=[group]) for group in groups_of("Shop", blended))
    matches = next(each for each in found if each.datasets[0].parts["train"])
    rows = matches.rows
    texts = [blended.datasets.load(dataset).texts[row] for dataset, own in rows.items() for row in own]
    counted = int(folder(blended).load_state()["1.statistics.counts"].sum())
    trained = sum(len(np.intersect1d(folder(blended).rows_of(1, "train"), own)) for own in rows.values())
    stay = answers(blended, 3)
    request = ForgetRequest(classifier="Shop", rows=rows, digests=sorted(matches.digests))
    list(forget_rows(request, blended))
    state = folder(blended).load_state()
    assert int(state["1.statistics.counts"].sum()) == counted - trained < counted
    kept = {row[0] for own in state["memory"]["rows"].values() for row in own}
    kept |= set(folder(blended).predictions(1)["text"])
    assert not kept & set(texts)
    words = folder(blended).load_pipeline().parts[0].tokenizer.get_vocab()
    number = texts[0].split()[3]  # a word of this text alone
    assert number not in words
    assert number not in json.dumps(
        [(file.read_text("utf-8")) for file in folder(blended).path.glob("tokenizer*.json")]
    )
    assert answers(blended, 3) == pytest.approx(stay, abs=1e-6)
    model, pipeline = folder(blended).load_model(), folder(blended).load_pipeline()
    tokens = encode_examples(pipeline, texts[:1]).ids[0]
    with torch.no_grad():
        logits = model(torch.tensor([tokens]), torch.ones(1, len(tokens), dtype=torch.bool))
    assert torch.softmax(logits, dim=1).numpy() == pytest.approx(answers(blended, 3, texts[:1]), abs=1e-5)


def test_the_words_of_an_answer_add_up_to_what_both_members_say(blended: Workspace) -> None:
    text = "the kettle is great"
    version, engine = folder(blended), load_version(folder(blended).path)
    attribution = explain_answer(version.path, engine, text)
    best = max(attribution.words, key=lambda word: word.score)
    assert attribution.text[best.start : best.end] == "great"
    assert attribution.method == "gradients"
    model, parts = version.load_model(), version.load_pipeline().parts
    assert isinstance(model, Blend)
    members = [explain(own, part, text, attribution.output) for own, part in zip(model.networks(), parts, strict=True)]
    for number, word in enumerate(attribution.words):
        scores = [member.words[number].score for member in members if member is not None]
        assert word.score == pytest.approx(float(np.dot(model.weights.numpy(), scores)), abs=1e-5)
    assert sum(word.score for word in attribution.words) == pytest.approx(attribution.difference, rel=0.02, abs=1e-3)
    assert explain_answer(version.path, engine, "").method == "occlusion"


@pytest.mark.parametrize("settings", [{}, {"first_version": 1, "second_version": 9}])
def test_versions_that_are_not_there_cannot_be_blended(blended: Workspace, settings: dict[str, int]) -> None:
    dataset = blended.datasets.list()[0].id
    with pytest.raises(ModelError, match="Choose auto"):
        train(blended, dataset, "blend", settings)


def test_two_frozen_encoders_can_be_blended(blended: Workspace) -> None:
    dataset, own = folder(blended).experiences()[0].dataset, folder(blended, 2)
    again = {**own.settings, **own.report()["strategy_settings"]}
    again.pop("memory_size", None)
    assert train(blended, dataset, "encoder", {**again, "ridge_penalty": 1.0}, strategy="ridge").version == 4
    made = train(blended, dataset, "blend", {"first_version": 2, "second_version": 4})
    assert made.report["parity"]["max_abs_diff"] < 1e-5


def test_a_blend_is_not_learned_anew_from_some_of_its_rows(blended: Workspace) -> None:
    with pytest.raises(ModelError, match="blends two others"):
        list(draw_curve(CurveRequest(classifier="Shop"), blended))
    with pytest.raises(ModelError, match="blends two others"):
        list(cross_validate(FoldsRequest(classifier="Shop"), blended))


def test_versions_of_other_rows_cannot_be_blended(blended: Workspace) -> None:
    other = save(blended, reviews(80, seed=7), "other").id
    train(blended, other, "linear")
    with pytest.raises(ModelError, match="not learned from the same rows"):
        train(blended, other, "blend", {"first_version": 1, "second_version": 4})


# -- as the last rung of Auto

BLEND = Rung("blend", "blend", strategy="replay")
LETTERS = Rung("letters", "linear", {"ngram_length": 1, "letter_weight": 1.0})


def hard(rows: int = 400) -> Any:
    """Reviews of which some are answered wrongly whatever is learned, each model's own."""
    dataset = reviews(rows)
    flipped = np.random.default_rng(0).random(rows) < 0.25
    labels = np.where(flipped, 1 - dataset.labels, dataset.labels)
    return type(dataset)(dataset.texts, labels, dataset.classes)


def climb(workspace: Workspace, dataset: str, **settings: Any) -> Climbed:
    *_, climbed = auto.train(
        TrainRequest(classifier="New", dataset=dataset, settings={"minutes": 30.0} | settings), workspace
    )
    assert isinstance(climbed, Climbed)
    return climbed


def test_a_blend_that_gains_nothing_is_left_out(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "RUNGS", (LINEAR, LETTERS, BLEND))
    monkeypatch.setattr(validation, "try_blend", lambda truth, first, second: _trial(first, second, low=-0.01))
    climbed = climb(workspace, save(workspace, hard()).id)
    assert climbed.ladder[2].left_out is not None
    assert climbed.ladder[2].left_out["key"] == "auto.blend_no_gain"
    assert climbed.ladder[2].left_out["facts"]["other"] == 2


def test_one_model_alone_is_not_blended(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "RUNGS", (LINEAR, BLEND))
    climbed = climb(workspace, save(workspace, hard()).id)
    assert climbed.ladder[1].left_out is not None
    assert climbed.ladder[1].left_out["key"] == "auto.nothing_to_blend"


def test_a_blend_that_takes_too_long_is_left_out(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "RUNGS", (LINEAR, LETTERS, BLEND))
    monkeypatch.setattr(validation, "try_blend", lambda truth, first, second: _trial(first, second, low=0.01))
    monkeypatch.setattr(validation.Validation, "answered", lambda *_, **__: 1000.0)
    climbed = climb(workspace, save(workspace, hard()).id)
    assert climbed.ladder[2].left_out is not None
    assert climbed.ladder[2].left_out["key"] == "auto.no_time"


@pytest.mark.parametrize(("kind", "times"), [(RunStarted, 3), (RungDone, 2), (RungDone, 3), (CheckpointDue, 6)])
def test_a_blend_that_is_worth_it_is_made_once_and_serves_whatever_kills_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, kind: type, times: int
) -> None:
    monkeypatch.setattr(ladder, "RUNGS", (LINEAR, LETTERS, BLEND))
    monkeypatch.setattr(validation, "try_blend", lambda truth, first, second: _trial(first, second, low=0.01))
    request = TrainRequest(classifier="New", dataset=save(workspace, hard()).id, settings={"minutes": 30.0})
    resume = leave_off(auto.train(request, workspace), kind, times)
    *_, climbed = auto.train(request, workspace, resume=resume)
    assert isinstance(climbed, Climbed)
    blend = climbed.ladder[2]
    assert (blend.rung, blend.version) == ("blend", 3)
    assert [str(version.summary["model"]) for version in workspace.registry.versions("New")] == [
        "linear",
        "linear",
        "blend",
    ]
    settings = VersionFolder(workspace.registry.folder("New", 3)).settings
    assert (settings["first_version"], settings["second_version"]) == (1, 2)
    assert blend.gain is not None
    assert blend.serves is (blend.gain["value"] >= 0)


def _trial(first: Any, second: Any, *, low: float) -> Any:
    blended = (np.asarray(first) + np.asarray(second)) / 2
    return Trial(blended, 0.5, Estimate(0.02, low, 0.05))
