"""Which column was what the last time a table had these columns; one small file in a workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.base.files import read_object, write_json
from core.data.dataset.columns import ColumnRoles

MOST = 200  # headers that are remembered, the last ones used


class ColumnMemory:
    """Roles by header: ``home / "columns.json"``. A file that cannot be read is an empty memory."""

    def __init__(self, home: Path) -> None:
        self._path = Path(home) / "columns.json"

    def get(self, names: Sequence[str]) -> ColumnRoles | None:
        """The roles chosen for a table with exactly these columns; None where there are none, or they do not fit."""
        try:
            roles = ColumnRoles(**self._read()[_header(names)])
        except (KeyError, TypeError):
            return None
        return roles if all(column in names for column in roles.columns().values()) else None

    def put(self, names: Sequence[str], roles: ColumnRoles) -> None:
        """Remember the roles of a table with these columns."""
        known = self._read()
        known.pop(_header(names), None)
        known[_header(names)] = asdict(roles)
        self._write(dict(list(known.items())[-MOST:]))

    def forget(self, names: Sequence[str]) -> None:
        """Remember nothing of tables with these columns."""
        known = self._read()
        if known.pop(_header(names), None) is not None:
            self._write(known)

    def _read(self) -> dict[str, Any]:
        return read_object(self._path)

    def _write(self, known: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, known, indent=1)


def _header(names: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:16]
