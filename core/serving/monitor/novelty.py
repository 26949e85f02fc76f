"""How unlike what its version learned each sampled text is; asked by the thread that counts, never by the one that answers."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.registry.files import VersionFiles
from core.serving.monitor.references import Encoded, Reference
from core.tasks.answering import Engine

MOST_KEPT = 8  # references that stay in memory
IDLE_SECONDS = 120.0  # after which an encoder that nobody asks is let go


@dataclass
class _Known:
    """A reference as it was read, by when its file was written; None where it cannot be used."""

    written: int
    reference: Reference | None
    encoded: Encoded | None = None
    asked: float = 0.0


class Novelty:
    """What tells it for all versions of a workspace, read as it is needed.

    A file that is removed, as when rows are forgotten, is used no more.
    """

    def __init__(self, home: Path) -> None:
        self._files = VersionFiles(home)
        self._known: dict[Path, _Known] = {}

    def most(self, folder: Path) -> int:
        """How many texts of a day's sample of the version in this folder are compared: 0 where it cannot be told."""
        known = self._look(self._files.reference_of(folder))
        return 0 if known is None or known.reference is None else known.reference.most

    def p_values(self, folder: Path, engine: Engine, texts: Sequence[str]) -> list[float | None]:
        """Share of usual texts that are as unlike what the version learned, of each text; None where this cannot be told.

        Parameters
        ----------
        folder
            The version's.
        """
        known = self._look(self._files.reference_of(folder))
        if known is None or known.reference is None or not texts:
            return [None] * len(texts)
        known.asked = time.monotonic()
        try:
            if known.reference.neighbours is not None and known.encoded is None:
                known.encoded = Encoded.open(folder, engine.pipeline)
            return [float(value) for value in known.reference.p_values(texts, known.encoded)]
        except Exception:  # a damaged file, our own mistake: what is counted is worth more
            sys.stderr.write(traceback.format_exc())
            known.reference = known.encoded = None
            return [None] * len(texts)

    def rest(self) -> None:
        """Let go of what nobody has asked for a while."""
        for known in self._known.values():
            if known.encoded is not None and time.monotonic() - known.asked > IDLE_SECONDS:
                known.encoded = None

    def _look(self, path: Path) -> _Known | None:
        try:
            written = path.stat().st_mtime_ns
        except OSError:
            self._known.pop(path, None)
            return None
        known = self._known.get(path)
        if known is None or known.written != written:
            while len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
            known = self._known[path] = _Known(written, Reference.load(path))
        return known
