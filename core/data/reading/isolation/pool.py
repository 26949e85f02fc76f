"""Asks the processes that read: one waits for the next file, so that only the first file of all has to wait for a start."""

from __future__ import annotations

import atexit
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from core.base.errors import DataError
from core.base.files import scratch
from core.data.reading.isolation import wire
from core.data.reading.isolation.limits import Limits

ROOT = Path(__file__).resolve().parents[4]
COMMAND = (sys.executable, "-m", "core.data.reading.isolation.worker")
# The limit of memory counts every byte of this allocator, and the stacks of threads, too.
ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1"}
AT_ONCE = 4  # files read at the same time; others wait
LIGHT = 400 * 1024**2  # bytes: a process that holds more after an answer is not kept
WATCH_SECONDS = 0.5
START_SECONDS = 30.0  # beyond the limit of time, for a process that has yet to start
# SIGABRT, by which readers written in Rust and C++ end where memory is refused; SIGKILL, when the machine has none left.
OUT_OF_MEMORY = (-6, -9)
OUT_OF_TIME = -14  # SIGALRM, by which the kernel ends a process whose time is over

_log = logging.getLogger(__name__)
_slots = threading.BoundedSemaphore(AT_ONCE)
_lock = threading.Lock()
_idle: list[_Worker] = []


@contextmanager
def ask(
    question: str,
    path: Path,
    *,
    limits: Limits | None = None,
    watch: Callable[[Path], object] | None = None,
    **facts: Any,
) -> Iterator[tuple[Any, Path]]:
    """The answer to a question about a file, and the folder in which a table may lie with it.

    Parameters
    ----------
    question
        One that `core.data.reading.isolation.worker` knows, with ``facts`` of its own, or ``core.package.module:function``.
    limits
        Those of a table of the file's size where none are given.
    watch
        A function called twice a second with the folder, while the other process is at it.

    Raises
    ------
    CoreError
        That of the reader; or a `DataError` when the file takes too much memory or time, or ends the process that reads it.
    """
    limits = limits or Limits.of(path)
    with scratch() as folder:
        asked = {"ask": question, "path": str(path.absolute()), "memory": limits.memory, "seconds": limits.seconds}
        wire.write(folder, wire.QUESTION, asked | facts)
        with _slots:
            ending = _run(folder, limits.seconds, watch)
        yield _value(folder, path, limits, ending), folder


def warm() -> None:
    """Start a process that waits for the first file, if none does; returns at once."""
    with _lock, suppress(OSError):
        if not _idle:
            _idle.append(_Worker())


def _run(folder: Path, seconds: float, watch: Callable[[Path], object] | None) -> int | None:
    """How the process ended that was to answer; None for one that answered."""
    worker = _take()
    try:
        ending = worker.answer(folder, seconds, watch)
        keep = ending is None and worker.memory() < LIGHT
    except BaseException:
        worker.end()
        raise
    with _lock:
        if keep and not _idle:
            _idle.append(worker)
            return ending
    worker.end()
    return ending


def _take() -> _Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.is_alive():
                return worker
            worker.end()  # somebody else ended the process: its pipes are still open
    return _Worker()


def _value(folder: Path, path: Path, limits: Limits, ending: int | None) -> Any:
    """What was answered, or the error for what was not."""
    if ending == OUT_OF_TIME:
        raise _took_too_long(path, limits)
    if ending in OUT_OF_MEMORY:
        raise _too_much_memory(path, limits)
    if ending is not None:
        raise _broke_off(path, limits, _signal_name(ending))
    match wire.read(folder, wire.ANSWER):
        case {"value": value}:
            return value
        case {"error": stored}:
            raise wire.error_from_dict(stored)
        case {"memory": _}:
            raise _too_much_memory(path, limits)
        case {"system": [number, reason, name]}:
            raise OSError(number, reason, name)
        case {"trace": trace}:
            _log.error("Reading %s failed:\n%s", path, trace)
            raise _broke_off(path, limits, str(trace).strip().rpartition("\n")[2])
        case other:
            raise AssertionError(other)


class _Worker:
    """One process that reads."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C is this process's business, which then ends the other
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="reader", daemon=True).start()

    def answer(self, folder: Path, seconds: float, watch: Callable[[Path], object] | None = None) -> int | None:
        """Have a question answered; how the process ended instead, or None."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(str(folder)) + "\n")
            self._process.stdin.flush()
        end = time.monotonic() + seconds + START_SECONDS
        while (remaining := end - time.monotonic()) > 0:
            with suppress(queue.Empty):
                if self._lines.get(timeout=min(remaining, WATCH_SECONDS) if watch else remaining):
                    return None
                return self._process.wait()
            if watch is not None:
                watch(folder)
        return OUT_OF_TIME

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def memory(self) -> int:
        """Bytes that it holds."""
        with suppress(psutil.Error):
            return int(psutil.Process(self._process.pid).memory_info().rss)
        return 0

    def end(self) -> None:
        """End it; it has nothing to lose."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put("")


def _end_all() -> None:
    with _lock:
        while _idle:
            _idle.pop().end()


def _forget() -> None:
    """In a fork: the processes are those of the other."""
    global _lock, _slots
    _lock, _slots = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)
    _idle.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _signal_name(ending: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-ending).name
    return f"exit code {ending}"


def _facts(path: Path, limit: float) -> dict[str, Any]:
    size = path.stat().st_size
    shown = f"{size / 1024**2:,.1f} MB" if size >= 1024**2 else f"{max(1, size // 1024):,} kB"
    return {"file": path.name, "size": shown, "limit": limit}


def _too_much_memory(path: Path, limits: Limits) -> DataError:
    return DataError(
        "data.reading_memory",
        "Reading '{file}' ({size}) takes more than {limit:,.0f} MB of memory, the limit for a file of this size, and was "
        "stopped. Save the table as CSV without empty rows and columns, or upload a part of it.",
        **_facts(path, limits.memory / 1024**2),
    )


def _took_too_long(path: Path, limits: Limits) -> DataError:
    return DataError(
        "data.reading_time",
        "Reading '{file}' ({size}) took longer than {limit:,.0f} seconds on the clock, the limit for going through a "
        "file of this size once, and was stopped. Save the table as CSV, or upload a part of it.",
        **_facts(path, limits.seconds),
    )


def _broke_off(path: Path, limits: Limits, reason: str) -> DataError:
    return DataError(
        "data.reading_broke_off",
        "Reading '{file}' ({size}) broke off: {reason}. The file is damaged, or takes more than {limit:,.0f} MB of memory, the "
        "limit for a file of this size. Open it where it was made and save it as CSV, or upload a part of it.",
        reason=reason,
        **_facts(path, limits.memory / 1024**2),
    )
