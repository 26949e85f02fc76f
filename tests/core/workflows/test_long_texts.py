"""Texts longer than a window, from training to report, explanation and program."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset.rows import TextDataset
from core.networks.explain.networks import explain
from core.workflows.bundle import write_bundle
from core.workflows.report.limits import sentences
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.estimate import prepare
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import BAD, GOOD, THINGS, save

FILLER = 30  # tokens before the word that decides
SMALL: dict[str, Any] = {"embedding_size": 16, "max_length": 16, "epochs": 6, "batch_size": 8, "layers": 1}


def late_reviews(rows: int, *, chinese: bool = False, seed: int = 0) -> TextDataset:
    """Texts whose last word alone tells their label."""
    generator = np.random.default_rng(seed)
    words = ("很差很差", "很好很好") if chinese else (BAD, GOOD)
    texts = []
    for row in range(rows):
        filler = [str(generator.choice(list("手机台灯书包椅子电线鞋") if chinese else THINGS)) for _ in range(FILLER)]
        last = words[row % 2] if chinese else str(generator.choice(words[row % 2]))
        texts.append(("" if chinese else " ").join([*filler, last]))
    return TextDataset(tuple(texts), np.array([row % 2 for row in range(rows)]), ("bad", "good"))


def learned(
    workspace: Workspace, dataset: TextDataset, model: str, name: str, **settings: Any
) -> tuple[VersionFolder, Any]:
    stored = save(workspace, dataset, name)
    request = TrainRequest(classifier=name, dataset=stored.id, model=model, settings=settings)
    *_, done = train_classifier(request, workspace)
    return VersionFolder(workspace.registry.folder(name, done.version)), done.report


@pytest.mark.parametrize("chinese", [False, True])
def test_a_word_at_the_end_is_learned_with_windows_and_not_without(workspace: Workspace, chinese: bool) -> None:
    dataset = late_reviews(200, chinese=chinese)
    bilstm = {**SMALL, "hidden_size": 16, "learning_rate": 0.01}
    accuracy, engines = {}, {}
    for windows in (1, 4):
        folder, report = learned(workspace, dataset, "bilstm", f"w{windows}", windows=windows, **bilstm)
        accuracy[windows] = report["overall"]["accuracy"]["value"]
        engines[windows] = folder.task.engine(folder.path)
        (record,) = report["experiences"]
        assert record["cut"] == (record["train"] if windows == 1 else 0)
        told = [str(sentence) for sentence in sentences(report, _English())]
        assert any(f"reads at most {16 * windows} tokens" in sentence for sentence in told)
        found = [finding["key"] for finding in report["findings"]]
        assert ("train.texts_cut" in found) == (windows == 1)
        assert report["parity"]["max_abs_diff"] < 1e-5
    assert accuracy[1] < 0.75
    assert accuracy[4] > 0.9
    assert engines[1].answer(dataset.texts[:3]).truncated.all()
    assert not engines[4].answer(dataset.texts[:3]).truncated.any()


class _English:
    """Just enough of a report's language."""

    def say(self, message: Any) -> str:
        return str(message)

    def language_of(self, name: str) -> str:
        return name


def test_a_stored_version_goes_on_and_explains_what_stands_in_a_late_window(workspace: Workspace) -> None:
    settings = {**SMALL, "hidden_size": 32, "heads": 2, "windows": 4, "learning_rate": 0.003, "epochs": 10}
    folder, _ = learned(workspace, late_reviews(120), "transformer", "late", **settings)
    model, pipeline = folder.load_model(), folder.load_pipeline()
    assert model.window == 16  # type: ignore[comparison-overlap]
    text = " ".join(["lamp"] * FILLER + ["superb"])
    attribution = explain(model, pipeline, text)
    assert attribution is not None
    assert len(attribution.words) == FILLER + 1
    assert attribution.error is not None
    assert attribution.error < 0.02
    *_, done = update_classifier(
        UpdateRequest(
            classifier="late", dataset=save(workspace, late_reviews(40, seed=5), "next").id, strategy="replay"
        ),
        workspace,
    )
    later = VersionFolder(workspace.registry.folder("late", done.version))
    assert later.load_pipeline().limit == 64
    assert done.report["parity"]["max_abs_diff"] < 1e-5
    assert [record["cut"] for record in done.report["experiences"]] == [0, 0]


def test_training_foretells_how_many_texts_are_cut(workspace: Workspace) -> None:
    stored = save(workspace, late_reviews(60))
    request = TrainRequest(classifier="c", dataset=stored.id, model="ngrams", settings={"max_length": 31, "windows": 1})
    assert prepare(request, workspace).cut == 0  # just as long as what is read
    shorter = request.model_copy(update={"settings": {"max_length": 30, "windows": 1}})
    assert prepare(shorter, workspace).cut == 1.0


def test_a_version_of_old_reads_one_window(workspace: Workspace) -> None:
    folder, _ = learned(workspace, late_reviews(60), "ngrams", "old", max_length=16, windows=1, epochs=1)
    config = folder.path / "config.json"
    text = config.read_text("utf-8")
    without = text.replace('"windows": 1,', "")
    assert without.count("windows") == 0
    config.write_text(without, "utf-8")
    assert folder.load_pipeline().limit == 16
    assert folder.resolved_settings().text.windows == 1


def test_the_bundles_program_names_the_texts_that_were_cut(workspace: Workspace, tmp_path: Path) -> None:
    folder, _ = learned(workspace, late_reviews(60), "ngrams", "taken", max_length=16, windows=2, epochs=1)
    write_bundle(folder.path, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "taken")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "taken" / "predict.py")],
        input=f"{'lamp ' * 32}\n{'lamp ' * 33}\nshort\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 3
    assert "Truncated after 32 tokens" in done.stderr
    assert "texts 2 (33 tokens)." in done.stderr
