"""How the process keeps memory that it no longer needs."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # names of glibc's settings, from malloc.h
KEPT = 2**30  # bytes that stay at the end of the heap
PAD = 64 * 2**20
LARGEST_KEPT = 32 * 2**20  # the most that glibc allows; larger blocks would tear the heap into pieces


def keep_freed_memory() -> bool:
    """Let the C library reuse large blocks instead of handing them back to the system after every use.

    A network asks for the same blocks in each step, and a block that is new to the process costs a page fault for every
    four kilobytes: on some virtual machines most of the time of a step. For processes that learn and then end; the memory
    stays theirs until then.

    Returns
    -------
    bool
        Whether it could be set: only with glibc, on Linux.
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    wanted = {MMAP_THRESHOLD: LARGEST_KEPT, TRIM_THRESHOLD: KEPT, TOP_PAD: PAD}
    return all(library.mallopt(name, value) == 1 for name, value in wanted.items())
