"""Makes who shows wrong keys wait, a little longer each time; nobody else, and no right key, waits for that."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

FREE = 3  # wrong keys that are answered at once: a key may be mistyped
FIRST_SECONDS, MOST_SECONDS = 0.25, 8.0
FORGOTTEN_SECONDS = 900.0  # after so long without a wrong key a caller is as good as new
CALLERS = 1024  # who are remembered; beyond, the one that was wrong longest ago is forgotten


class Throttle:
    """How often each caller was wrong of late, for one event loop.

    Parameters
    ----------
    clock
        Seconds; only differences count.
    sleep
        Waits for so many seconds.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # who was wrong longest ago first

    def __len__(self) -> int:
        return len(self._wrong)

    async def wrong_key(self, caller: str) -> None:
        """Note a wrong key, and wait before it is answered: not at all for the first ones, then ever twice as long."""
        count, last = self._wrong.pop(caller, (0, 0.0))
        now = self._clock()
        count = count + 1 if now - last < FORGOTTEN_SECONDS else 1
        self._wrong[caller] = (count, now)
        if len(self._wrong) > CALLERS:
            self._wrong.popitem(last=False)
        if count > FREE:
            # The exponent is bounded, since a number too large for a float would be an error.
            await self._sleep(min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(count - FREE - 1, 10)))
