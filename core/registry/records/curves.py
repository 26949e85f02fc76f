"""Learning curves on disk: ``<home>/curves/<digest of the classifier's name>-<version>.json``.

Beside the registry and not in it, since a version's files never change, and may lie on a server.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from core.base.files import read_object
from core.registry.records.files import write_record


class CurveStore:
    """The learning curves of one workspace: one for each version at most."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "curves"

    def save(self, curve: dict[str, Any]) -> None:
        """Store a curve by its ``"classifier"`` and ``"version"``, in place of an older one."""
        write_record(self._path(curve["classifier"], curve["version"]), curve)

    def load(self, classifier: str, version: int, made: str) -> dict[str, Any] | None:
        """The curve of a version; None when there is none, it is damaged, or it belongs to another version.

        Parameters
        ----------
        made
            Time at which the version was made: a classifier that was deleted and trained anew has the same numbers.
        """
        curve = read_object(self._path(classifier, version))
        return curve if curve.get("version_made") == made else None

    def _path(self, classifier: str, version: int) -> Path:
        # A name may be longer in bytes than a file's may.
        name = hashlib.blake2b(classifier.encode(), digest_size=8).hexdigest()
        return self._folder / f"{name}-{int(version)}.json"
