"""Rows that a reader put right on the Predict page: they wait here until they become the next batch."""

from __future__ import annotations

import builtins
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from core.files import write_text


@dataclass(frozen=True)
class Correction:
    """One text with the label it should have had; ``predicted`` by ``version`` is what it got."""

    text: str
    label: str
    predicted: str
    version: int
    created: str


class Corrections:
    """The queues of one workspace: a file of JSON lines per classifier, only ever appended to or replaced whole."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "corrections"

    def add(self, classifier: str, text: str, label: str, *, predicted: str, version: int) -> None:
        """Put a row into the queue; the same text again replaces its label."""
        text, label = (value.encode("utf-8", "replace").decode("utf-8") for value in (text, label))  # half characters
        created = datetime.now(UTC).isoformat(timespec="seconds")
        fresh = Correction(text, label, predicted, version, created)
        with self._lock(classifier):
            kept = [one for one in self.list(classifier) if one.text != text]
            self._write(classifier, [*kept, fresh])

    def list(self, classifier: str) -> builtins.list[Correction]:
        """All waiting rows, oldest first."""
        path = self._path(classifier)
        if not path.exists():
            return []
        return [Correction(**json.loads(line)) for line in path.read_text("utf-8").split("\n") if line]

    def remove(self, classifier: str, texts: set[str]) -> None:
        """Take rows out of the queue: they were used, or should not have been there."""
        with self._lock(classifier):
            self._write(classifier, [one for one in self.list(classifier) if one.text not in texts])

    def _write(self, classifier: str, rows: builtins.list[Correction]) -> None:
        path = self._path(classifier)
        write_text(path, "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows))

    def _lock(self, classifier: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path(classifier).with_suffix(".lock"))

    def _path(self, classifier: str) -> Path:
        # A name may hold anything; its hash is a safe file name.
        return self._folder / f"{hashlib.sha256(classifier.encode()).hexdigest()[:16]}.jsonl"
