"""Who walks through the pages waits for nothing that only trains, measures or calibrates: none of it is loaded by looking."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.shell.navigation import ROOT
from tests.core.conftest import reviews, save

HEAVY = ("torch", "sklearn", "onnx", "scipy.optimize", "transformers")
VISIT = """
import pathlib, sys
from streamlit.testing.v1 import AppTest
for name in ("overview", "data", "train", "evaluate", "update", "use"):
    entry = AppTest.from_file(str(pathlib.Path("dashboard/main.py").resolve()), default_timeout=60)
    entry.query_params["lang"] = sys.argv[1]
    entry.switch_page(str(pathlib.Path(f"pages/{name}.py").resolve())).run()
    assert not entry.exception, entry.exception
    assert entry.title, name
    print(name, [module for module in sys.argv[2:] if module in sys.modules])
"""


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    workspace = open_workspace(make_home("made"))
    dataset = save(workspace, reviews(80), "Shop").id
    list(train_classifier(TrainRequest(classifier="Shop", dataset=dataset, model="linear"), workspace))
    return workspace.home


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_walk_through_the_pages_loads_nothing_heavy(made: Path, language: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", VISIT, language, *HEAVY],
        cwd=ROOT,
        env={**os.environ, "EVERGREEN_HOME": str(made)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == ["[]"] * 6, done.stdout
