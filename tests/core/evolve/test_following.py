"""Whether a workspace is followed is told by its lock, and looking hinders nobody who wants to follow."""

from __future__ import annotations

import threading
from pathlib import Path

from filelock import FileLock

from core.evolve.following import LOCK, is_followed
from core.evolve.scheduler import follow


def test_a_workspace_is_followed_while_the_lock_is_held(evergreen_home: Path) -> None:
    assert not is_followed(evergreen_home)
    assert list(evergreen_home.iterdir()) == []  # looking makes nothing
    with FileLock(evergreen_home / LOCK):
        assert is_followed(evergreen_home)
    assert not is_followed(evergreen_home)


def test_whoever_looks_for_a_moment_does_not_keep_anybody_from_following(evergreen_home: Path) -> None:
    held = FileLock(evergreen_home / LOCK, thread_local=False)
    held.acquire()
    threading.Timer(0.2, held.release).start()
    follow(evergreen_home, once=True, told=lambda _: None)
