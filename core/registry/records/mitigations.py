"""Comparisons of ways against unequal treatment, on disk: ``<home>/mitigations/<id>.json``."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import Any

from core.base.errors import DataError
from core.base.files import read_object
from core.registry.records.files import write_record

_ID = re.compile(r"[0-9a-z]+(-[0-9a-z]+)*")


class MitigationStore:
    """Those of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "mitigations"

    def save(self, record: dict[str, Any]) -> None:
        """Store one under its ``"id"``."""
        write_record(self._path(record["id"]), record)

    def load(self, identity: str) -> dict[str, Any]:
        """One of them, whole; `DataError` when there is none of this id, or its file is damaged."""
        path = self._path(identity)
        record = read_object(path) if path.exists() else {}
        if record.get("id") != identity:
            raise _unknown(identity)
        return record

    def list(self) -> builtins.list[dict[str, Any]]:
        """All that can be read, newest first."""
        stored = [(path.stem, read_object(path)) for path in self._folder.glob("[!.]*.json")]
        records = [record for name, record in stored if record.get("id") == name and record.get("results")]
        return sorted(records, key=lambda record: str(record["id"]), reverse=True)

    def delete(self, identity: str) -> None:
        """Remove one; one that is gone already is no error."""
        self._path(identity).unlink(missing_ok=True)

    def _path(self, identity: str) -> Path:
        if not _ID.fullmatch(identity):  # ids arrive in links: none may lead out of the folder
            raise _unknown(identity)
        return self._folder / f"{identity}.json"


def _unknown(identity: str) -> DataError:
    return DataError(
        "mitigation.unknown",
        "There is no comparison of mitigations '{comparison}' that can be read. Choose one from the list.",
        comparison=identity,
    )
