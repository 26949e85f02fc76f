"""Cross-validations and repeated seeds on disk: ``<home>/folds/<digest of the classifier's name>-<version>-<how>.json``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from core.base.files import read_object
from core.registry.records.files import write_record


class FoldStore:
    """Those of one workspace: for each version one of each kind at most."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "folds"

    def save(self, record: dict[str, Any]) -> None:
        """Store a record by its ``"classifier"``, ``"version"`` and ``"how"``, in place of an older one."""
        write_record(self._path(record["classifier"], record["version"], record["how"]), record)

    def load(self, classifier: str, version: int, how: str, made: str) -> dict[str, Any] | None:
        """The record of a version; None when there is none, it is damaged, or it belongs to another version.

        Parameters
        ----------
        how
            ``"folds"`` or ``"seeds"``.
        made
            Time at which the version was made: a classifier that was deleted and trained anew has the same numbers.
        """
        record = read_object(self._path(classifier, version, how))
        return record if record.get("version_made") == made else None

    def _path(self, classifier: str, version: int, how: str) -> Path:
        name = hashlib.blake2b(classifier.encode(), digest_size=8).hexdigest()
        return self._folder / f"{name}-{int(version)}-{how}.json"
