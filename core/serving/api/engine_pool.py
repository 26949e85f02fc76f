"""The versions that answer just now: loaded once, shared by all requests, closed when the last one is through.

Knows nothing of HTTP and of the registry.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.serving.api.directory import ServedVersion

if TYPE_CHECKING:
    from core.serving.engines.pool import EnginePool
    from core.serving.engines.queueing import MicroBatcher
    from core.tasks.answering import Engine


class OpenEngine:
    """One loaded version; ``users`` requests wait for its answers, and a retired one takes no further."""

    def __init__(self, version: ServedVersion, engine: Engine, batcher: MicroBatcher) -> None:
        self.version = version
        self.engine = engine
        self.batcher = batcher
        self.users = 0
        self.retired = False


class OpenEngines:
    """Loaded versions by folder, for one event loop; each with one queue that makes batches of what many callers send.

    Parameters
    ----------
    pool
        Source of the engines; may be shared with others in this process.
    size
        Versions that stay loaded; beyond, the least recently used one that nobody waits for is closed.
    """

    def __init__(self, pool: EnginePool, size: int) -> None:
        self._pool = pool
        self._size = size
        self._engines: dict[Path, OpenEngine] = {}  # the least recently used one first
        self._opening: dict[Path, asyncio.Task[OpenEngine]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._champions: dict[str, Path] = {}

    @property
    def loaded(self) -> int:
        """Versions that are loaded."""
        return len(self._engines)

    @asynccontextmanager
    async def use(self, version: ServedVersion, *, champion: bool) -> AsyncIterator[OpenEngine]:
        """The loaded version, kept open until the block ends.

        Parameters
        ----------
        champion
            Whether it was asked for because it serves: the one that served before is closed once its last request is answered.
        """
        if champion:
            self._serve(version)
        opened = self._engines.get(version.folder) or await self._open(version)
        while opened.retired:  # between its opening and this line others were given its room
            opened = await self._open(version)
        self._engines[version.folder] = self._engines.pop(version.folder)
        opened.users += 1
        try:
            yield opened
        finally:
            self._leave(opened)

    def _leave(self, opened: OpenEngine) -> None:
        opened.users -= 1
        if opened.retired and not opened.users:
            self._close(opened)

    def _serve(self, version: ServedVersion) -> None:
        before = self._champions.get(version.classifier)
        self._champions[version.classifier] = version.folder
        if before is not None and before != version.folder and before in self._engines:
            self._retire(self._engines[before])

    async def _open(self, version: ServedVersion) -> OpenEngine:
        task = self._opening.get(version.folder)
        if task is None:
            task = self._opening[version.folder] = asyncio.create_task(self._load(version))
            task.add_done_callback(lambda _: self._opening.pop(version.folder))
        return await asyncio.shield(task)

    async def _load(self, version: ServedVersion) -> OpenEngine:
        opened = await asyncio.to_thread(self._begin, version)
        self._engines[version.folder] = opened
        idle = [other for other in self._engines.values() if not other.users and other is not opened]
        for other in idle[: max(0, len(self._engines) - self._size)]:
            self._retire(other)
        return opened

    def _begin(self, version: ServedVersion) -> OpenEngine:
        from core.serving.engines.queueing import MicroBatcher

        engine = self._pool.get(version.folder)
        opened = OpenEngine(version, engine, MicroBatcher(engine))
        # With MLflow and pandas loaded, Python's collection of garbage stops every request for a quarter of a second,
        # time and again. What stays anyway need not be looked through.
        gc.collect()
        gc.freeze()
        return opened

    def _retire(self, opened: OpenEngine) -> None:
        """From now on nobody is sent to it; who waits for it is answered."""
        opened.retired = True
        self._engines.pop(opened.version.folder, None)
        if not opened.users:
            self._close(opened)

    def _close(self, opened: OpenEngine) -> None:
        task = asyncio.create_task(asyncio.to_thread(self._end, opened))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _end(self, opened: OpenEngine) -> None:
        opened.batcher.close()
        if opened.version.folder not in self._engines:  # not asked for again meanwhile
            self._pool.release(opened.version.folder)

    async def settle(self) -> None:
        """Wait until every version that was sent away is closed."""
        await asyncio.gather(*self._closing)

    async def close(self) -> None:
        """Answer all that wait, then let go of every engine."""
        for opened in list(self._engines.values()):
            self._retire(opened)
        await self.settle()


class FutureBridge:
    """Brings answers from the threads that compute them to the event loop: all that are ready in one round.

    `asyncio.wrap_future` would wake the loop once for every answer of a batch, and each time the two threads would
    fight over Python's lock.
    """

    def __init__(self) -> None:
        self._ready: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._lock = threading.Lock()
        self._called = False

    async def wait_for(self, computed: Future[Any]) -> Any:
        """The result of something that is computed in another thread, or the error it ended with."""
        loop = asyncio.get_running_loop()
        awaited: asyncio.Future[Any] = loop.create_future()
        computed.add_done_callback(lambda done: self._put(loop, awaited, done))
        return await awaited

    def _put(self, loop: asyncio.AbstractEventLoop, awaited: asyncio.Future[Any], done: Future[Any]) -> None:
        with self._lock:
            self._ready.append((awaited, done))
            if self._called:
                return
            self._called = True
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._lock:
            ready, self._ready, self._called = self._ready, deque(), False
        for awaited, done in ready:
            if awaited.done():  # its caller hung up
                continue
            error = done.exception()
            if error is None:
                awaited.set_result(done.result())
            else:
                awaited.set_exception(error)
