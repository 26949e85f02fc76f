"""Sees to it that policies are followed as long as the server lives: one process beside it, begun anew when it dies."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from core.base.errors import CoreError
from core.evolve.following import is_followed
from core.evolve.ledger import Ledgers
from core.jobs.queue import launch

SETTING = "EVERGREEN_EVOLVE"  # "off": the server follows nothing
COMMAND = (sys.executable, "-m", "core", "evolve", "--until-closed")
SECONDS_BETWEEN_LOOKS = 3.0
SECONDS_BETWEEN_STARTS = 60.0
PATIENCE_SECONDS = 5.0  # that a process may take to end; a step can be killed anywhere
SERVER_LOG = 2  # what it says stands where the server's own words do


def is_kept_off() -> bool:
    """Whether the server was told to follow nothing."""
    return os.environ.get(SETTING, "").strip().lower() in ("off", "0", "no", "false")


class EvolveKeeper:
    """Keeps one process that follows the policies of a workspace, with a look every few seconds in a thread of its own.

    Nothing is begun while no policy is switched on, or while another process follows them already.
    """

    def __init__(self, home: Path, *, command: Sequence[str] = COMMAND) -> None:
        self._home = home.resolve()
        self._command = tuple(command)
        self._child: subprocess.Popen[bytes] | None = None
        self._began: float | None = None
        self._closing = Event()
        self._thread = Thread(target=self._watch, name="evolve", daemon=True)

    def start(self) -> None:
        """Look now and then from here on, unless ``EVERGREEN_EVOLVE`` is ``off``."""
        if not is_kept_off():
            self._thread.start()

    def look(self) -> None:
        """Begin the process when it is wanted and there is none; end it when the last policy was switched off."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        if not any(ledger.policy.active for ledger in Ledgers(self._home).all()):
            self._end()
        elif self._child is None and self._may_begin() and not is_followed(self._home):
            self._began = time.monotonic()
            self._child = launch(self._command, self._home, stdin=subprocess.PIPE, output=SERVER_LOG)

    def close(self) -> None:
        """End the process; updates that it began run on."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._end()

    def _watch(self) -> None:
        while not self._closing.wait(SECONDS_BETWEEN_LOOKS):
            with suppress(OSError, CoreError):  # a full disk or a damaged policy: the next look may find it well
                self.look()

    def _may_begin(self) -> bool:
        return self._began is None or time.monotonic() - self._began >= SECONDS_BETWEEN_STARTS

    def _end(self) -> None:
        """Close the process's input, upon which it ends; kill it where it does not."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
