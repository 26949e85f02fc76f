"""Whole pretrainings: what is learned from and what is not, what is stored, that it is of use, and plain refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from core.base.errors import ConfigError, CoreError, DataError, ModelError
from core.base.events import CheckpointDue
from core.cli import main
from core.data.dataset.same_text import text_key
from core.data.dataset.splitting import split_rows
from core.jobs import JobQueue
from core.jobs.worker import run_job
from core.training import loop
from core.training.pretraining import SCRATCH, read_record, resolve
from core.training.pretraining import loop as pretraining_loop
from core.training.pretraining.config import PretrainConfig
from core.workflows.pretrain.lesson import divide, prepare
from core.workflows.pretrain.request import PretrainRequest
from core.workflows.pretrain.run import Pretrained, pretrain_encoder
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

TINY: dict[str, Any] = {
    "embedding_size": 16,
    "hidden_size": 32,
    "layers": 1,
    "heads": 2,
    "vocabulary_size": 500,
    "max_length": 16,
    "epochs": 2,
}


def request(workspace: Workspace, rows: int = 120, **values: Any) -> PretrainRequest:
    dataset = save(workspace, reviews(rows)).id
    return PretrainRequest(**{"name": "shop", "dataset": dataset, "settings": TINY, **values})


def run(asked: PretrainRequest, workspace: Workspace, **options: Any) -> list[Any]:
    return list(pretrain_encoder(asked, workspace, **options))


def test_what_comes_out_is_an_encoder_that_a_classifier_starts_from(workspace: Workspace) -> None:
    asked = request(workspace)
    done = run(asked, workspace)[-1]
    assert isinstance(done, Pretrained)
    assert done.reference == "own:shop"
    info = workspace.sources.encoders.describe("own:shop")
    assert (info.kind, info.languages, info.pooling, info.installed) == ("own", ("en",), "mean", True)
    assert info.parameters == done.record["parameters"]
    settings = {"encoder": "own:shop", "tuning": "frozen", "epochs": 1, "max_length": 64}
    training_request = TrainRequest(classifier="Shop", dataset=asked.dataset, model="encoder", settings=settings)
    assert list(train_classifier(training_request, workspace))[-1].version == 1


def test_the_record_lies_beside_the_encoder(workspace: Workspace) -> None:
    asked = request(workspace)
    run(asked, workspace)
    record = read_record(workspace.sources.encoders.folder("own:shop"))
    assert record is not None
    assert record["texts"] | {"tokens": 0} == {
        "given": 120,
        "learned": 114,
        "held_out": 6,
        "repeated": 0,
        "left_out_for_probe": 0,
        "tokens": 0,
    }
    assert [epoch["epoch"] for epoch in record["epochs"]] == [1, 2]
    assert record["epochs"][record["best_epoch"] - 1]["validation_loss"] < record["begin"]["loss"]
    assert (record["start"], record["probe"], record["settings"]["layers"]) == (SCRATCH, None, 1)


def test_it_goes_on_from_an_own_encoder_with_its_head(workspace: Workspace) -> None:
    asked = request(workspace, settings={**TINY, "epochs": 6})
    first = run(asked, workspace)[-1].record
    again = PretrainRequest(name="shop 2", dataset=asked.dataset, start="own:shop", settings={"epochs": 1})
    second = run(again, workspace)[-1].record
    kept = first["epochs"][first["best_epoch"] - 1]["validation_loss"]
    assert second["begin"]["loss"] == pytest.approx(kept, rel=1e-4)
    assert second["settings"]["max_length"] == 16
    assert second["pieces"] <= second["pieces_before"] == first["pieces"]


def test_prefix_licence_and_pooling_of_the_base_stay(workspace: Workspace) -> None:
    asked = request(workspace)
    run(asked, workspace)
    store = workspace.sources.encoders
    facts: dict[str, Any] = {"licence": "MIT", "prefix": "the ", "pooling": "cls", "languages": ("zh",)}
    store.add("base", store.folder("own:shop"), source="https://example.org", **facts)
    run(PretrainRequest(name="two", dataset=asked.dataset, start="own:base", settings={"epochs": 1}), workspace)
    info = store.describe("own:two")
    assert (info.licence, info.prefix, info.pooling, info.source) == ("MIT", "the ", "cls", "https://example.org")
    assert info.languages == ("en", "zh")


def test_rows_that_the_probe_is_scored_on_are_never_learned_from(workspace: Workspace) -> None:
    dataset = reviews(200)
    asked = request(workspace, 200, probe=save(workspace, dataset).id)
    lesson = prepare(asked, workspace)
    split = split_rows(dataset)
    scored = {text_key(dataset.texts[row]) for part in (split.validation, split.test) for row in part}
    learned = {text_key(text) for text in (*lesson.texts.train, *lesson.texts.held_out)}
    assert scored == {text_key(text) for text in lesson.probe.texts} if lesson.probe else False
    assert not scored & learned
    assert lesson.texts.probed == len(scored) == 200 - len(learned)


def test_a_probe_compares_before_and_after_on_the_same_rows(workspace: Workspace) -> None:
    asked = request(workspace, 200, probe=save(workspace, reviews(90, seed=1)).id)
    probe = run(asked, workspace)[-1].record["probe"]
    assert (probe["train"], probe["rows"], probe["labels"]) == (64, 26, 2)
    for figure in (probe["accuracy"], probe["macro_f1"]):
        change = figure["after"]["value"] - figure["before"]["value"]
        assert figure["difference"]["value"] == pytest.approx(change)
    assert probe["verdict"] in ("better", "worse", "noise")


def test_each_text_is_learned_once_and_held_out_texts_never() -> None:
    texts = [f"text {row}" for row in range(100)]
    divided = divide([*texts, "TEXT  1", "Text 2"], ["text 3"], PretrainConfig(held_out_share=0.1))
    assert (divided.given, divided.repeated, divided.probed) == (102, 2, 1)
    assert (len(divided.train), len(divided.held_out)) == (89, 10)
    assert set(divided.train) | set(divided.held_out) == set(texts) - {"text 3"}
    assert not set(divided.train) & set(divided.held_out)


def test_interrupted_and_resumed_it_ends_the_same(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    asked = request(workspace, probe=save(workspace, reviews(60, seed=1)).id)
    events = run(asked, workspace)
    state = next(event.state for event in events if isinstance(event, CheckpointDue))
    torch.save(state, workspace.home / "checkpoint.pt")
    state = torch.load(workspace.home / "checkpoint.pt", weights_only=True)
    workspace.sources.encoders.delete("shop")
    record = run(asked, workspace, resume=state)[-1].record
    for part in ("begin", "probe", "best_epoch", "pieces", "texts"):
        assert record[part] == events[-1].record[part], part
    losses = [[epoch["validation_loss"] for epoch in report["epochs"]] for report in (record, events[-1].record)]
    assert losses[0] == losses[1]


def test_stopped_before_an_epoch_ended_nothing_is_made(workspace: Workspace) -> None:
    events = run(request(workspace), workspace, should_stop=lambda: True)
    assert not isinstance(events[-1], Pretrained)
    assert [info for info in workspace.sources.encoders.list() if info.kind == "own"] == []


def test_too_few_texts_are_counted_for_the_reader(workspace: Workspace) -> None:
    with pytest.raises(DataError, match=r"Of 20 texts, 19 different ones are left .* at least 50"):
        run(request(workspace, 20), workspace)


def test_a_name_that_is_taken_or_cannot_be_used_is_refused_before_anything_is_read(workspace: Workspace) -> None:
    asked = request(workspace)
    run(asked, workspace)
    with pytest.raises(ModelError, match="There is an encoder called 'shop' already"):
        run(asked.model_copy(update={"dataset": "0" * 16}), workspace)
    with pytest.raises(ModelError, match="cannot be called"):
        run(asked.model_copy(update={"name": "a/b"}), workspace)


@pytest.mark.parametrize(
    ("start", "settings", "told"),
    [
        (SCRATCH, {"heads": 3}, "cannot be shared evenly by 3 heads"),
        (SCRATCH, {"trim_pieces": False}, "no setting 'trim_pieces'"),
        ("packaged:all-minilm-l6-v2", {"layers": 2}, "no setting 'layers'"),
        (SCRATCH, {"masked_share": 0.9}, "'masked_share' cannot be '0.9'"),
    ],
)
def test_settings_that_do_not_fit_are_named(start: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        resolve(start, settings)


def test_an_unknown_encoder_is_refused(workspace: Workspace) -> None:
    with pytest.raises(CoreError, match="There is no encoder 'own:nothing'"):
        run(request(workspace, start="own:nothing", settings={}), workspace)


def test_a_loss_that_is_no_number_stores_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining_loop, "measure", lambda *_: (float("nan"), 0.0))
    with pytest.raises(ModelError, match="not a number any more"):
        run(request(workspace), workspace)
    assert [info for info in workspace.sources.encoders.list() if info.kind == "own"] == []


def test_as_a_job_it_leaves_its_curve_and_the_encoder_s_reference(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)
    queue = JobQueue(workspace.home)
    asked = request(workspace)
    job = queue.submit("pretrain", title=asked.name, classifier="", config=asked.model_dump())
    run_job(workspace.home / "jobs" / job.id)
    job = queue.get(job.id)
    assert (job.state, job.result) == ("finished", {"encoder": "own:shop"})
    assert [epoch["epoch"] for epoch in queue.epochs(job.id)] == [1, 2]


def test_on_the_command_line(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts, probe = tmp_path / "texts.csv", tmp_path / "probe.csv"
    texts.write_text("note\n" + "\n".join(reviews(100).texts), encoding="utf-8")
    labelled = reviews(60, seed=1)
    lines = [f"{text},{label}" for text, label in zip(labelled.texts, labelled.label_names(), strict=True)]
    probe.write_text("text,label\n" + "\n".join(lines), encoding="utf-8")
    common = ["pretrain", "--data", str(texts), "--text", "note", "--probe", str(probe), "--set"]
    common += [f"{name}={value}" for name, value in TINY.items()]
    assert main([*common, "--name", "one"]) == 0
    printed = capsys.readouterr().out
    assert "Encoder 'own:one'" in printed
    assert "18 rows of probe.csv" in printed
    assert '--set encoder="own:one"' in printed
    assert main([*common, "--name", "two", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reference"] == "own:two"
    assert main([*common, "--name", "one"]) == 2
    assert "already" in capsys.readouterr().err
