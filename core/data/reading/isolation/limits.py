"""How much memory and time the reading of a file may take, by its size; and how a process holds itself to that.

The kernel enforces both on Linux (4.7 or later): memory by ``RLIMIT_DATA``, time by a timer whose signal ends the process. macOS
accepts the limit of memory without looking at it, and Windows knows none: there only the time is limited, and a file that
asks for too much ends the process that reads it, never the one that waits for it.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

if sys.platform != "win32":
    import resource

# A workbook of empty-looking cells takes some 60 times its size, text of many short cells 20 times.
MEMORY = 1024**3  # bytes for any file
MEMORY_PER_BYTE = 40
SECONDS = 60.0  # for any file
SECONDS_PER_MEGABYTE = 2.0


@dataclass(frozen=True)
class Limits:
    """What reading one file may take.

    Parameters
    ----------
    memory
        Bytes beyond those that the process holds when it begins.
    seconds
        Seconds on the clock.
    """

    memory: int
    seconds: float

    @staticmethod
    def of(path: Path) -> Limits:
        """Those of a file by its size on disk; never more memory than three quarters of the machine's."""
        size = path.stat().st_size
        memory = min(MEMORY + MEMORY_PER_BYTE * size, psutil.virtual_memory().total * 3 // 4)
        return Limits(memory, SECONDS + SECONDS_PER_MEGABYTE * size / 1024**2)


@contextmanager
def held_to(memory: int, seconds: float) -> Iterator[None]:
    """Hold this process to limits until the block ends: memory raises `MemoryError`, and the time's end ends the process."""
    if sys.platform == "win32":
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    _limit_data(_data_bytes() + memory, before[1])
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _limit_data(before[0], before[1])


def be_the_first_to_go() -> None:
    """Where the whole machine runs out of memory, let the kernel end this process before any other of the user's."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _limit_data(size: int, most: int) -> None:
    if sys.platform != "win32":
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (size if most < 0 else min(size, most), most))


def _data_bytes() -> int:
    """What ``RLIMIT_DATA`` counts of this process; 0 where the system does not tell."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmData:")).split()[1]) * 1024
    return 0
