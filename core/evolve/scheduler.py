"""The process that follows all policies, step after step, until it is told to end."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from core.base.errors import ConfigError
from core.evolve.following import LOCK, SECONDS_LOOKED
from core.evolve.ledger import Ledger, Ledgers
from core.evolve.step import step
from core.jobs import JobQueue
from core.workflows.workspace import open_workspace

SECONDS = 30.0

Told = Callable[[Ledger], None]


def follow(
    home: Path, *, seconds: float = SECONDS, once: bool = False, ending: threading.Event | None = None, told: Told
) -> None:
    """Follow every policy that is switched on; one process a workspace.

    Parameters
    ----------
    seconds
        Between two rounds.
    ending
        Set by whoever wants it to end.
    told
        Function that is given each policy after its step.

    Raises
    ------
    ConfigError
        When another process does so already.
    """
    ending = ending or threading.Event()
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / LOCK)
    try:
        lock.acquire(timeout=SECONDS_LOOKED)
    except Timeout:
        raise ConfigError(
            "evolve.twice", "Another process follows the policies of this workspace already; it is enough to have one."
        ) from None
    with lock:
        while True:
            for ledger in Ledgers(home).all():
                if ledger.policy.active and not ending.is_set():
                    _one(ledger.model, home, told)
            if once or ending.wait(seconds):
                return


def _one(model: str, home: Path, told: Told) -> None:
    """One step; a fault of the program in one policy hinders no other."""
    try:
        after = step(model, open_workspace(home), JobQueue(home))
    except Exception:
        sys.stderr.write(traceback.format_exc())
        return
    if after is not None:
        told(after)
