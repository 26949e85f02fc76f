"""The Benchmark page through the entry: nothing yet, a measurement that is asked for once, what one says in both languages."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.base.messages import message
from core.jobs import JobQueue
from core.registry.records import BenchmarkStore
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.tables import digits_that_matter
from dashboard.use.speed.charts import ticks, times
from tests.core.conftest import reviews, save

FAST = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
MACHINE = {
    "processor": "Some *processor*",
    "cores": 2,
    "memory": 8_000_000_000,
    "card": "",
    "system": "Linux x86_64",
    "python": "3.11.9",
    "torch": "2.13.0",
    "onnxruntime": "1.31.1",
    "threads": 2,
    "load": 0.1,
}


def row(runtime: str, precision: str, factor: float, **more: Any) -> dict[str, Any]:
    return {
        "runtime": runtime,
        "device": "cpu",
        "precision": precision,
        "batch": {"texts": 32} if runtime != "onnx" else {"tokens": 1024},
        "latency": {"p50": 9 / factor, "p95": 12 / factor, "p99": 18 / factor, "rounds": [9 / factor] * 2},
        "throughput": {"median": 100 * factor, "low": 90 * factor, "high": 110 * factor, "rounds": [100 * factor] * 2},
        **more,
    }


def gain(factor: float) -> dict[str, Any]:
    ratio = {"median": factor, "low": factor - 0.25, "high": factor + 0.25}
    return {
        "speedup": {"latency": ratio, "throughput": ratio},
        "agreement": 0.995,
        "max_difference": 0.01,
        "placement": {"CPUExecutionProvider": 57},
        "provider": "CPUExecutionProvider",
    }


MEASUREMENT: dict[str, Any] = {
    "id": "20260301-140500-aaaaaa",
    "classifier": "Shop",
    "version": 1,
    "created": "2026-03-01T14:05:00+00:00",
    "seconds": 130.0,
    "source": "",
    "frozen_tests": True,
    "texts": 500,
    "characters": 99.4,
    "rounds": 5,
    "machine": MACHINE,
    "problems": [],
    "rows": [
        row("eager", "fp32", 1.0),
        row("onnx", "fp32", 2.0, served=False, **gain(2.0)),
        row("onnx", "int8", 5.0, served=True, **gain(5.0)),
    ],
    "missing": [
        {
            "runtime": "compiled",
            "device": "cpu",
            "precision": "fp32",
            "reason": message(
                "benchmark.not_compiled", "torch.compile does not work here: {reason}", reason="no C++ compiler"
            ).to_dict(),
        }
    ],
}


@pytest.fixture(scope="module")
def shop(make_home: Callable[[str], Path]) -> Path:
    home = make_home("shop")
    workspace = open_workspace(home)
    for name in ("Shop", "Other"):
        stored = save(workspace, reviews(80), "reviews.csv")
        list(
            train_classifier(TrainRequest(classifier=name, dataset=stored.id, model="ngrams", settings=FAST), workspace)
        )
    return home


@pytest.fixture
def workspace(shop: Path, evergreen_home: Path) -> Path:
    shutil.copytree(shop, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def measured(home: Path, **changed: Any) -> dict[str, Any]:
    made = open_workspace(home).registry.version("Shop", 1).created
    benchmark = {**copy.deepcopy(MEASUREMENT), "version_made": made, **changed}
    BenchmarkStore(home).save(benchmark)
    return benchmark


def shown(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    return "\n".join(str(part.value) for part in parts)


def test_without_a_classifier_it_leads_to_home(open_page: Callable[..., AppTest]) -> None:
    page = open_page("use", "speed")
    assert not page.exception
    assert [button.key for button in page.button if str(button.key).startswith("empty.")] == ["empty.home"]


def test_measuring_is_asked_for_once_and_can_be_stopped(
    workspace: Path, open_page: Callable[..., AppTest], queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)  # it shall wait, not run
    page, elsewhere = (open_page("use", "speed", classifier="Shop") for _ in range(2))
    page.slider(key="benchmark.form.benchmark_rounds").set_value(3)
    page.button(key="benchmark.go").click().run()
    assert not page.exception
    (job,) = queue.list()
    assert (job.kind, job.classifier, job.config["version"], job.config["dataset"]) == ("benchmark", "Shop", 1, None)
    assert job.config["settings"]["benchmark_rounds"] == 3
    assert page.button(key="benchmark.go").disabled
    elsewhere.button(key="benchmark.go").click().run()  # not drawn anew since
    assert not elsewhere.exception
    assert len(queue.list()) == 1
    page.button(key=f"run.stop.{job.id}").click().run()
    assert not page.exception
    assert not page.button(key="benchmark.go").disabled


def test_texts_of_a_dataset_can_be_measured_with(
    workspace: Path, open_page: Callable[..., AppTest], queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)
    page = open_page("use", "speed", classifier="Shop")
    stored = open_workspace(workspace).datasets.list()[0]
    page.selectbox(key="benchmark.dataset").set_value(stored.id)
    page.button(key="benchmark.go").click().run()
    assert queue.list()[0].config["dataset"] == stored.id


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_measurement_says_what_is_fastest_on_which_machine_and_what_did_not_run(
    workspace: Path, open_page: Callable[..., AppTest], language: str
) -> None:
    measured(workspace)
    page = open_page("use", "speed", language=language, classifier="Shop")
    assert not page.exception
    text = shown(page)
    for part in {
        "en": ("ONNX int8 answers one text in 1.8 ms, 5.0× as fast", "labels 500 texts a second", "no graphics card"),
        "zh": ("ONNX int8 回答一条文本用时 1.8 毫秒，速度是 PyTorch 的 5.0 倍", "每秒标注 500 条文本", "无显卡"),
    }[language]:
        assert part in text
    assert r"Some \*processor\*" in text
    assert r"no C\+\+ compiler" in text
    assert [metric.value for metric in page.metric][2:] == ["500", "5.0×"]
    assert not page.warning
    table = page.dataframe[0].value
    assert list(table.iloc[:, 0])[1:] == ["ONNX fp32", "ONNX int8"]
    assert list(table.iloc[:, 1]) == [False, False, True]


def test_a_busy_machine_and_an_idle_card_are_told(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    problem = message(
        "providers.driver",
        "There is a graphics card, but its driver does not answer: nvidia-smi failed. Install or repair the NVIDIA "
        "driver, then restart.",
    )
    measured(workspace, machine={**MACHINE, "load": 3.5}, problems=[problem.to_dict()])
    page = open_page("use", "speed", classifier="Shop")
    assert "load 3.5 on 2 cores" in page.warning[0].value
    assert "its driver does not answer" in shown(page)


def test_earlier_measurements_can_be_looked_at_and_other_classifiers_have_none(
    workspace: Path, open_page: Callable[..., AppTest]
) -> None:
    measured(workspace)
    newer = {**MACHINE, "card": "H100"}
    later = measured(workspace, id="20260302-140500-bbbbbb", created="2026-03-02T14:05:00+00:00", machine=newer)
    page = open_page("use", "speed", classifier="Shop")
    assert page.selectbox(key="benchmark.shown").value == later["id"]
    assert "H100" in shown(page)
    page.selectbox(key="benchmark.shown").set_value(MEASUREMENT["id"]).run()
    assert not page.exception
    assert "no graphics card" in shown(page)
    assert len(page.dataframe[1].value) == 2
    other = open_page("use", "speed", classifier="Other")
    assert not other.exception
    assert not other.metric


def test_ways_on_several_devices_are_told_apart(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    rows = [*MEASUREMENT["rows"], {**row("onnx", "fp16", 40.0), "device": "cuda"}]
    measured(workspace, rows=rows)
    page = open_page("use", "speed", classifier="Shop")
    assert list(page.dataframe[0].value.iloc[:, 0])[2:] == ["ONNX int8 · CPU", "ONNX fp16 · CUDA"]


def test_figures_are_written_as_people_read_them() -> None:
    assert [digits_that_matter(value) for value in (0.0352, 3.456, 118.2)] == ["0.035", "3.46", "118"]
    assert times({"median": 2.04, "low": 1.96, "high": 2.5}, spread=True) == "2.0× (2.0–2.5)"
    assert ticks(3, 60) == [5, 10, 20, 50]
    assert ticks(0.05, 200) == [0.1, 1, 10, 100]
