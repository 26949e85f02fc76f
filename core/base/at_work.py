"""Who is at work in a workspace: any number of runs side by side, or one that has it to itself.

Forgetting must be alone: a run beside it could read a text before it is gone and store it again afterwards. The system
frees the lock when its holder dies. The notes beside it only say in words who that is.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import ReadWriteLock, Timeout

from core.base.errors import JobError
from core.base.files import is_writable
from core.base.processes import signature, signed_by_the_living

LOCK = ".at-work.lock"
NOTES = ".at-work"
SECONDS_BETWEEN_LOOKS = 0.2
_NOTE = re.compile(r"(?P<owner>[0-9a-f]+-\d+-\d+)-\w+")

KeepWaiting = Callable[[list[str]], bool]


@contextmanager
def at_work(home: Path, title: str, *, alone: bool = False, wait: KeepWaiting | None = None) -> Iterator[bool]:
    """Be at work in a workspace; False, and nothing may be done, where waiting for others was given up.

    Parameters
    ----------
    title
        What this work is called when others are told of it.
    alone
        Whether nobody else may be at work meanwhile.
    wait
        A function asked several times a second while others are in the way, with their titles: whether to go on waiting.
        Without it, nobody waits.

    Raises
    ------
    JobError
        When others are in the way, and there is no ``wait``.
    """
    if not home.is_dir() or not is_writable(home):  # nothing there, or nothing that could be changed
        yield True
        return
    lock = ReadWriteLock(home / LOCK, is_singleton=False)
    try:
        if not _acquired(lock, home, alone, wait):
            yield False
            return
        with _noted(home, title):
            try:
                yield True
            finally:
                lock.release()
    finally:
        lock.close()


def who(home: Path) -> list[str]:
    """Titles of all that are at work, as they called themselves."""
    titles = []
    for path in sorted((home / NOTES).glob("*")):
        name = _NOTE.fullmatch(path.name)
        with suppress(OSError):
            if name is not None and signed_by_the_living(name["owner"]) is not False:
                titles.append(path.read_text(encoding="utf-8"))
            else:
                path.unlink()
    return titles


def _acquired(lock: ReadWriteLock, home: Path, alone: bool, wait: KeepWaiting | None) -> bool:
    acquire = lock.acquire_write if alone else lock.acquire_read
    while True:
        try:
            acquire(blocking=False)
        except Timeout:
            others = who(home) or ["–"]
            if wait is None:
                raise _in_the_way(others, alone) from None
            if not wait(others):
                return False
            time.sleep(SECONDS_BETWEEN_LOOKS)
        else:
            return True


@contextmanager
def _noted(home: Path, title: str) -> Iterator[None]:
    note = home / NOTES / f"{signature()}-{secrets.token_hex(4)}"
    with suppress(OSError):  # words are not worth a failure
        note.parent.mkdir(exist_ok=True)
        note.write_text(title, encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def _in_the_way(others: list[str], alone: bool) -> JobError:
    if alone:
        return JobError(
            "work.busy",
            "Rows can only be forgotten while nothing else is at work in this workspace, and now there is: {others}. Nothing "
            "was changed. Wait until that has ended, or stop it; then try again.",
            others=others,
        )
    return JobError(
        "work.forgetting",
        "Rows are being forgotten in this workspace ({others}), and nothing else can be done beside that. Wait until it has "
        "ended; then try again.",
        others=others,
    )
