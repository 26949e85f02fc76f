"""Whether a process is still the one it was: by its machine, its number and the moment it began."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from typing import Any

# Processes begin at a clock tick counted from the machine's start; a corrected clock shifts that by a little.
_SAME_SECONDS = 2.0


def identity(pid: int | None = None) -> dict[str, Any]:
    """Number and beginning of a process (this one), as stored in a claim."""
    import psutil

    process = psutil.Process(pid if pid is not None else os.getpid())
    return {"pid": process.pid, "began": process.create_time()}


def is_alive(stored: dict[str, Any]) -> bool:
    """Whether the process of a claim still runs; a number that was given to another process since does not count."""
    import psutil

    try:
        process = psutil.Process(int(stored["pid"]))
        same = abs(process.create_time() - float(stored["began"])) < _SAME_SECONDS
        return same and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (KeyError, TypeError, ValueError, OverflowError, psutil.Error):
        return False


@functools.cache
def machine() -> str:
    """A short name of this machine, as part of file names: a workspace may be shared by several."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def signature() -> str:
    """This process in a few characters that a file name can hold: machine, number and beginning."""
    return _signature(os.getpid())


@functools.cache
def _signature(pid: int) -> str:
    return f"{machine()}-{pid}-{round(identity(pid)['began'] * 100)}"


def signed_by_the_living(signed: str) -> bool | None:
    """Whether the process that made this `signature` still runs; None when it is another machine's, or none at all."""
    parts = signed.split("-")
    if len(parts) != 3 or parts[0] != machine() or not (parts[1].isdigit() and parts[2].isdigit()):
        return None
    return is_alive({"pid": parts[1], "began": int(parts[2]) / 100})
