"""Loaded versions, shared by everybody in this process: each is loaded once and released when others need its place."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from core.serving.engines.graphs import load_engine
from core.tasks.answering import Engine

WARM_UP = ("warm up 预热",)  # the first prediction is slower than all others: memory, word lists


class EnginePool:
    """Version folders as loaded classifiers. Thread-safe; what somebody still holds works on after its release.

    Parameters
    ----------
    size
        Number of versions that stay loaded; the one that was asked for longest ago is released first.
    """

    def __init__(self, size: int = 4, load: Callable[[Path], Engine] = load_engine) -> None:
        self._size, self._load = size, load
        self._slots: OrderedDict[Path, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._slots)

    def get(self, folder: Path) -> Engine:
        """The classifier of a version folder, loaded and warmed up; whoever asks while it loads waits for it."""
        with self._lock:
            slot = self._slots.setdefault(folder, _Slot())
            self._slots.move_to_end(folder)
            while len(self._slots) > self._size:
                self._slots.popitem(last=False)
        try:
            return slot.engine(lambda: self._load(folder))
        except BaseException:
            self.release(folder)
            raise

    def release(self, folder: Path) -> None:
        """Forget a version that was retired, if it is loaded."""
        with self._lock:
            self._slots.pop(folder, None)


class _Slot:
    """One version, from the first request for it on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def engine(self, load: Callable[[], Engine]) -> Engine:
        with self._lock:
            if self._engine is None:
                engine = load()
                engine.compute(WARM_UP)
                self._engine = engine
            return self._engine


@functools.cache
def shared_pool() -> EnginePool:
    """The pool of this process, for the dashboard's pages and the API alike."""
    return EnginePool()
