"""Texts leave language models as they leave classifiers: memories, frozen tests, and pieces of words of theirs alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import DataError
from core.base.wording import counted
from core.cli.main import main
from core.data.dataset.rows import TextDataset
from core.registry.records import receipts
from core.tasks.language_modelling.engine import LanguageEngine
from core.workflows.forget.rows import find_rows, groups_of
from core.workflows.forget.run import ForgetRequest, Forgotten, forget_rows
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.core.workflows.forget.conftest import forget
from tests.language_models import TINY


def request_of(workspace: Workspace, classifier: str, **asked: list[str]) -> ForgetRequest:
    matches = find_rows(classifier, workspace, **asked)
    digests, wanted, people = (sorted(hashes) for hashes in (matches.digests, matches.wanted, matches.people))
    return ForgetRequest(classifier=classifier, rows=matches.rows, digests=digests, wanted=wanted, people=people)


@pytest.fixture(scope="module")
def written_once(learned_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same workspace with a language model of the classifier's first dataset, and of texts of its own."""
    home = tmp_path_factory.mktemp("written") / "home"
    shutil.copytree(learned_once, home)
    workspace = open_workspace(home)
    settings = {**TINY, "epochs": 1, "memory_size": 400}
    more = save(workspace, reviews(50, seed=9), "more").id
    both = VersionFolder(workspace.registry.folder("c", 1)).experiences()[0].dataset, more
    train = TrainRequest(
        classifier="writer", dataset=both[0], task="language_modelling", model="causal", settings=settings
    )
    list(train_classifier(train, workspace))
    update = UpdateRequest(classifier="writer", dataset=both[1], strategy="replay", settings={"epochs": 1})
    list(update_classifier(update, workspace))
    return home


@pytest.fixture
def written(written_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(written_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def writer(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("writer", number))


def texts_of_writer(workspace: Workspace) -> set[str]:
    """What both versions of the language model remember or are tested on."""
    versions = [writer(workspace, number) for number in (1, 2)]
    kept = {row[0] for version in versions for row in version.load_state()["memory"]["rows"][""]}
    tested = [version.predictions(record.number) for version in versions for record in version.experiences()]
    return kept | {text for table in tested for text in table["text"]}


def test_language_models_lose_the_texts_too_and_the_receipt_names_them(written: Workspace) -> None:
    matches = next(
        match
        for group in groups_of("writer", written)
        for match in [find_rows("writer", written, groups=[group])]
        if match.datasets[0].parts["train"]
    )
    part = matches.datasets[0]
    gone = {written.datasets.load(part.dataset).texts[row] for row in part.rows.tolist()}
    before = texts_of_writer(written)
    assert gone & before
    receipt = forget(written, matches)
    assert texts_of_writer(written) == before - gone
    held = {(entry["classifier"], entry["version"]): entry for entry in receipt["versions"]}
    assert {("writer", 1), ("writer", 2)} <= held.keys()
    for number in (1, 2):
        assert held["writer", number]["train"] == len(part.rows)
        assert held["writer", number]["memory"] == len(part.rows)  # it remembers all that it learned
        report = writer(written, number).report()
        left = [
            len(writer(written, number).predictions(record.number)) for record in writer(written, number).experiences()
        ]
        assert [test["rows"] for test in report["tests"]] == left
        assert report["memory_rows"] == (64 if number == 1 else 104) - len(part.rows)


def test_the_command_line_counts_rows_of_language_models_with_their_unit(
    written: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tmp_path / "texts.txt"
    asked.write_text(next(iter(writer(written, 1).predictions(1)["text"])) + "\n", encoding="utf-8")
    assert main(["forget", "--classifier", "writer", "--texts", str(asked)]) == 0
    told = capsys.readouterr().out
    (receipt,) = receipts(written.home)
    removed = {part: sum(version[part] for version in receipt["versions"]) for part in ("memory", "test")}
    assert sum(version["test"] for version in receipt["versions"] if version["classifier"] == "writer") == 2
    for count in (counted(removed["memory"], "remembered row"), f"{counted(removed['test'], 'row')} of frozen tests"):
        assert count in told


def test_a_group_of_what_a_language_model_learned_is_found_and_forgotten(written: Workspace) -> None:
    assert groups_of("writer", written) == [f"person {number}" for number in range(10)]
    matches = find_rows("writer", written, groups=["person 5"])
    assert matches.count == sum(len(part.rows) for part in matches.datasets) > 0
    gone = {written.datasets.load(part.dataset).texts[row] for part in matches.datasets for row in part.rows.tolist()}
    *_, ended = forget_rows(request_of(written, "writer", groups=["person 5"]), written)
    assert isinstance(ended, Forgotten)
    assert ended.version is None  # its head is no sum over rows
    assert not gone & texts_of_writer(written)


def test_a_language_model_loses_the_pieces_of_words_and_finds_other_texts_as_probable_as_before(
    written: Workspace,
) -> None:
    texts = [*reviews(80, seed=1).texts, *reviews(40, seed=9).texts, "好"]
    own = [f"Kowalski wrote 7{row}q of Kowalski" for row in range(10)]
    settings = {**TINY, "epochs": 1}
    fresh = save(written, TextDataset((*texts, *own), np.zeros(len(texts) + 10, dtype=np.int64), ("any",)), "named").id
    train = TrainRequest(
        classifier="named", dataset=fresh, task="language_modelling", model="causal", settings=settings
    )
    list(train_classifier(train, written))
    version = VersionFolder(written.registry.folder("named", 1))
    assert "Kowalski" in (version.path / "tokenizer.json").read_text("utf-8")
    before = LanguageEngine(version.path, threads=1).compute(texts)
    list(forget_rows(request_of(written, "named", texts=own), written))
    after = LanguageEngine(version.path, threads=1)
    assert "owalski" not in (version.path / "tokenizer.json").read_text("utf-8")
    assert np.array_equal(after.compute(texts), before)
    assert LanguageEngine(version.path).vocabulary.nameless
    assert len(after.vocabulary.encode(["Kowalski"])[0]) > 4  # letter by letter


def test_a_language_models_test_is_not_emptied_either(written: Workspace) -> None:
    tested = list(writer(written, 2).predictions(2)["text"])
    before = texts_of_writer(written)
    with pytest.raises(DataError, match="writer"):
        list(forget_rows(request_of(written, "writer", texts=tested), written))
    assert texts_of_writer(written) == before
    assert receipts(written.home) == []
