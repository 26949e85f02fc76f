"""Says in plain words what the operating system or a database has against reading or writing."""

from __future__ import annotations

import errno
import os
import re
from typing import Any

from core.base.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM}
_RUST = re.compile(r"\(os error (\d+)\)")
# Connections, pipes and waiting are no business of the disk.
_OTHERS = (ConnectionError, TimeoutError, BlockingIOError, ChildProcessError, InterruptedError, ProcessLookupError)


def storage_error(error: BaseException) -> StorageError | None:
    """The sentence for an error of the operating system; None where it has nothing to do with storage.

    Libraries in Rust, such as safetensors, have errors of their own, with the system's number at the end.
    """
    number = None if isinstance(error, OSError) else _RUST.search(str(error))
    if number is not None:
        error = OSError(int(number[1]), os.strerror(int(number[1])))
    if not isinstance(error, OSError) or isinstance(error, _OTHERS) or error.errno is None:
        return None
    path = os.fspath(error.filename) if isinstance(error.filename, str | os.PathLike) else ""
    if is_full(error):
        return full(path)
    if error.errno in _REFUSED:
        return refused(path)
    if error.errno == errno.EROFS:
        return read_only(path)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return StorageError(
            "storage.too_many_files",
            "This machine allows no further open files. End programs that are not needed, or raise the limit "
            "(ulimit -n); then try again.",
        )
    reason = os.strerror(error.errno)
    if not path:
        return StorageError(
            "storage.failed_somewhere",
            "A file could not be read or written: {reason}. Check the disk; then try again.",
            reason=reason,
        )
    return StorageError(
        "storage.failed",
        "{path} could not be read or written: {reason}. Check that it is there and that the disk works; then try again.",
        path=path,
        reason=reason,
    )


def is_full(error: OSError) -> bool:
    """Whether the system says that no space is left."""
    return error.errno in _FULL


def full(path: Any = "") -> StorageError:
    """No space is left on the disk."""
    where = f" ({path})" if path else ""
    return StorageError(
        "storage.full",
        "No space is left on the disk{where}. What was stored before is unharmed. Make room "
        "('python -m core tidy --dry-run' says what the workspace can do without); then try again.",
        where=where,
    )


def refused(path: Any = "") -> StorageError:
    """The system does not permit it."""
    where = f" ({path})" if path else ""
    return StorageError(
        "storage.not_permitted",
        "Reading or writing is not permitted here{where}. Change the permissions, or let their owner do it; "
        "EVERGREEN_HOME names the workspace.",
        where=where,
    )


def read_only(path: Any = "") -> StorageError:
    """The workspace can be read, and nothing else."""
    where = f" ({path})" if path else ""
    return StorageError(
        "storage.read_only",
        "This workspace can only be read{where}: it can predict and evaluate, and nothing in it can be changed. To change "
        "it, make it writable, or copy it and let EVERGREEN_HOME name the copy.",
        where=where,
    )
