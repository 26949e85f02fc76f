"""Whole trainings and updates of a generator: what is stored, measured, remembered, and what is refused."""

from __future__ import annotations

import copy
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from core.base.errors import ConfigError, DataError, RegistryError
from core.base.events import CheckpointDue
from core.cli import main
from core.data.dataset.rows import TextDataset
from core.generation.store import GeneratorStore
from core.generation.version import GeneratorMemory, fingerprint, load_memory, load_tests
from core.training import loop
from core.workflows.generate.lesson import base_of, prepare
from core.workflows.generate.request import GenerateRequest
from core.workflows.generate.run import Generated, check_generation, generate
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.core.generation.conftest import TINY as TWO_LAYERS

TINY = {**TWO_LAYERS, "layers": 1}  # a faster export


class Lived(NamedTuple):
    """A workspace, the reports of two versions, and the checkpoints of the first."""

    workspace: Workspace
    first: dict[str, Any]
    second: dict[str, Any]
    states: list[dict[str, Any]]


def learn(workspace: Workspace, dataset: str, **asked: Any) -> list[Any]:
    values = {"generator": "Shop", "dataset": dataset, "settings": TINY, **asked}
    others = {name: values.pop(name) for name in ("resume", "should_stop") if name in values}
    return list(generate(GenerateRequest(**values), workspace, **others))


@pytest.fixture
def home(evergreen_home: Path) -> Workspace:
    return open_workspace(evergreen_home)


