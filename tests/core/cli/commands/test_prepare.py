from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import main
from core.cli.commands import prepare as preparing
from core.cli.commands.prepare import NOTE
from core.data.dataset.store import DatasetStore
from core.jobs import JobQueue

ROOT = Path(__file__).resolve().parents[4]
PREPARE = """
import sys
from core.cli import main
assert main(["prepare"]) == 0
print(sorted({"torch", "mlflow", "pandas", "pyarrow"} & set(sys.modules)))
"""


def run_prepare(home: Path) -> tuple[str, list[str]]:
    """What it says, and which of the heavy packages it loaded."""
    environment = {**os.environ, "EVERGREEN_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", PREPARE], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr.strip(), eval(done.stdout)


def snapshot(home: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(home)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in home.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was prepared once."""
    home = tmp_path_factory.mktemp("prepared") / "workspace"
    told, loaded = run_prepare(home)
    assert told == f"Workspace {home} is ready."
    assert "mlflow" in loaded
    return home


def test_the_first_time_makes_a_registry_and_nothing_that_passes_for_the_visitors_data(made: Path) -> None:
    assert (made / "mlflow.db").stat().st_size > 0
    assert DatasetStore(made).list() == []
    assert JobQueue(made).list() == []


def test_the_second_time_loads_nothing_heavy_and_changes_nothing(made: Path) -> None:
    before = snapshot(made)
    told, loaded = run_prepare(made)
    assert told == f"Workspace {made} is ready."
    assert loaded == []
    assert snapshot(made) == before


NOTES = {
    "empty": "",
    "no object": "[]",
    "another edition's": '{"made_of": {"mlflow": "0.0"}, "samples": ["0123456789abcdef"]}',
}


@pytest.mark.parametrize("reason", [*NOTES, "no note", "no registry"])
def test_whatever_is_missing_or_of_another_time_is_made(
    made: Path, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    right = json.loads((made / NOTE).read_text(encoding="utf-8"))
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    if reason in NOTES:
        (evergreen_home / NOTE).write_text(NOTES[reason], encoding="utf-8")
    else:
        (evergreen_home / {"no note": NOTE, "no registry": "mlflow.db"}[reason]).unlink()
    asked: list[Path] = []
    monkeypatch.setattr(preparing, "_make", lambda folder: asked.append(folder))
    assert main(["prepare"]) == 0
    assert asked == [evergreen_home]
    assert json.loads((evergreen_home / NOTE).read_text(encoding="utf-8")) == right
    assert capsys.readouterr().err == f"Workspace {evergreen_home} is ready.\n"
