"""The API as a part of another server, made when the first request for it arrives.

FastAPI, and what the API reads with, take a second to load, for which no page should wait.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send


class LateApi:
    """Passes requests on to `create_app`'s application over a workspace; whoever mounts it awaits `close` at the end."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._app: FastAPI | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; the first waits until the API is there, and nobody else does."""
        app = self._app or await self._make()
        await app(scope, receive, send)

    async def close(self) -> None:
        """Answer what waits, and let go of the engines."""
        async with self._making:
            if self._app is not None:
                await self._app.state.service.close()

    async def _make(self) -> FastAPI:
        async with self._making:
            if self._app is None:
                self._app = await asyncio.to_thread(_create, self._home)
            return self._app


def _create(home: Path) -> FastAPI:
    from core.serving.api.app import create_app

    return create_app(home)
