"""Language models of earlier editions are taken over into the registry: all of each, once, and only what is whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file

from core.base import faults
from core.base.events import EpochDone
from core.cli.main import main
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.networks.causal.tokens import Vocabulary
from core.tasks.language_modelling.engine import LanguageEngine
from core.upkeep import tidy
from core.workflows.earlier import generators
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.language_models import SHAPE, make_network

NAME = "notes"
TESTED, REMEMBERED = 12, 20


class Killed(BaseException):
    """In the place of a signal, which no code catches."""


def write_generator(workspace: Workspace, versions: int = 2, *, name: str = NAME, current: int | None = None) -> Path:
    """Files as earlier editions wrote them; each version has met one dataset more."""
    root = workspace.home / "generators" / name
    batches = [reviews(60, seed=seed) for seed in range(1, versions + 1)]
    identities = [save(workspace, batch, f"rows {seed}").id for seed, batch in enumerate(batches, start=1)]
    vocabulary = Vocabulary.fit(batches[0].texts, size=500, lowercase=False)
    network = make_network(len(vocabulary))
    for number in range(1, versions + 1):
        folder = root / str(number)
        folder.mkdir(parents=True)
        tests = [
            {"experience": met, "name": f"rows {met}", "dataset": identity, "texts": list(batch.texts[:TESTED])}
            for met, (identity, batch) in enumerate(zip(identities[:number], batches, strict=False), start=1)
        ]
        learned = [text for batch in batches[:number] for text in batch.texts[TESTED:54]]
        memory = {"texts": learned[-REMEMBERED:], "seen": len(learned), "learned": sorted(map(fingerprint, learned))}
        with_dropout = {**SHAPE, "dropout": 0.1, "vocabulary_size": 500, "lowercase": False}
        shape = {("max_length" if key == "context" else key): value for key, value in with_dropout.items()}
        save_file(network.decoder.state_dict(), folder / "model.safetensors")
        vocabulary.pipeline.tokenizer.save(str(folder / "tokenizer.json"))
        write_json(folder / "config.json", {"model": shape, "segmentation": "subwords"})
        write_json(folder / "tests.json", tests)
        write_json(folder / "memory.json", memory)
        write_json(folder / "report.json", old_report(number, identities[:number], shape))
    if current is not None:
        (root / "current").write_text(str(current), encoding="utf-8")
    return root


def old_report(number: int, identities: Sequence[str], shape: dict[str, Any]) -> dict[str, Any]:
    sizes = {"train": 42, "validation": 6, "test": TESTED, "set_aside": 0, "synthetic": False}
    return {
        "parent": number - 1 or None,
        "settings": {**shape, "epochs": 3, "memory_size": 30, "loss_patience": 4, "replay_ratio": 1.0},
        "learned": [
            {"experience": met, "dataset": identity, "name": f"rows {met}", **sizes}
            for met, identity in enumerate(identities, start=1)
        ],
        "epochs": [EpochDone(1, 5.0, 4.0, {}, True, 0.5).to_dict()],
        "best_epoch": 1,
        "reason": {"key": "training.epochs_used_up", "text": "All {epochs} epochs were run.", "facts": {"epochs": 1}},
        "findings": [],
        "samples": ["never kept"],
    }


def fingerprint(text: str) -> str:
    return hashlib.sha256(text_key(text).encode("utf-8")).hexdigest()[:16]


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def versions(workspace: Workspace, name: str = NAME) -> list[int]:
    known = {info.name for info in workspace.registry.classifiers()}
    return sorted(version.number for version in workspace.registry.versions(name)) if name in known else []


def champion(workspace: Workspace, name: str = NAME) -> int | None:
    serving = workspace.registry.champion(name)
    return None if serving is None else serving.number


def version_folder(workspace: Workspace, number: int, name: str = NAME) -> VersionFolder:
    return VersionFolder(workspace.registry.folder(name, number))


def test_every_version_goes_on_as_it_was(workspace: Workspace) -> None:
    root = write_generator(workspace, current=1)
    stored = {number: json.loads((root / str(number) / "memory.json").read_text("utf-8")) for number in (1, 2)}
    reopened = open_workspace(workspace.home)
    assert not root.parent.exists()
    assert (versions(reopened), champion(reopened)) == ([1, 2], 1)
    for number in (1, 2):
        folder = version_folder(reopened, number)
        memory = folder.load_state()["memory"]
        assert [row[0] for row in memory["rows"][""]] == stored[number]["texts"]
        assert memory["seen"] == {"": stored[number]["seen"]}
        assert (memory["capacity"], folder.settings["patience"], folder.settings["context"]) == (30, 4, 16)
        engine, texts = LanguageEngine(folder.path, threads=1), list(folder.predictions(1)["text"])
        assert texts == list(reviews(60, seed=1).texts[:TESTED])
        assert folder.task.answers(engine.compute(texts), engine.labels) == list(folder.predictions(1)["predicted"])
    first, second = (version_folder(reopened, number).report() for number in (1, 2))
    assert (first["parent"], second["parent"]) == (None, 1)
    assert [len(row) for row in second["perplexity_matrix"]] == [2, 2]
    assert second["perplexity_matrix"][0][0] == first["overall"]["perplexity"]["value"]
    assert second["continual"]["forgetting"] == 0  # the weights are the same
    assert [finding["key"] for finding in first["findings"]] == ["generation.adopted"]
    assert {run.state for run in reopened.registry.runs(NAME)} == {"finished"}


def test_rows_keep_their_parts(workspace: Workspace) -> None:
    write_generator(workspace)
    folder = version_folder(open_workspace(workspace.home), 2)
    for record in folder.experiences():
        rows = {part: folder.rows_of(record.number, part).tolist() for part in ("train", "validation", "test")}
        assert rows == {"train": [*range(12, 54)], "validation": [*range(54, 60)], "test": [*range(12)]}


def test_a_dataset_that_is_gone_is_known_by_its_test_alone(workspace: Workspace) -> None:
    write_generator(workspace, 1)
    workspace.datasets.delete(workspace.datasets.list()[0].id)
    folder = version_folder(open_workspace(workspace.home), 1)
    assert len(folder.rows_of(1, "train")) == 0
    assert len(folder.predictions(1)) == TESTED
    assert sum(map(len, folder.load_state()["memory"]["rows"].values())) == REMEMBERED


@pytest.mark.parametrize(("current", "serving"), [(None, 2), (7, 2), (1, 1)])
def test_the_current_version_serves_and_without_one_the_newest(
    workspace: Workspace, current: int | None, serving: int
) -> None:
    write_generator(workspace, current=current)
    assert champion(open_workspace(workspace.home)) == serving


@contextmanager
def killed_at(point: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever comes by this point is killed, as far as a test can do that to itself."""

    def kill(*_: Any) -> None:
        raise Killed

    faults.arm(point)
    with monkeypatch.context() as patch:
        patch.setattr("os.kill", kill)
        try:
            with pytest.raises(Killed):
                yield
        finally:
            faults.arm(None)


