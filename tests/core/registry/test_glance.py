from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.registry import Glance, Registry, promote
from core.registry.glance import FILE, database_token

ROOT = Path(__file__).resolve().parents[3]
LOOK = """
import sys
from pathlib import Path
from core.registry import Glance
glance = Glance(Path(sys.argv[1]))
for info in glance.classifiers():
    print(info, glance.versions(info.name), glance.champion(info.name), glance.folder(glance.versions(info.name)[0]))
print("mlflow" in sys.modules)
"""


def settle(home: Path) -> None:
    """Make the database look as if it was written a while ago: what was written just now is not kept."""
    status = os.stat(home / "mlflow.db")
    os.utime(home / "mlflow.db", ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))


@pytest.fixture
def filled(evergreen_home: Path, registry: Registry, add_version: Callable[..., int]) -> Path:
    """A workspace with two versions, the first promoted with a reason, and a threshold."""
    add_version()
    add_version(parent=1)
    promote(registry, "Reviews", 1, how="page", reason="旧店已关", passes=False)
    registry.set_threshold("Reviews", 0.9, version=1)
    settle(evergreen_home)
    return evergreen_home


def test_a_second_process_knows_the_lists_without_mlflow(filled: Path, registry: Registry) -> None:
    glance = Glance(filled)
    first = glance.classifiers(), glance.versions("Reviews"), glance.champion("Reviews")
    assert first == (registry.classifiers(), registry.versions("Reviews"), registry.champion("Reviews"))
    told = subprocess.run(
        [sys.executable, "-c", LOOK, str(filled)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    folder = registry.folder("Reviews", 1)
    assert told == [f"{first[0][0]} {first[1]} {first[2]} {folder}", "False"]


def test_what_another_process_writes_is_seen(filled: Path, registry: Registry) -> None:
    glance = Glance(filled)
    assert glance.champion("Reviews") == registry.version("Reviews", 1)
    promote(registry, "Reviews", 2, how="page")
    assert glance.classifiers()[0].champion == 2
    assert glance.champion("Reviews") == registry.version("Reviews", 2)
    registry.delete("Reviews")
    assert (glance.classifiers(), glance.versions("Reviews"), glance.champion("Reviews")) == ([], [], None)


def test_nothing_is_kept_of_a_database_that_was_written_this_instant(filled: Path) -> None:
    status = os.stat(filled / "mlflow.db")
    os.utime(filled / "mlflow.db", ns=(status.st_atime_ns, status.st_mtime_ns + 10**12))
    Glance(filled).classifiers()
    assert not (filled / FILE).exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 1, "token": [0, 0, 0, 0], "lists": {"classifiers": []}}', "LISTS"]
)
def test_a_file_that_cannot_be_used_is_not(filled: Path, registry: Registry, content: str) -> None:
    if content == "LISTS":  # the right database, but values of another version of the program
        lists = {"classifiers": [{"threshold": None, "title": "Reviews"}]}
        content = json.dumps({"format": 1, "token": database_token(filled), "lists": lists})
    (filled / FILE).write_text(content, encoding="utf-8")
    assert Glance(filled).classifiers() == registry.classifiers()


def test_a_teams_server_is_asked_every_time(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Glance(filled).classifiers()
    (filled / FILE).unlink()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{filled / 'other.db'}")
    glance = Glance(filled)
    monkeypatch.setattr(glance.registry, "classifiers", list)
    assert glance.classifiers() == []
    assert not (filled / FILE).exists()


def test_a_folder_that_was_moved_away_is_told_as_the_registry_tells_it(filled: Path, registry: Registry) -> None:
    glance = Glance(filled)
    version = glance.versions("Reviews")[0]
    kept = registry.folder("Reviews", 1)
    assert glance.folder(version) == kept
    kept.rename(kept.with_name("elsewhere"))
    with pytest.raises(Exception, match="no longer in"):
        glance.folder(version)


def test_nothing_is_written_down_of_names_that_no_classifier_has(filled: Path) -> None:
    glance = Glance(filled)
    assert len(glance.versions("Reviews")) == 2
    before = (filled / FILE).read_bytes()
    for number in range(3):
        assert glance.versions(f"nobody {number}") == []
        assert glance.champion(f"nobody {number}") is None
    assert (filled / FILE).read_bytes() == before


def test_a_process_that_looks_ahead_leaves_all_lists_to_the_next(filled: Path, registry: Registry) -> None:
    Glance(filled).look_ahead()
    lists = json.loads((filled / FILE).read_text("utf-8"))["lists"]
    assert lists["moves of Reviews"] == registry.champion_history("Reviews")
    assert sorted(lists) == ["classifiers", "moves of Reviews", "versions of Reviews"]
    assert Glance(filled).champion_history("Reviews") == registry.champion_history("Reviews")
