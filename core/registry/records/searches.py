"""Searches for settings on disk: ``<home>/searches/<id>.json``."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

from core.base.files import read_object
from core.registry.records.files import write_record


class SearchStore:
    """The searches of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "searches"

    def save(self, search: dict[str, Any]) -> None:
        """Store a search under its ``"id"``."""
        write_record(self._folder / f"{search['id']}.json", search)

    def list(self) -> builtins.list[dict[str, Any]]:
        """All that can be read, newest first."""
        stored = [(path.stem, read_object(path)) for path in self._folder.glob("[!.]*.json")]
        # A damaged one must not hide the others.
        records = [record for name, record in stored if record.get("id") == name and record.get("trials")]
        return sorted(records, key=lambda record: str(record["id"]), reverse=True)

    def delete(self, identity: str) -> None:
        """Remove a search; one that is gone already is no error."""
        for record in self.list():
            if record["id"] == identity:
                (self._folder / f"{identity}.json").unlink(missing_ok=True)