@pytest.mark.parametrize(
    "point",
    [
        "run.created",
        "register.placed",
        "register.tagged",
        "run.created:2",
        "produce.exported:2",
        "register.before_version:2",
        "register.tagged:2",
        "promote.begun",
        "promote.history",
    ],
)
def test_killed_anywhere_it_is_taken_over_once(
    workspace: Workspace, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_generator(workspace, current=1)
    with killed_at(point, monkeypatch):
        open_workspace(workspace.home)
    assert root.exists()
    reopened = open_workspace(workspace.home)
    assert not root.exists()
    assert (versions(reopened), champion(reopened)) == ([1, 2], 1)
    assert version_folder(reopened, 2).report()["parent"] == 1
    tidy(workspace.home)
    assert versions(reopened) == [1, 2]


def test_a_name_that_a_classifier_has_gets_a_mark(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
    dataset = save(workspace, reviews(60)).id
    list(train_classifier(TrainRequest(classifier=NAME, dataset=dataset, model="ngrams", settings=settings), workspace))
    write_generator(workspace)
    with killed_at("run.created:2", monkeypatch):
        open_workspace(workspace.home)
    reopened = open_workspace(workspace.home)
    assert (versions(reopened), versions(reopened, f"{NAME} (text)")) == ([1], [1, 2])
    assert (champion(reopened), champion(reopened, f"{NAME} (text)")) == (1, 2)
    assert version_folder(reopened, 1).task.name == "text_classification"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    "file", ["model.safetensors", "tokenizer.json", "config.json", "report.json", "tests.json", "memory.json"]
)
def test_a_damaged_one_stays_where_it_is_and_keeps_nobody_out(workspace: Workspace, file: str) -> None:
    root = write_generator(workspace)
    whole = write_generator(workspace, 1, name="whole")
    truncate(root / "2" / file)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for _ in range(2):  # however often it is tried
        reopened = open_workspace(workspace.home)
        assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
        assert versions(reopened) == [1]
    assert not whole.exists()
    assert (versions(reopened, "whole"), champion(reopened, "whole")) == ([1], 1)
    assert {run.state for run in reopened.registry.runs(NAME)} == {"finished"}


def test_a_damaged_one_is_told_apart_from_what_has_got_its_name_since(workspace: Workspace, tmp_path: Path) -> None:
    root = write_generator(workspace)
    shutil.copytree(root, tmp_path / "copy")
    truncate(root / "2" / "memory.json")
    reopened = open_workspace(workspace.home)
    learned = TextDataset(reviews(60, seed=8).texts, np.zeros(60, dtype=np.int64), ("any",))
    request = TrainRequest(
        classifier=NAME,
        dataset=save(reopened, learned, "new").id,
        task="language_modelling",
        model="causal",
        settings={**SHAPE, "vocabulary_size": 500, "epochs": 1},
    )
    list(train_classifier(request, reopened))
    assert versions(open_workspace(workspace.home)) == [1, 2]
    assert root.exists()
    shutil.copy(tmp_path / "copy" / "2" / "memory.json", root / "2" / "memory.json")  # somebody has put it back
    reopened = open_workspace(workspace.home)
    assert not root.exists()
    assert versions(reopened) == [1, 2, 3]
    report = version_folder(reopened, 3).report()
    assert (report["parent"], len(report["experiences"])) == (1, 2)
    assert champion(reopened) == 2  # what serves already goes on serving


def test_what_is_no_version_is_no_hindrance(workspace: Workspace) -> None:
    root = write_generator(workspace, 1).parent
    (root / "empty").mkdir()
    (root / ".incoming-left" / "1").mkdir(parents=True)
    (root / NAME / ".part").mkdir()
    (root / "stray.txt").write_text("somebody's", encoding="utf-8")
    reopened = open_workspace(workspace.home)
    assert versions(reopened) == [1]
    assert [path.name for path in root.iterdir()] == ["stray.txt"]
    assert len(reopened.registry.classifiers()) == 1


def test_a_workspace_that_can_only_be_read_is_opened_as_it_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_generator(workspace, 1)
    monkeypatch.setattr(generators, "is_writable", lambda _: False)
    assert versions(open_workspace(workspace.home)) == []
    assert root.exists()


def test_a_command_that_only_lists_sees_them(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = write_generator(workspace, 1, name="damaged")
    truncate(damaged / "1" / "config.json")
    write_generator(workspace, 1)
    assert main(["classifiers", "list", "--json"]) == 0
    listed, told = capsys.readouterr()
    assert [known["name"] for known in json.loads(listed)["classifiers"]] == [NAME]
    assert f"'damaged' cannot be read, and stays in {damaged}." in told
    assert f"'{NAME}'" not in told


def test_a_command_that_deletes_sees_them(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    write_generator(workspace, 2, current=2)
    assert main(["delete", "--classifier", NAME, "--version", "1"]) == 0, capsys.readouterr().err
    assert versions(open_workspace(workspace.home)) == [2]
