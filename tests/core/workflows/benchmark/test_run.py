"""Speed of a tiny version: who takes part, what is stored, what a machine that cannot do something gets to read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.base.errors import ConfigError, DataError, RegistryError
from core.base.events import Advanced
from core.base.messages import Message
from core.cli import main
from core.jobs.kinds import KINDS
from core.registry.records import BenchmarkStore
from core.workflows.benchmark import run as measuring
from core.workflows.benchmark.contenders import Way, name_of
from core.workflows.benchmark.run import Benchmarked, BenchmarkRequest, benchmark_version, spread_out
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 1, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8}
QUICK = {"benchmark_texts": 20, "benchmark_rounds": 2, "benchmark_compiled": False}


@pytest.fixture(autouse=True)
def _once_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "AT_LEAST", 0.0)


@pytest.fixture(scope="module")
def shop(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shop")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    stored = save(workspace, reviews(150))
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=FAST)
    list(train_classifier(request, workspace))
    folder = workspace.registry.folder("Shop", 1)
    for path in folder.glob("model.*.onnx"):
        path.unlink()
    (folder / "serving.json").unlink(missing_ok=True)
    return home


@pytest.fixture
def trained(shop: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(shop, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def run(workspace: Workspace, settings: dict[str, Any] | None = None, **asked: Any) -> list[Any]:
    request = BenchmarkRequest(classifier="Shop", settings={**QUICK, **(settings or {})}, **asked)
    return list(benchmark_version(request, workspace))


def test_a_measurement_is_stored_with_its_version_and_makes_none(trained: Workspace) -> None:
    done = run(trained)[-1]
    assert isinstance(done, Benchmarked)
    version = trained.registry.version("Shop", 1)
    stored = BenchmarkStore(trained.home).list("Shop", 1, version.created)
    assert stored == [json.loads(json.dumps(done.benchmark))]
    assert len(trained.registry.versions("Shop")) == 1
    assert BenchmarkStore(trained.home).list("Shop", 1, "another time") == []
    machine = stored[0]["machine"]
    assert machine["cores"] >= 1
    assert machine["torch"] == torch.__version__
    assert (stored[0]["texts"], stored[0]["rounds"], stored[0]["frozen_tests"]) == (20, 2, True)


def test_eager_is_the_measure_of_all_others(trained: Workspace) -> None:
    eager, onnx = run(trained)[-1].benchmark["rows"]
    assert (eager["runtime"], eager["device"]) == ("eager", "cpu")
    assert "speedup" not in eager
    assert eager["batch"]["texts"] in (8, 32, 128)
    assert (onnx["runtime"], onnx["precision"], onnx["provider"]) == ("onnx", "fp32", "CPUExecutionProvider")
    assert onnx["served"]
    assert set(onnx["placement"]) == {"CPUExecutionProvider"}
    assert onnx["agreement"] == 1.0
    assert onnx["max_difference"] < 1e-5
    for row in (eager, onnx):
        assert row["latency"]["p50"] <= row["latency"]["p95"] <= row["latency"]["p99"]
        assert row["throughput"]["low"] <= row["throughput"]["median"] <= row["throughput"]["high"]
        assert len(row["throughput"]["rounds"]) == len(row["latency"]["rounds"]) == 2
    expected = [
        fast / slow for fast, slow in zip(onnx["throughput"]["rounds"], eager["throughput"]["rounds"], strict=True)
    ]
    assert onnx["speedup"]["throughput"]["median"] == pytest.approx(np.median(expected))


def test_files_that_lie_in_the_folder_are_measured_and_others_named(trained: Workspace) -> None:
    folder = trained.registry.folder("Shop", 1)
    shutil.copy(folder / "model.onnx", folder / "model.int8.onnx")
    (folder / "serving.json").write_text('{"cpu": "model.int8.onnx"}', encoding="utf-8")
    found = run(trained)[-1].benchmark
    assert [(row["precision"], row.get("served")) for row in found["rows"]] == [
        ("fp32", None),
        ("fp32", False),
        ("int8", True),
    ]
    (missing,) = found["missing"]
    assert (missing["precision"], missing["reason"]["key"]) == ("fp16", "benchmark.no_file")


def test_a_damaged_file_does_not_stop_the_others(trained: Workspace) -> None:
    (trained.registry.folder("Shop", 1) / "model.fp16.onnx").write_bytes(b"not a network")
    found = run(trained)[-1].benchmark
    assert len(found["rows"]) == 2
    reasons = {one["precision"]: one["reason"]["key"] for one in found["missing"]}
    assert reasons == {"fp16": "benchmark.failed", "int8": "benchmark.no_file"}


def test_without_a_compiler_its_row_says_so(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_nothing(model: Any, **_: Any) -> Any:
        def fails(*_: Any) -> Any:
            raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nmore")

        return fails

    monkeypatch.setattr(torch, "compile", compile_nothing)
    found = run(trained, {"benchmark_compiled": True})[-1].benchmark
    reason = next(one["reason"] for one in found["missing"] if one["runtime"] == "compiled")
    assert str(Message.from_dict(reason)) == (
        "torch.compile does not work here: InvalidCxxCompiler: No working C++ compiler found"
    )


def test_a_compiled_network_takes_part(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda model, **_: model)
    rows = run(trained, {"benchmark_compiled": True})[-1].benchmark["rows"]
    assert [row["runtime"] for row in rows] == ["eager", "compiled", "onnx"]
    assert rows[1]["agreement"] == 1.0


def test_all_take_turns_and_the_bar_never_goes_back(trained: Workspace) -> None:
    events = [event for event in run(trained) if isinstance(event, Advanced)]
    measured = [
        (event.message.facts["way"], event.message.facts["round"]) for event in events if "round" in event.message.facts
    ]
    eager, onnx = "PyTorch eager (CPU)", "ONNX fp32 (CPU)"
    assert measured == [(eager, 1), (onnx, 1), (onnx, 2), (eager, 2)]
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] < 1


def test_a_stopped_measurement_leaves_nothing(trained: Workspace) -> None:
    looks = iter([False] * 6 + [True] * 100)
    request = BenchmarkRequest(classifier="Shop", settings=QUICK)
    events = list(benchmark_version(request, trained, should_stop=lambda: next(looks)))
    assert not any(isinstance(event, Benchmarked) for event in events)
    assert BenchmarkStore(trained.home).list("Shop", 1, trained.registry.version("Shop", 1).created) == []


def test_threads_are_given_back(trained: Workspace) -> None:
    before = torch.get_num_threads()
    found = run(trained, {"benchmark_threads": before + 1})[-1].benchmark
    assert found["machine"]["threads"] == before + 1
    assert torch.get_num_threads() == before


def test_a_dataset_is_named_and_read(trained: Workspace) -> None:
    stored = save(trained, reviews(40, seed=3), "mine.csv")
    found = run(trained, dataset=stored.id)[-1].benchmark
    assert (found["source"], found["frozen_tests"], found["texts"]) == ("mine.csv", False, 20)


def test_texts_are_taken_from_all_over() -> None:
    assert spread_out(["a", "b", "c", "d", "e"], 3) == ["a", "c", "e"]
    assert spread_out(["a", "b"], 5) == ["a", "b"]


def test_ways_have_names_that_need_no_translation() -> None:
    assert name_of(Way("onnx", "tensorrt", "fp16")) == "ONNX fp16 (TensorRT)"
    assert name_of(Way("compiled", "cuda", "fp32")) == "PyTorch compiled (CUDA)"


def test_what_cannot_be_measured_is_said(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RegistryError, match="no classifier 'Nobody'"):
        list(benchmark_version(BenchmarkRequest(classifier="Nobody"), trained))
    with pytest.raises(DataError):
        run(trained, dataset="0" * 16)
    with pytest.raises(ConfigError, match="benchmark_rounds"):
        run(trained, {"benchmark_rounds": 0})
    empty = VersionFolder(trained.registry.folder("Shop", 1)).predictions(1).iloc[:0]
    monkeypatch.setattr(VersionFolder, "predictions", lambda self, number: empty)
    with pytest.raises(DataError, match="no text any more"):
        run(trained)


def test_a_damaged_record_does_not_hide_the_others(trained: Workspace) -> None:
    run(trained)
    run(trained)
    folder = next((trained.home / "benchmarks").iterdir())
    newest = max(folder.glob("*.json"))
    newest.write_text("{", encoding="utf-8")
    made = trained.registry.version("Shop", 1).created
    assert len(BenchmarkStore(trained.home).list("Shop", 1, made)) == 1


def test_the_worker_knows_it(trained: Workspace) -> None:
    config = {"classifier": "Shop", "version": 1, "dataset": None, "settings": QUICK}
    events = KINDS["benchmark"](config, trained.home, should_stop=lambda: False, resume=None)
    assert isinstance(list(events)[-1], Benchmarked)


def test_the_command_line_prints_it(
    trained: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SINGLES", 5)
    table = tmp_path / "mine.csv"
    table.write_text("said\n" + "\n".join(f"text number {row}" for row in range(30)), encoding="utf-8")
    shared = ["benchmark", "--classifier", "Shop", "--texts", "20", "--rounds", "2", "--no-compile"]
    assert main([*shared, "--data", str(table), "--text", "said", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["source"], found["version"], len(found["rows"])) == ("mine.csv", 1, 2)
    assert found["missing"][0]["reason"] == "This version was not made in fp16."
    assert main(shared) == 0
    text = capsys.readouterr().out
    assert "ONNX fp32 (CPU)" in text
    assert "texts/s" in text
    assert main([*shared, "--data", str(table), "--text", "nothing"]) == 2
    assert "no column 'nothing'" in capsys.readouterr().err
