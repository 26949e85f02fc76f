"""Sees to it that a warm process waits for the next job, as long as the server lives and memory is left."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import psutil
from filelock import Timeout

from core.jobs import spare
from core.jobs.queue import WORKER, launch, queue_lock, reap

SETTING = "EVERGREEN_SPARE"  # "off": no process waits
SECONDS_BETWEEN_LOOKS = 5.0
THOROUGH = 12  # every so many looks it is also asked whether the code has changed, for which all of it is looked at
LEAST_MEMORY = 2 * 2**30  # bytes that must be free: for the spare and a job beside it


class SpareKeeper:
    """Keeps one spare for a workspace, with a look every few seconds in a thread of its own.

    Parameters
    ----------
    home
        The workspace; nothing is kept while it is not there or cannot be written.
    free_memory
        Bytes that this machine, or what it grants this process, has left.
    """

    def __init__(
        self, home: Path, *, command: Sequence[str] = WORKER, free_memory: Callable[[], float] | None = None
    ) -> None:
        self._home = home.resolve()
        self._jobs = self._home / "jobs"
        self._command = tuple(command)
        self._free_memory = free_memory or memory_left
        self._children: list[subprocess.Popen[bytes]] = []
        self._closing = Event()
        self._thread = Thread(target=self._watch, name="spare", daemon=True)

    def start(self) -> None:
        """Look now and then from here on, unless ``EVERGREEN_SPARE`` is ``off``."""
        if os.environ.get(SETTING, "").strip().lower() not in ("off", "0", "no", "false"):
            self._thread.start()

    def look(self, *, thorough: bool = True) -> None:
        """Start a spare when there is none; end one whose memory others need or, on a thorough look, that is out of date."""
        self._children = [child for child in self._children if child.poll() is None]
        reap()
        if not os.access(self._home, os.W_OK):
            return
        room = self._free_memory() >= LEAST_MEMORY
        if room and not thorough and spare.offered(self._jobs):
            return
        agreed = spare.facts(self._home, self._command)
        with suppress(OSError, Timeout):
            self._jobs.mkdir(exist_ok=True)
            with queue_lock(self._jobs).acquire(timeout=SECONDS_BETWEEN_LOOKS):
                waiting = spare.offered(self._jobs)
                if waiting and (not room or waiting["facts"] != agreed):
                    spare.dismiss(self._jobs)
                    waiting = {}
                if room and not waiting:
                    self._begin(agreed)

    def close(self) -> None:
        """Let the spare go; a job that it has taken runs on."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        if not self._jobs.is_dir():
            return
        mine = {child.pid for child in self._children}
        with suppress(OSError, Timeout), queue_lock(self._jobs).acquire(timeout=1):
            if spare.offered(self._jobs).get("pid") in mine:
                spare.dismiss(self._jobs)
        for child in self._children:
            if child.stdin is not None:
                child.stdin.close()

    def _watch(self) -> None:
        looks = 0
        while not self._closing.wait(SECONDS_BETWEEN_LOOKS):
            with suppress(OSError):  # a full disk: nothing waits then, and jobs start as they always do
                self.look(thorough=looks % THOROUGH == 0)
            looks += 1

    def _begin(self, agreed: dict[str, object]) -> None:
        command = [*self._command, spare.FLAG, str(self._jobs)]
        child = launch(command, self._home, stdin=subprocess.PIPE, output=subprocess.DEVNULL)
        self._children.append(child)
        spare.announce(self._jobs, child.pid, agreed)


def memory_left() -> float:
    """Bytes that can still be had: of the machine, or of the share that a container grants."""
    free = float(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        limit = (group / "memory.max").read_text().strip()
        if limit != "max":
            counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            used = float((group / "memory.current").read_text()) - float(counts.get("inactive_file", 0))
            free = min(free, float(limit) - used)
    return free
