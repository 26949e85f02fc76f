"""A worker that waits: it has loaded what a job needs before there is one, takes a single job, and ends with it.

``jobs/.spare.json`` names the one of a workspace. It is written, handed a job and taken back under the queue's lock only,
so that two servers keep one between them and no job is given twice. Knows nothing of when one is worth its memory
(`core.jobs.keeper`) nor of what it loads (`core.jobs.worker`).
"""

from __future__ import annotations

import os
import select
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread, get_native_id
from typing import Any, NoReturn

import psutil
from filelock import FileLock, Timeout

from core.base.processes import identity, is_alive
from core.jobs import files

SLOT = ".spare.json"  # which process waits, since what code it has loaded, and whether it is ready
FLAG = "--spare"  # instead of a job's folder; the folder of all jobs follows
LOOK_SECONDS = 0.1  # between two looks of the waiting process
# While it loads: a tenth of what others get where all cores are wanted. With the lowest priority of all it would never be ready.
BEHIND = 10
PATIENCE_SECONDS = 2.0  # a process that has not taken its job by then never will

CODE = Path(__file__).resolve().parents[1]
# What a process reads once, when it loads its packages: with other values it would do another job than the one asked for.
_ENVIRONMENT = ("CUDA_VISIBLE_DEVICES", "MLFLOW_TRACKING_URI", "OMP_NUM_THREADS")
_PREFIXES = ("EVERGREEN_", "HF_")
_APART = ("EVERGREEN_HOME", "EVERGREEN_SPARE")


def facts(home: Path, command: Sequence[str]) -> dict[str, Any]:
    """What a warm process and whoever hands it a job must agree on: command, code, environment and the very store."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _ENVIRONMENT or (name.startswith(_PREFIXES) and name not in _APART)
    }
    store = home / "mlflow.db"
    return {
        "command": list(command),
        "code": _code(),
        "environment": environment,
        "store": store.stat().st_ino if store.exists() else None,
    }


def _code() -> int:
    """A number that changes with any source file."""
    number, folders = 0, [str(CODE)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(".py"):
                    stat = entry.stat()
                    number = zlib.crc32(f"{entry.path} {stat.st_mtime_ns} {stat.st_size}".encode(), number)
                elif entry.name != "__pycache__" and entry.is_dir():
                    folders.append(entry.path)
    return number


def offered(jobs: Path) -> dict[str, Any]:
    """The process that waits or is about to; empty when there is none, or none that lives."""
    slot = files.read_json(jobs / SLOT)
    return slot if is_alive(slot) else {}


def announce(jobs: Path, pid: int, agreed: dict[str, Any]) -> None:
    """Put a process that has just been started in the slot; the caller holds the queue's lock."""
    files.write_json(jobs / SLOT, {**identity(pid), "facts": agreed, "ready": False})


def dismiss(jobs: Path) -> None:
    """End the process that waits, if there is one; the caller holds the queue's lock."""
    slot = offered(jobs)
    (jobs / SLOT).unlink(missing_ok=True)
    if slot:
        _end(slot)


def hand_over(jobs: Path, job_id: str, agreed: dict[str, Any]) -> dict[str, Any] | None:
    """Let the waiting process take a job; the caller holds the queue's lock.

    Returns
    -------
    dict
        The identity of the process that took it; None when there is none that fits, and nothing has taken the job.
    """
    slot = offered(jobs)
    if not slot.get("ready"):
        return None
    if slot["facts"] != agreed:
        dismiss(jobs)
        return None
    (jobs / SLOT).unlink(missing_ok=True)
    order = _order(jobs, slot["pid"])
    files.write_json(order, {"job": job_id})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while order.exists() and is_alive(slot) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS / 10)
    if _removed(order):  # whoever removes the order decides who has the job: here nobody took it
        _end(slot)
        return None
    return {name: slot[name] for name in ("pid", "began")}


def wait_for_job(
    jobs: Path, lock: FileLock, warm_up: Callable[[], None], open_store: Callable[[], None]
) -> Path | None:
    """In the waiting process: load everything, then wait until a job is handed over.

    Returns
    -------
    Path
        The job's folder; None when whoever started this process is gone, or has no more use for it.
    """
    lowered = _session_priority(BEHIND)
    warming = _behind_everybody(warm_up)
    while warming.is_alive():
        if _orphaned(LOOK_SECONDS):
            _leave(jobs, lock)
    while lowered and not _session_priority(0):
        time.sleep(LOOK_SECONDS)  # the system takes ten such wishes a second, from all processes together
    open_store()
    with lock:
        slot = files.read_json(jobs / SLOT)
        if slot.get("pid") != os.getpid():
            return None
        files.write_json(jobs / SLOT, slot | {"ready": True})
    orphaned = False
    while True:
        taken = _take(jobs)
        if taken is not None:
            _become(taken)
            return taken
        if _withdrawn(jobs, lock, orphaned=orphaned):
            return None
        if orphaned:
            time.sleep(LOOK_SECONDS)
        else:
            orphaned = _orphaned(LOOK_SECONDS)


def _withdrawn(jobs: Path, lock: FileLock, *, orphaned: bool) -> bool:
    """Whether this process may go: nobody can hand it a job any more."""
    if not orphaned and (jobs / SLOT).exists():
        return False
    if not jobs.is_dir():
        return True
    try:
        with lock.acquire(timeout=0):  # who holds it may be handing us a job just now: look again first
            if _order(jobs, os.getpid()).exists():
                return False
            if files.read_json(jobs / SLOT).get("pid") != os.getpid():
                return True
            if orphaned:
                (jobs / SLOT).unlink(missing_ok=True)
            return orphaned
    except Timeout:
        return False


def _take(jobs: Path) -> Path | None:
    order = _order(jobs, os.getpid())
    if not order.exists():
        return None
    job = files.read_json(order).get("job")
    return jobs / job if job is not None and _removed(order) else None


def _become(folder: Path) -> None:
    """Write into the job's log, and listen to nobody, as a process that was started for the job would."""
    log = os.open(folder / files.LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)


def _orphaned(seconds: float) -> bool:
    """Wait a moment; whether whoever started this process is gone."""
    # Nothing is ever written to the pipe: it becomes readable when its other end is closed.
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def _leave(jobs: Path, lock: FileLock) -> NoReturn:
    """End in the middle of loading, which nothing can stop but the end of the process."""
    with suppress(OSError, Timeout), lock.acquire(timeout=1):
        if files.read_json(jobs / SLOT).get("pid") == os.getpid():
            (jobs / SLOT).unlink(missing_ok=True)
    os._exit(0)


def _behind_everybody(work: Callable[[], None]) -> Thread:
    """Do it with what nobody else wants of the processor.

    In a thread, since no process may raise its own priority again. Where the system divides the processor between sessions
    first, and this process is one by itself, the session's priority counts (`_session_priority`).
    """

    def run() -> None:
        if sys.platform == "linux":  # where a thread has a priority of its own
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, get_native_id(), BEHIND)
        work()

    thread = Thread(target=run, name="warm-up")
    thread.start()
    return thread


def _session_priority(nice: int) -> bool:
    try:
        Path("/proc/self/autogroup").write_text(str(nice), encoding="ascii")
    except OSError:
        return False
    return True


def _order(jobs: Path, pid: int) -> Path:
    return jobs / f".spare-{pid}.json"


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _end(slot: dict[str, Any]) -> None:
    with suppress(psutil.Error):
        psutil.Process(slot["pid"]).kill()
