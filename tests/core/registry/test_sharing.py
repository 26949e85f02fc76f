from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.base import integrity
from core.registry import Registry
from core.registry.files import LARGE

WEIGHTS = b"7" * LARGE


@pytest.fixture
def add(registry: Registry, tmp_path: Path) -> Callable[..., Path]:
    """Register a version with these weights and a small file of its own; returns its folder."""

    def add(weights: bytes = WEIGHTS, label: str = "a") -> Path:
        folder = tmp_path / "made"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(weights)
        (folder / "labels.json").write_text(f'["{label}"]', encoding="utf-8")
        run_id = registry.start_run("train", "Shop", {})
        number = registry.register("Shop", folder, run_id=run_id, parent=None, summary={"accuracy": 0.5})
        return registry.folder("Shop", number)

    return add


def blocks(folder: Path) -> int:
    """Bytes of all files below a folder, those that are one on the disk counted once."""
    counted = {
        (status.st_dev, status.st_ino): status.st_size
        for status in map(os.stat, filter(Path.is_file, folder.rglob("*")))
    }
    return sum(counted.values())


def test_unchanged_weights_are_stored_once(registry: Registry, add: Callable[..., Path]) -> None:
    first, second = add(), add(label="b")
    assert (first / "model.safetensors").samefile(second / "model.safetensors")
    assert not (first / "labels.json").samefile(second / "labels.json")
    assert blocks(registry.files.artifacts) < 1.5 * LARGE
    assert (second / "model.safetensors").read_bytes() == WEIGHTS


def test_rewriting_one_version_never_writes_into_another(registry: Registry, add: Callable[..., Path]) -> None:
    first, second = add(), add(label="b")

    def change(folder: Path) -> None:
        with (folder / "model.safetensors").open("r+b") as file:  # in place, as safetensors would
            file.write(b"000")

    registry.rewrite("Shop", 2, change)
    assert (first / "model.safetensors").read_bytes() == WEIGHTS
    assert (second / "model.safetensors").read_bytes() == b"000" + WEIGHTS[3:]
    assert integrity.damaged(first) == integrity.damaged(second) == []


def test_what_was_taken_out_by_rewriting_is_gone_from_the_disk(registry: Registry, add: Callable[..., Path]) -> None:
    add(b"marker" + WEIGHTS)
    registry.rewrite("Shop", 1, lambda folder: (folder / "model.safetensors").write_bytes(WEIGHTS) and None)
    left = [path for path in registry.home.rglob("*") if path.is_file() and b"marker" in path.read_bytes()]
    assert left == []


def test_a_damaged_content_is_never_linked_to_again(registry: Registry, add: Callable[..., Path]) -> None:
    first = add()
    (first / "model.safetensors").write_bytes(b"x")  # through the link
    second = add(label="b")
    assert (second / "model.safetensors").read_bytes() == WEIGHTS
    assert integrity.damaged(first) == ["model.safetensors"]
    assert registry.files.mend(first, "model.safetensors")
    assert integrity.damaged(first) == []


def test_a_deleted_version_leaves_what_others_share_and_takes_the_rest(
    registry: Registry, add: Callable[..., Path]
) -> None:
    first, second, third = add(), add(label="b"), add(b"1" * LARGE)
    registry.promote("Shop", 2)
    registry.delete_version("Shop", 1)
    registry.delete_version("Shop", 3)
    assert [version.number for version in registry.versions("Shop")] == [2]
    assert not first.exists()
    assert not third.exists()
    assert integrity.damaged(second) == []
    assert len(list(registry.files.content.iterdir())) == 1
    assert add().exists()
    assert [version.number for version in registry.versions("Shop")] == [2, 4]  # a number is never given twice


def test_where_the_disk_has_no_links_every_version_keeps_its_own(
    registry: Registry, add: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    first, second = add(), add(label="b")
    assert not (first / "model.safetensors").samefile(second / "model.safetensors")
    assert integrity.damaged(first) == integrity.damaged(second) == []
    assert list(registry.files.content.iterdir()) == []
