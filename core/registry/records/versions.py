"""What was measured of versions besides their tests, on disk: learning curves, repeated trainings, speeds.

Beside the registry and not in it, since a version's files never change, and may lie on a server. A record belongs to the
version that was made at the time it names: a classifier that was deleted and trained anew has the same numbers.
"""

from __future__ import annotations

import builtins
import hashlib
from pathlib import Path
from typing import Any

from core.base.files import read_object
from core.registry.records.files import write_record


def _name(classifier: str, version: int) -> str:
    # The classifier's own name may be longer in bytes than a file's may.
    return f"{hashlib.blake2b(classifier.encode(), digest_size=8).hexdigest()}-{int(version)}"


class CurveStore:
    """The learning curves of one workspace: ``<home>/curves/<name>.json``, one for each version at most."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "curves"

    def save(self, curve: dict[str, Any]) -> None:
        """Store a curve by its ``"classifier"`` and ``"version"``, in place of an older one."""
        write_record(self._path(curve["classifier"], curve["version"]), curve)

    def load(self, classifier: str, version: int, made: str) -> dict[str, Any] | None:
        """The curve of the version made then; None when there is none, or it is damaged."""
        curve = read_object(self._path(classifier, version))
        return curve if curve.get("version_made") == made else None

    def _path(self, classifier: str, version: int) -> Path:
        return self._folder / f"{_name(classifier, version)}.json"


class FoldStore:
    """Cross-validations (``how`` is ``"folds"``) and repeated seeds (``"seeds"``): ``<home>/folds/<name>-<how>.json``."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "folds"

    def save(self, record: dict[str, Any]) -> None:
        """Store a record by its ``"classifier"``, ``"version"`` and ``"how"``, in place of an older one."""
        write_record(self._path(record["classifier"], record["version"], record["how"]), record)

    def load(self, classifier: str, version: int, how: str, made: str) -> dict[str, Any] | None:
        """The record of the version made then; None when there is none, or it is damaged."""
        record = read_object(self._path(classifier, version, how))
        return record if record.get("version_made") == made else None

    def _path(self, classifier: str, version: int, how: str) -> Path:
        return self._folder / f"{_name(classifier, version)}-{how}.json"


class MembershipStore:
    """Attacks on the privacy of versions: ``<home>/membership/<name>.json``, the newest of each version."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "membership"

    def save(self, record: dict[str, Any]) -> None:
        """Store a record by its ``"classifier"`` and ``"version"``, in place of an older one."""
        write_record(self._path(record["classifier"], record["version"]), record)

    def load(self, classifier: str, version: int, made: str) -> dict[str, Any] | None:
        """The record of the version made then; None when there is none, or it is damaged."""
        record = read_object(self._path(classifier, version))
        return record if record.get("version_made") == made else None

    def _path(self, classifier: str, version: int) -> Path:
        return self._folder / f"{_name(classifier, version)}.json"


class BenchmarkStore:
    """Measurements of speed, any number for each version, here and elsewhere: ``<home>/benchmarks/<name>/<id>.json``."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "benchmarks"

    def save(self, benchmark: dict[str, Any]) -> None:
        """Store a measurement under its ``"classifier"``, ``"version"`` and ``"id"``."""
        folder = self._folder_of(benchmark["classifier"], benchmark["version"])
        write_record(folder / f"{benchmark['id']}.json", benchmark)

    def list(self, classifier: str, version: int, made: str) -> builtins.list[dict[str, Any]]:
        """All measurements of the version made then that can be read, newest first."""
        stored = map(read_object, self._folder_of(classifier, version).glob("[!.]*.json"))
        records = [record for record in stored if record.get("version_made") == made]
        return sorted(records, key=lambda record: str(record.get("id")), reverse=True)

    def _folder_of(self, classifier: str, version: int) -> Path:
        return self._folder / _name(classifier, version)
