"""Measurements of fairness on disk, and by which groups a classifier is watched: ``<home>/fairness/``.

A measurement is the last one of its version; it holds figures, names of groups and listed words, and no text.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.base.audit import AuditLog
from core.base.files import read_object
from core.registry.records.files import write_record


class FairnessStore:
    """The measurements of one workspace, and what each classifier is watched for."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "fairness"
        self._audit = AuditLog(home)

    def save(self, record: dict[str, Any]) -> None:
        """Store a measurement by its ``"classifier"`` and ``"version"``, in place of an older one."""
        write_record(self._path(record["classifier"], str(int(record["version"]))), record)

    def load(self, classifier: str, version: int, made: str) -> dict[str, Any] | None:
        """The measurement of the version made then; None when there is none, or it is damaged."""
        record = read_object(self._path(classifier, str(int(version))))
        return record if record.get("version_made") == made else None

    def watch(self, classifier: str, choice: dict[str, Any]) -> None:
        """Measure these groups before and after every update from now on."""
        write_record(self._path(classifier, "watched"), {"classifier": classifier, "choice": choice})
        self._audit.add(
            "fairness_watched",
            model=classifier,
            facts={"changed": {name: value for name, value in choice.items() if value}},
        )

    def watched(self, classifier: str) -> dict[str, Any] | None:
        """The groups that a classifier is watched for, as they were chosen; None where it is not watched."""
        choice = read_object(self._path(classifier, "watched")).get("choice")
        return choice if isinstance(choice, dict) else None

    def unwatch(self, classifier: str) -> None:
        """Measure nothing more before and after updates."""
        with suppress(FileNotFoundError):
            self._path(classifier, "watched").unlink()
            self._audit.add("fairness_unwatched", model=classifier)

    def remove(self, classifier: str) -> None:
        """Forget all that was measured of a classifier, and what it is watched for."""
        for path in self._folder.glob(f"{self._begin(classifier)}-*.json"):
            path.unlink(missing_ok=True)

    def _path(self, classifier: str, name: str) -> Path:
        # The classifier's own name may be longer in bytes than a file's may.
        return self._folder / f"{self._begin(classifier)}-{name}.json"

    @staticmethod
    def _begin(classifier: str) -> str:
        return hashlib.blake2b(classifier.encode(), digest_size=8).hexdigest()
