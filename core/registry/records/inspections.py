"""Inspections of datasets on disk: ``<home>/inspections/<dataset id>.json``, the newest of each dataset.

Row numbers and digests of texts only; the texts stay where they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from core.base.files import read_object
from core.registry.records.files import write_record

_ID = re.compile(r"[0-9a-f]{16}")


class InspectionStore:
    """The inspections of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "inspections"

    def save(self, inspection: dict[str, Any]) -> None:
        """Store an inspection under its ``"dataset"``, in place of an earlier one."""
        write_record(self._path(inspection["dataset"]), inspection)

    def get(self, dataset: str) -> dict[str, Any] | None:
        """The inspection of a dataset; None where there is none, or none that can be read."""
        if not _ID.fullmatch(dataset):  # an id comes from links and requests
            return None
        stored = read_object(self._path(dataset))
        whole = stored.get("dataset") == dataset and isinstance(stored.get("findings"), list)
        return stored if whole else None

    def _path(self, dataset: str) -> Path:
        return self._folder / f"{dataset}.json"
