"""Whether a process is still the one it was: by its number and the moment it began."""

from __future__ import annotations

import os
from typing import Any

import psutil

# Processes begin at a clock tick counted from the machine's start; a corrected clock shifts that by a little.
_SAME_SECONDS = 2.0


def identity(pid: int | None = None) -> dict[str, Any]:
    """Number and beginning of a process (this one), as stored in a claim."""
    process = psutil.Process(pid if pid is not None else os.getpid())
    return {"pid": process.pid, "began": process.create_time()}


def is_alive(stored: dict[str, Any]) -> bool:
    """Whether the process of a claim still runs; a number that was given to another process since does not count."""
    try:
        process = psutil.Process(int(stored["pid"]))
        same = abs(process.create_time() - float(stored["began"])) < _SAME_SECONDS
        return same and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (KeyError, TypeError, ValueError, psutil.Error):
        return False
