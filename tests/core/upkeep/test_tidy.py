from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from core.base.errors import RegistryError
from core.base.leftovers import sweep
from core.base.processes import machine
from core.data.labelling.sessions import Item, LabellingStore
from core.registry import Registry
from core.registry.files import LARGE
from core.upkeep import tidy

DEAD = f"{machine()}-1-1"


@pytest.fixture
def registry(evergreen_home: Path, new_store: Path) -> Registry:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return Registry(evergreen_home)


def add(registry: Registry, folder: Path, weights: bytes = b"1" * LARGE) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(weights)
    run_id = registry.start_run("train", "Shop", {})
    registry.register("Shop", folder, run_id=run_id, parent=None, summary={"accuracy": 0.5})
    registry.finish_run(run_id, "finished")
    return run_id


def kinds(registry: Registry, **asked: bool) -> list[tuple[str, int]]:
    return [(item.what, item.bytes) for item in tidy(registry.home, **asked).removed]


def test_a_clean_workspace_has_nothing_to_tidy(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path / "made")
    assert kinds(registry) == []


def test_what_killed_processes_left_is_told_with_its_size_and_then_removed(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path / "made")
    left = registry.home / "artifacts" / f".incoming-{DEAD}-0a"
    left.mkdir()
    (left / "model.onnx").write_bytes(b"0" * 1000)
    lost = registry.start_run("train", "Shop", {})
    registry.files.place_of(lost).mkdir(parents=True)
    (registry.files.place_of(lost) / "model.onnx").write_bytes(b"0" * 500)
    registry.finish_run(lost, "failed")
    registry._client.set_tag(registry.start_run("update", "Shop", {}), "evergreen.owner", DEAD)
    expected = [("unfinished", 1000), ("run", 0), ("artifacts", 500)]
    assert kinds(registry, dry_run=True) == expected
    assert left.exists()
    assert kinds(registry) == expected
    assert kinds(registry) == []
    assert [run.state for run in registry.runs("Shop")] == ["stopped", "failed", "finished"]


def test_half_a_file_inside_of_a_version_is_found_too(registry: Registry, tmp_path: Path) -> None:
    folder = registry.files.place_of(add(registry, tmp_path / "made"))
    (folder / f".part-{DEAD}-0a").write_bytes(b"0" * 100)
    assert kinds(registry) == [("unfinished", 100)]
    assert not list(folder.glob(".part*"))


@pytest.mark.parametrize("folder", [".classifiers", ".content"])
def test_half_a_file_in_a_hidden_folder_of_ours_is_found_too(registry: Registry, tmp_path: Path, folder: str) -> None:
    add(registry, tmp_path / "made")
    hidden = registry.home / "artifacts" / folder
    hidden.mkdir(exist_ok=True)
    (hidden / f".part-{DEAD}-0a").write_bytes(b"0" * 100)
    assert kinds(registry) == [("unfinished", 100)]


def test_what_a_living_process_works_on_stays(registry: Registry) -> None:
    run_id = registry.start_run("train", "Shop", {})
    registry.files.place_of(run_id).mkdir(parents=True)
    (registry.files.place_of(run_id) / "model.onnx").write_bytes(b"0")
    assert kinds(registry) == []
    assert [run.state for run in registry.runs("Shop")] == ["running"]


def test_versions_of_old_that_hold_the_same_weights_are_stored_once(registry: Registry, tmp_path: Path) -> None:
    runs = [add(registry, tmp_path / "made") for _ in range(3)]
    for run_id in runs:  # as earlier editions stored them
        path = registry.files.place_of(run_id) / "model.onnx"
        copy = path.read_bytes()
        path.unlink()
        path.write_bytes(copy)
    shutil.rmtree(registry.files.content)
    assert kinds(registry, dry_run=True) == [("shared", 2 * LARGE)]
    assert kinds(registry) == [("shared", 2 * LARGE)]
    inodes = {os.stat(registry.files.place_of(run_id) / "model.onnx").st_ino for run_id in runs}
    assert len(inodes) == 1
    assert kinds(registry) == []


def test_a_copy_without_hard_links_is_stored_once_again(registry: Registry, tmp_path: Path) -> None:
    runs = [add(registry, tmp_path / "made") for _ in range(2)]
    for path in [*registry.files.content.iterdir(), *(registry.files.place_of(run) / "model.onnx" for run in runs)]:
        copy = path.read_bytes()
        path.unlink()
        path.write_bytes(copy)
    expected = [("unused", LARGE), ("shared", LARGE)]
    assert kinds(registry, dry_run=True) == expected
    assert kinds(registry) == expected
    assert kinds(registry) == []


def test_versions_that_the_database_does_not_know_are_kept_and_told(registry: Registry, tmp_path: Path) -> None:
    run_id = add(registry, tmp_path / "made")
    (registry.home / "artifacts" / run_id).rename(registry.home / "artifacts" / ("0" * 32))
    found = tidy(registry.home)
    assert found.unknown == ["0" * 32]
    assert (registry.home / "artifacts" / ("0" * 32) / "artifacts" / "version" / "model.onnx").exists()
    with pytest.raises(RegistryError, match="no longer in"):
        registry.folder("Shop", 1)


def test_uploads_are_removed_after_a_week_whether_or_not_another_comes(evergreen_home: Path) -> None:
    for name, days in (("old", 8), ("new", 6)):
        folder = evergreen_home / "uploads" / name
        folder.mkdir(parents=True)
        (folder / "t.csv").write_text("text\n", encoding="utf-8")
        os.utime(folder, (time.time() - days * 86_400,) * 2)
    assert sweep(evergreen_home) == 1
    assert [path.name for path in (evergreen_home / "uploads").iterdir()] == ["new"]


def test_a_labelling_session_that_was_killed_while_it_forgot_is_whole_again(evergreen_home: Path) -> None:
    sessions = LabellingStore(evergreen_home)
    texts = [Item("one"), Item("two")]
    kept, replaced = (
        sessions.begin(texts, kind="texts", name="x", labels=["a", "b"], order="random") for _ in range(2)
    )
    folder = evergreen_home / "labelling"
    (folder / kept.id).rename(folder / f".outgoing-{kept.id}")
    shutil.copytree(folder / replaced.id, folder / f".outgoing-{replaced.id}")
    sweep(evergreen_home)
    assert {info.id for info in sessions.list()} == {kept.id, replaced.id}
    assert [path.name for path in folder.iterdir() if path.name.startswith(".outgoing")] == []