def dishes(names: str, numbers: int, repeated: tuple[str, ...] = ()) -> TextDataset:
    """Made-up praise of each dish, all different."""
    texts = tuple(f"{name}第{row}份，{'很好吃' if row % 3 else '太咸了'}。" for name in names for row in range(numbers))
    texts += repeated
    return TextDataset(texts, np.zeros(len(texts), dtype=np.int64), ("any",))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """A generator that was trained and updated; the second dataset has new characters, and repeats texts of the first."""
    workspace = open_workspace(tmp_path_factory.mktemp("lived"))
    first = dishes("饭面", 40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
        events = learn(workspace, save(workspace, first, "first").id)
    states = [event.state for event in events if isinstance(event, CheckpointDue)]
    second = save(workspace, dishes("茶汤", 40, first.texts[:30]), "second")
    updated = learn(workspace, second.id, action="update", settings={"epochs": 1})[-1].report
    return Lived(workspace, events[-1].report, updated, states)


def test_a_version_is_all_there(lived: Lived) -> None:
    workspace, first = lived.workspace, lived.first
    folder = GeneratorStore(workspace.home).folder("Shop", 1)
    assert {path.name for path in folder.iterdir()} == {
        "model.safetensors",
        "tokenizer.json",
        "config.json",
        "report.json",
        "run",
        "model.onnx",
        "tests.json",
        "memory.json",
    }
    assert first["parity"]["max_abs_diff"] <= 1e-4
    assert len(first["epochs"]) == 2
    assert first["tests"][0]["score"]["perplexity"] > 1
    assert first["tests"][0]["baseline"]["perplexity"] < first["tests"][0]["baseline"]["unigram"]["perplexity"]
    assert len(first["samples"]) == 3


def test_an_update_adds_a_row_and_a_column_to_both_matrices(lived: Lived) -> None:
    first, second = lived.first, lived.second
    for figure in ("perplexity", "bits_per_character"):
        matrix = second[f"{figure}_matrix"]
        assert [len(row) for row in matrix] == [2, 2]
        assert matrix[0] == [first["tests"][0]["score"][figure], second["before"][figure]]
        assert matrix[1] == [test["score"][figure] for test in second["tests"]]
        assert second["forgetting"][figure] == pytest.approx(matrix[1][0] - matrix[0][0])
    assert (second["version"], second["parent"]) == (2, 1)
    assert second["settings"]["embedding_size"] == TINY["embedding_size"]


def test_frozen_tests_stay_and_nothing_learned_is_ever_tested(lived: Lived) -> None:
    workspace = lived.workspace
    store = GeneratorStore(workspace.home)
    before, after = (load_tests(store.folder("Shop", number)) for number in (1, 2))
    assert after[0] == before[0]
    learned = load_memory(store.folder("Shop", 2)).learned
    assert not learned & {fingerprint(text) for test in after for text in test.texts}
    repeated = set(before[0].texts) & set(dishes("饭面", 40).texts[:30])
    assert repeated  # some of the repeated rows stand in the first test, and so were set aside
    assert lived.second["learned"][1]["set_aside"] == len(repeated)


def test_the_memory_keeps_its_size_and_knows_both_datasets(lived: Lived) -> None:
    workspace, first, second = lived[:3]
    memory = load_memory(GeneratorStore(workspace.home).folder("Shop", 2))
    assert len(memory.texts) == TINY["memory_size"] == second["remembered"] == second["rehearsed"]
    assert {text[0] for text in memory.texts} == set("饭面茶汤")
    assert first["rehearsed"] == 0


def test_new_chinese_characters_get_tokens_in_an_update(lived: Lived) -> None:
    assert lived.first["segmentation"] == "characters"
    assert lived.second["vocabulary"] == lived.first["vocabulary"] + 2
    assert lived.second["before"]["unknown_share"] > 0
    assert lived.second["tests"][1]["score"]["unknown_share"] == 0


def test_an_interrupted_training_goes_on_to_the_same_version(lived: Lived, home: Workspace) -> None:
    dataset = save(home, dishes("饭面", 40), "first").id
    state = copy.deepcopy(lived.states[len(lived.states) // 2])
    resumed = learn(home, dataset, resume=state)[-1].report
    assert resumed["perplexity_matrix"] == lived.first["perplexity_matrix"]
    assert resumed["samples"] == lived.first["samples"]
    assert len(resumed["epochs"]) == len(lived.first["epochs"])


def test_stopped_too_early_it_makes_no_version(home: Workspace) -> None:
    events = learn(home, save(home, reviews(80)).id, should_stop=lambda: True)
    assert not any(isinstance(event, Generated) for event in events)
    assert GeneratorStore(home.home).list() == []


def test_a_version_without_a_memory_rehearses_nothing_and_says_so(lived: Lived) -> None:
    request = GenerateRequest(generator="Shop", dataset=lived.second["learned"][1]["dataset"], action="update")
    base = base_of(request, lived.workspace, 1)
    assert base is not None
    emptied = replace(base, memory=GeneratorMemory(texts=[], seen=base.memory.seen, learned=base.memory.learned))
    lesson = prepare(request, lived.workspace, emptied, None)
    assert [finding.key for finding in lesson.findings if "memory" in finding.key] == ["generation.memory_empty"]
    assert len(lesson.training_set()(1)) == len(lesson.windows(lesson.train))


def test_each_epoch_rehearses_as_much_as_asked_in_another_draw(lived: Lived) -> None:
    request = GenerateRequest(
        generator="Shop",
        dataset=lived.second["learned"][1]["dataset"],
        action="update",
        settings={"replay_ratio": 0.25},
    )
    lesson = prepare(request, lived.workspace, base_of(request, lived.workspace, 1), None)
    new, pieces = lesson.windows(lesson.train), lesson.training_set()
    first, second = pieces(1), pieces(2)
    assert len(first) == len(second) == len(new) + round(0.25 * len(new))
    assert first[: len(new)] == second[: len(new)] == new
    assert first != second
    assert pieces(1) == first


def test_what_cannot_be_learned_is_refused_before_anything_is_written(home: Workspace) -> None:
    few = save(home, reviews(12)).id
    with pytest.raises(DataError, match="at least 20"):
        learn(home, few)
    with pytest.raises(RegistryError, match="no generator 'Shop'"):
        check_generation(GenerateRequest(generator="Shop", dataset=few, action="update"), home)
    with pytest.raises(ConfigError, match="no setting 'nosuch'"):
        check_generation(GenerateRequest(generator="Shop", dataset=few, settings={"nosuch": 1}), home)
    assert GeneratorStore(home.home).list() == []


def test_an_update_keeps_its_shape(lived: Lived) -> None:
    workspace = lived.workspace
    request = GenerateRequest(generator="Shop", dataset="0" * 16, action="update", settings={"layers": 3})
    with pytest.raises(ConfigError, match="layers"):
        check_generation(request, workspace)


def test_the_command_line_trains_writes_lists_and_rolls_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], evergreen_home: Path
) -> None:
    def run(*arguments: str, code: int = 0) -> str:
        assert main(("generate", *arguments)) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    table = tmp_path / "texts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text"], *([text] for text in reviews(60).texts)])
    settings = ["--set", *(f"{name}={value}" for name, value in TINY.items())]
    columns = ["--name", "Shop", "--data", str(table), "--text", "text"]
    trained = json.loads(run("train", *columns, *settings, "--json"))
    assert (trained["version"], len(trained["R"]), trained["parity_max_abs_diff"] < 1e-4) == (1, 1, True)
    assert trained["baseline"]["perplexity"] > 1

    asked = ["sample", "--name", "Shop", "--prompt", "the lamp", "--count", "2", "--set", "temperature=0.7"]
    written = json.loads(run(*asked, "--json"))["texts"]
    assert run(*asked).splitlines() == written
    assert all(text.startswith("the lamp") for text in written)
    assert run("list").startswith("* Shop   1  perplexity")
    assert [entry["version"] for entry in json.loads(run("list", "--json"))["generators"]] == [1]
    assert "no version 4" in run("rollback", "--name", "Shop", "--version", "4", code=2)
    assert "0.1 … 2" in run("sample", "--name", "Shop", "--set", "temperature=9", code=2)
