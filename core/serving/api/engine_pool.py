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

from core.serving.api.directory import Place

if TYPE_CHECKING:
    from core.networks.standalone.predict import Classifier
    from core.serving.engines.pool import EnginePool
    from core.serving.engines.queueing import MicroBatcher


class Clerk:
    """One loaded version; ``users`` requests wait for its answers, and a retired one takes no further."""

    def __init__(self, place: Place, engine: Classifier, batcher: MicroBatcher) -> None:
        self.place = place
        self.engine = engine
        self.batcher = batcher
        self.users = 0
        self.retired = False


class Desk:
    """Loaded versions by folder, for one event loop; each with one queue that makes batches of what many callers send.

    Parameters
    ----------
    pool
        Where the engines come from; may be shared with others in this process.
    size
        Versions that stay loaded; beyond, the least recently used one that nobody waits for is closed.
    """

    def __init__(self, pool: EnginePool, size: int) -> None:
        self._pool = pool
        self._size = size
        self._clerks: dict[Path, Clerk] = {}  # the least recently used one first
        self._opening: dict[Path, asyncio.Task[Clerk]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._champions: dict[str, Path] = {}

    @property
    def loaded(self) -> int:
        """Versions that are loaded."""
        return len(self._clerks)

    @property
    def waiting(self) -> int:
        """Requests that a loaded version works on or has not come to."""
        return sum(clerk.users for clerk in self._clerks.values())

    @asynccontextmanager
    async def clerk(self, place: Place, *, champion: bool) -> AsyncIterator[Clerk]:
        """The loaded version, kept open until the block ends.

        Parameters
        ----------
        champion
            It was asked for because it serves: the one that served before is closed once its last request is answered.
        """
        if champion:
            self._serve(place)
        clerk = self._clerks.get(place.folder) or await self._open(place)
        while clerk.retired:  # between its opening and this line others were given its place
            clerk = await self._open(place)
        self._clerks[place.folder] = self._clerks.pop(place.folder)
        clerk.users += 1
        try:
            yield clerk
        finally:
            self._leave(clerk)

    def _leave(self, clerk: Clerk) -> None:
        clerk.users -= 1
        if clerk.retired and not clerk.users:
            self._close(clerk)

    def _serve(self, place: Place) -> None:
        before = self._champions.get(place.classifier)
        self._champions[place.classifier] = place.folder
        if before is not None and before != place.folder and before in self._clerks:
            self._retire(self._clerks[before])

    async def _open(self, place: Place) -> Clerk:
        task = self._opening.get(place.folder)
        if task is None:
            task = self._opening[place.folder] = asyncio.create_task(self._load(place))
            task.add_done_callback(lambda _: self._opening.pop(place.folder))
        return await asyncio.shield(task)

    async def _load(self, place: Place) -> Clerk:
        clerk = await asyncio.to_thread(self._begin, place)
        self._clerks[place.folder] = clerk
        idle = [other for other in self._clerks.values() if not other.users and other is not clerk]
        for other in idle[: max(0, len(self._clerks) - self._size)]:
            self._retire(other)
        return clerk

    def _begin(self, place: Place) -> Clerk:
        from core.serving.engines.queueing import MicroBatcher

        engine = self._pool.get(place.folder)
        clerk = Clerk(place, engine, MicroBatcher(engine))
        # With MLflow and pandas loaded, Python's collection of garbage stops every request for a quarter of a second,
        # time and again. What stays anyway need not be looked through.
        gc.collect()
        gc.freeze()
        return clerk

    def _retire(self, clerk: Clerk) -> None:
        """From now on nobody is sent to it; who waits for it is answered."""
        clerk.retired = True
        self._clerks.pop(clerk.place.folder, None)
        if not clerk.users:
            self._close(clerk)

    def _close(self, clerk: Clerk) -> None:
        task = asyncio.create_task(asyncio.to_thread(self._end, clerk))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _end(self, clerk: Clerk) -> None:
        clerk.batcher.close()
        if clerk.place.folder not in self._clerks:  # not asked for again meanwhile
            self._pool.release(clerk.place.folder)

    async def settle(self) -> None:
        """Wait until every version that was sent away is closed."""
        await asyncio.gather(*self._closing)

    async def close(self) -> None:
        """Answer all that wait, then let go of every engine."""
        for clerk in list(self._clerks.values()):
            self._retire(clerk)
        await self.settle()


class Postman:
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
