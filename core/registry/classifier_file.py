"""What the registry knows of a classifier beyond its versions, once more beside their files, for when the database is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.base import files

FOLDER = ".classifiers"


class ClassifierFiles:
    """One small file a classifier below ``artifacts/``: champion, its history and the threshold, written after each change."""

    def __init__(self, artifacts: Path) -> None:
        self._folder = artifacts / FOLDER

    def write(self, name: str, facts: dict[str, Any]) -> None:
        """Keep these facts in place of those that are there."""
        if self.read(name) != {"name": name, **facts}:
            self._folder.mkdir(parents=True, exist_ok=True)
            files.write_json(self._path(name), {"name": name, **facts}, indent=1)

    def read(self, name: str) -> dict[str, Any]:
        """The facts of one classifier; empty where there are none, or they cannot be read."""
        return _read(self._path(name))

    def all(self) -> Iterator[dict[str, Any]]:
        """The facts of every classifier that can be read."""
        yield from filter(None, map(_read, sorted(self._folder.glob("*.json"))))

    def remove(self, name: str) -> None:
        """The classifier is gone."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        # A name may hold anything; its hash is a safe file name.
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"


def _read(path: Path) -> dict[str, Any]:
    stored = files.read_object(path)
    return stored if isinstance(stored.get("name"), str) else {}
