"""A workspace that an earlier edition wrote goes on: it opens, answers, learns, remembers and forgets."""

from __future__ import annotations

import csv
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from core.cli.main import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.networks.standalone.predict import Classifier
from core.workflows.learn.candidate import Completed
from core.workflows.requests import UpdateRequest
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace

ARCHIVE = Path(__file__).resolve().parents[2] / "workspaces" / "2026-11.tar.xz"
CLASSIFIERS = {"Shop reviews": "replay", "exact": "ridge", "外卖评论": "ewc"}  # with the strategy of their updates


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was stored: ``workspace/``, ``texts.csv`` and the ``answers.json`` to them."""
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "2026-11"


@pytest.fixture(scope="module")
def taken_over(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace after this edition has opened it."""
    home = tmp_path_factory.mktemp("taken_over") / "workspace"
    shutil.copytree(written / "workspace", home)
    open_workspace(home).registry.classifiers()
    return home


@pytest.fixture
def workspace(taken_over: Path, evergreen_home: Path) -> Workspace:
    """A copy that a test may change."""
    shutil.copytree(taken_over, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def texts(written: Path) -> list[str]:
    with (written / "texts.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def test_every_version_answers_as_it_did(written: Path, workspace: Workspace) -> None:
    stored = json.loads((written / "answers.json").read_text(encoding="utf-8"))
    versions = {name: told for name, told in stored.items() if not name.endswith("/champion")}
    assert {name.partition("/")[0] for name in versions} == CLASSIFIERS.keys()
    for name, told in versions.items():
        classifier, _, number = name.partition("/")
        engine = Classifier(workspace.registry.folder(classifier, int(number)))
        assert list(engine.labels) == told["labels"]
        assert np.abs(engine.predict_proba(texts(written)) - np.array(told["probabilities"])).max() < 1e-6


def test_the_same_versions_serve(written: Path, workspace: Workspace) -> None:
    stored = json.loads((written / "answers.json").read_text(encoding="utf-8"))
    for classifier in CLASSIFIERS:
        champion = workspace.registry.champion(classifier)
        assert champion is not None
        assert champion.number == stored[f"{classifier}/champion"]


def test_a_generator_is_found_again_among_the_models_and_goes_on_learning(workspace: Workspace) -> None:
    champion = workspace.registry.champion("notes")
    assert champion is not None
    assert (champion.number, champion.summary["task"]) == (1, "language_modelling")
    assert not (workspace.home / "generators").exists()
    folder = VersionFolder(workspace.registry.folder("notes", 1))
    report = folder.report()
    assert report["overall"]["perplexity"]["value"] == pytest.approx(report["perplexity_matrix"][0][0])
    assert report["baseline"]["report"]["perplexity"]["value"] > 1
    assert sum(len(kept) for kept in folder.load_state()["memory"]["rows"].values()) > 0
    texts = tuple(f"a new note, number {row}, about the weather" for row in range(60))
    batch = TextDataset(texts, np.zeros(60, dtype=np.int64), ("text",))
    stored = workspace.datasets.save(batch, name="batch", roles=ColumnRoles("text", "label"))
    request = UpdateRequest(classifier="notes", dataset=stored.id, strategy="replay", settings={"epochs": 1})
    *_, last = update_classifier(request, workspace)
    assert isinstance(last, Completed)
    assert last.report["perplexity_matrix"][0][0] == report["perplexity_matrix"][0][0]


@pytest.mark.parametrize(("classifier", "strategy"), CLASSIFIERS.items())
def test_the_champion_learns_on_by_its_own_strategy_and_r_goes_on(
    classifier: str, strategy: str, written: Path, workspace: Workspace
) -> None:
    champion = workspace.registry.champion(classifier)
    assert champion is not None
    before = VersionFolder(workspace.registry.folder(classifier, champion.number)).report()
    quick = {} if strategy == "ridge" else {"epochs": 1}
    engine = Classifier(workspace.registry.folder(classifier, champion.number))
    batch = texts(written)
    answers = engine.predict_proba(batch).argmax(axis=1)
    dataset = TextDataset(tuple(batch), answers, tuple(engine.labels))
    stored = workspace.datasets.save(dataset, name="batch", roles=ColumnRoles("text", "label"))
    request = UpdateRequest(
        classifier=classifier, dataset=stored.id, strategy=strategy, settings=quick, promote="never"
    )
    *_, last = update_classifier(request, workspace)
    assert isinstance(last, Completed)
    matrix, earlier = (np.array(told["accuracy_matrix"], dtype=float) for told in (last.report, before))
    assert matrix.shape == (len(earlier) + 1, len(earlier) + 1)
    assert np.array_equal(matrix[:-1, :-1], earlier, equal_nan=True)


def test_a_person_is_forgotten_everywhere(workspace: Workspace) -> None:
    gone = [
        text
        for stored in workspace.datasets.list()
        for dataset in [workspace.datasets.load(stored.id)]
        if dataset.groups is not None
        for text, group in zip(dataset.texts, dataset.groups, strict=True)
        if group == "r007"
    ]
    assert gone
    assert main(["forget", "--classifier", "Shop reviews", "--group", "r007"]) == 0
    for stored in workspace.datasets.list():
        assert "r007" not in (workspace.datasets.load(stored.id).groups or ())
    whole = b"".join(path.read_bytes() for path in workspace.home.rglob("*.json"))
    assert not any(text.encode() in whole for text in gone)
