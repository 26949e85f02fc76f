"""Whether somebody follows the policies of a workspace: whoever does holds one lock. Loads nothing heavy."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".evolve.lock"
SECONDS_LOOKED = 1.0  # whoever only looks lets go of the lock at once, so whoever wants to follow waits that long


def is_followed(home: Path) -> bool:
    """Whether a process follows the policies now."""
    if not (home / LOCK).exists():
        return False
    lock = FileLock(home / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written: nobody can follow there
        return False
    lock.release()
    return False
