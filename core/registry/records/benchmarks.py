"""Measurements of speed on disk: ``<home>/benchmarks/<digest of the classifier's name>-<version>/<id>.json``.

Beside the registry and not in it, since a version's files never change, and may lie on a server.
"""

from __future__ import annotations

import builtins
import hashlib
from pathlib import Path
from typing import Any

from core.base.files import read_object
from core.registry.records.files import write_record


class BenchmarkStore:
    """The measurements of one workspace: any number for each version, from this machine and from others."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "benchmarks"

    def save(self, benchmark: dict[str, Any]) -> None:
        """Store a measurement under its ``"classifier"``, ``"version"`` and ``"id"``."""
        folder = self._folder_of(benchmark["classifier"], benchmark["version"])
        write_record(folder / f"{benchmark['id']}.json", benchmark)

    def list(self, classifier: str, version: int, made: str) -> builtins.list[dict[str, Any]]:
        """All measurements of a version that can be read, newest first.

        Parameters
        ----------
        made
            Time at which the version was made: a classifier that was deleted and trained anew has the same numbers.
        """
        records = []
        for path in self._folder_of(classifier, version).glob("[!.]*.json"):
            stored = read_object(path)  # a damaged one must not hide the others
            if stored.get("version_made") == made:
                records.append(stored)
        return sorted(records, key=lambda record: str(record.get("id")), reverse=True)

    def _folder_of(self, classifier: str, version: int) -> Path:
        # A name may be longer in bytes than a folder's may.
        name = hashlib.blake2b(classifier.encode(), digest_size=8).hexdigest()
        return self._folder / f"{name}-{int(version)}"
