from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.registry import Registry


@pytest.fixture
def registry(evergreen_home: Path, new_store: Path) -> Registry:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return Registry(evergreen_home)


@pytest.fixture
def add_version(registry: Registry, tmp_path: Path) -> Callable[..., int]:
    """Register a version with one small file, and return its number."""

    def add(name: str = "Reviews", *, parent: int | None = None, content: str = "[]", dataset: str = "") -> int:
        folder = tmp_path / "made"
        folder.mkdir(exist_ok=True)
        (folder / "labels.json").write_text(content, encoding="utf-8")
        run_id = registry.start_run("train", name, {})
        return registry.register(
            name, folder, run_id=run_id, parent=parent, summary={"accuracy": 0.5, "model": "ngrams", "dataset": dataset}
        )

    return add
