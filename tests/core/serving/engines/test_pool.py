from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.serving.engines.pool import EnginePool


class Loaded:
    """Stands in for a loaded version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []

    def compute(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.ones((len(texts), 1), dtype=np.float32)


def pool(size: int = 2, load: Any = Loaded) -> EnginePool:
    return EnginePool(size, load)


def test_a_version_is_loaded_once_and_warmed_up() -> None:
    engines = pool()
    first = engines.get(Path("a"))
    assert engines.get(Path("a")) is first
    assert len(first.asked) == 1  # type: ignore[attr-defined]


def test_many_threads_get_the_same_engine_which_loads_once() -> None:
    loads: list[Path] = []
    gate = threading.Barrier(8)

    def load(folder: Path) -> Loaded:
        loads.append(folder)
        return Loaded(folder)

    engines = pool(load=load)

    def ask(_: int) -> Any:
        gate.wait()
        return engines.get(Path("a"))

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(ask, range(8)))
    assert len(found) == 1
    assert loads == [Path("a")]


def test_the_one_asked_for_longest_ago_makes_room() -> None:
    engines = pool(size=2)
    kept, gone = weakref.ref(engines.get(Path("a"))), weakref.ref(engines.get(Path("b")))
    engines.get(Path("a"))
    engines.get(Path("c"))
    gc.collect()
    assert (kept() is None, gone() is None, len(engines)) == (False, True, 2)


def test_a_retired_version_is_released_and_works_on_for_who_holds_it() -> None:
    engines = pool()
    held = engines.get(Path("a"))
    engines.release(Path("a"))
    assert len(engines) == 0
    assert held.compute(["still"]).shape == (1, 1)
    assert engines.get(Path("a")) is not held


def test_a_version_that_cannot_be_loaded_takes_no_place() -> None:
    def load(folder: Path) -> Loaded:
        raise OSError("no such folder")

    engines = pool(load=load)
    with pytest.raises(OSError, match="no such folder"):
        engines.get(Path("a"))
    assert len(engines) == 0
