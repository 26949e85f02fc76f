"""The API as a server of its own: an address, a socket that is bound before anything is loaded, a clean end."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from core.api.app import PREFIX, create_app
from core.api.door import DOCS
from core.api.errors import not_found
from core.api.limits import Limits
from core.errors import ConfigError

SECONDS_TO_FINISH = 60  # what requests in work get when the server is asked to end


def standalone(home: Path, limits: Limits | None = None) -> Starlette:
    """The API under ``/api/v1`` and nothing else; closes its engines when the server ends."""
    api = create_app(home, limits=limits)

    async def to_docs(request: Request) -> Response:
        return RedirectResponse(PREFIX + DOCS)

    async def nothing_here(request: Request, error: Exception) -> Response:
        return not_found(request.url.path).response()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await api.state.service.desk.close()

    return Starlette(
        routes=[Mount(PREFIX, app=api), Route("/", to_docs)],
        exception_handlers={HTTPException: nothing_here},
        lifespan=lifespan,
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises
    ------
    ConfigError
        When the port is taken or may not be used, or there is no such address on this machine.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ConfigError(
                "api.port_taken", "Port {port} is in use. Choose another with --port.", port=str(port)
            ) from None
        raise ConfigError(
            "api.cannot_listen",
            "The server cannot listen at {host}, port {port}: {reason}. Choose another --host or --port.",
            host=host,
            port=str(port),
            reason=getattr(error, "strerror", None) or str(error),
        ) from None


def run(listening: socket.socket, app: Starlette) -> None:
    """Serve until the process is told to end; requests in work are answered first."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=SECONDS_TO_FINISH, server_header=False
    )
    uvicorn.Server(config).run([listening])
