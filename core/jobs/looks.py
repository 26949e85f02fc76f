"""Looks at jobs without reading again what is as it was: a screen asks every second, and most jobs ended long ago.

Kept in memory, for one process. Whether a file changed is asked of the file system; whether a process lives, of the
system at each look, since that changes no file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.base.processes import is_alive
from core.jobs import files
from core.jobs.job import Job, read_job

Stamp = tuple[int, int, int]  # when a file changed last, in nanoseconds; its size; its number in the file system
ABSENT: Stamp = (0, 0, 0)
WATCHED = (
    files.CLAIM,
    files.PROGRESS,
    files.JOB,
    files.STOP,
    files.CHECKPOINT,
    files.TOLD,
)  # all that `read_job` looks at
ALIVE = ("running", "stopping")


@dataclass(frozen=True)
class _Look:
    stamps: tuple[Stamp, ...]
    job: Job | None
    claim: dict[str, Any]

    def holds(self, stamps: tuple[Stamp, ...]) -> bool:
        """Whether no file has changed since, and a job that was at work still has its process."""
        working = self.job is not None and self.job.state in ALIVE
        return stamps == self.stamps and (not working or is_alive(self.claim))


class JobLooks:
    """Jobs as they were at the last look, each read again when a file of its folder has changed since."""

    def __init__(self) -> None:
        self._known: dict[Path, _Look] = {}

    def job(self, folder: Path) -> Job | None:
        """What `read_job` says of the folder."""
        # Before reading: a file that changes meanwhile is read again at the next look.
        stamps = tuple(stamp(folder / name) for name in WATCHED)
        known = self._known.get(folder)
        if known is None or not known.holds(stamps):
            known = self._known[folder] = _Look(stamps, read_job(folder), files.read_json(folder / files.CLAIM))
        return known.job

    def keep_only(self, folders: set[Path]) -> None:
        """Forget the jobs whose folders are gone."""
        for folder in [known for known in list(self._known) if known not in folders]:
            self._known.pop(folder, None)


@dataclass
class _Lines:
    stamp: Stamp
    last: bytes = b""  # the last line that was read: tells whether the file is still the same
    end: int = 0  # where that line ends
    values: list[dict[str, Any]] = field(default_factory=list)


class LineLooks:
    """Files of lines that grow at their end, of which each look reads only what is new."""

    def __init__(self) -> None:
        self._known: dict[Path, _Lines] = {}

    def lines(self, path: Path) -> list[dict[str, Any]]:
        """What `files.read_lines` says of the file."""
        now = stamp(path)
        known = self._known.get(path)
        if known is None or known.stamp != now:
            known = self._known[path] = _read_on(path, now, known)
        return list(known.values)


def _read_on(path: Path, now: Stamp, known: _Lines | None) -> _Lines:
    """Everything, or what was added; nothing that was known is changed, since another thread may be reading it."""
    if now == ABSENT:
        return _Lines(now)
    before = known or _Lines(now)
    try:
        with path.open("rb") as file:
            file.seek(before.end - len(before.last))
            if file.read(len(before.last)) != before.last:  # written anew, as at a resume
                before = _Lines(now)
                file.seek(0)
            added = file.read()
    except OSError:
        return _Lines(ABSENT)
    whole = added[: added.rfind(b"\n") + 1]  # the last line may still be on its way
    last = whole.splitlines(keepends=True)[-1] if whole else before.last
    return _Lines(now, last, before.end + len(whole), [*before.values, *files.parse_lines(whole)])


def stamp(path: Path) -> Stamp:
    """Changes when the file is written or replaced; `ABSENT` while there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return ABSENT
    return (status.st_mtime_ns, status.st_size, status.st_ino)
