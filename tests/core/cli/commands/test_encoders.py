"""``encoders recommend``: which of those at hand suits a saved dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.main import main
from core.networks.pretrained.packaged import PACKAGED
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save
from tests.encoders import tiny_encoder


@pytest.fixture(autouse=True)
def _nothing_packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(PACKAGED["multilingual-e5-small"]), "paths", lambda _: None)


def test_it_says_in_a_sentence_and_as_an_object(
    evergreen_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = open_workspace(evergreen_home)
    save(workspace, reviews(80), "Shop")
    assert main(["encoders", "recommend", "--dataset", "Shop"]) == 0
    assert capsys.readouterr().out.startswith("No encoder at hand is for texts in 'en'.")
    for seed, name in enumerate(("one", "two")):
        workspace.sources.encoders.add(name, tiny_encoder(tmp_path / name, seed=seed))
    assert main(["encoders", "recommend", "--dataset", "Shop", "--minutes", "2", "--json"]) == 0
    advice = json.loads(capsys.readouterr().out)
    assert advice["best"] in ("own:one", "own:two")
    assert {tried["name"] for tried in advice["tried"]} == {"one", "two"}
    assert advice["online"][0] == "hub:jhu-clsp/mmBERT-small"  # no larger one for two minutes
    assert main(["encoders", "list"]) == 0
    assert "own:one" in capsys.readouterr().out


def test_a_dataset_that_is_not_there_is_one_clear_line(
    evergreen_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["encoders", "recommend", "--dataset", "nothing"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
