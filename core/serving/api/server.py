"""The API as a server of its own: an address, a socket that is bound before anything is loaded, a clean end."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from core.base.errors import ConfigError
from core.serving.api import PREFIX
from core.serving.api.app import create_app
from core.serving.api.auth import DOCS
from core.serving.api.connections import Connection
from core.serving.api.errors import not_found
from core.serving.api.headers import NOTHING, SecurityHeaders
from core.serving.api.hosts import HostGuard, allowed_hosts
from core.serving.api.limits import ApiLimits

SECONDS_A_THREAD = 0.001  # for how long a thread that makes a batch may keep the one that talks to callers waiting
SECONDS_TO_FINISH = 60  # what requests in work get when the server is asked to end


def standalone(home: Path, limits: ApiLimits | None = None, hosts: frozenset[str] | None = None) -> Starlette:
    """The API under ``/api/v1`` and nothing else; closes its engines when the server ends.

    Parameters
    ----------
    hosts
        Under which names it answers; by default `allowed_hosts`.
    """
    api = create_app(home, limits=limits)

    async def to_docs(request: Request) -> Response:
        return RedirectResponse(PREFIX + DOCS)

    async def nothing_here(request: Request, error: Exception) -> Response:
        return not_found(request.url.path).response()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await api.state.service.close()

    return Starlette(
        routes=[Mount(PREFIX, app=api), Route("/", to_docs)],
        exception_handlers={HTTPException: nothing_here},
        middleware=[
            Middleware(SecurityHeaders, policy=lambda scope: NOTHING),
            Middleware(HostGuard, hosts=hosts or allowed_hosts()),
        ],
        lifespan=lifespan,
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises
    ------
    ConfigError
        When the port is taken or may not be used, or there is no such address on this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio knows it for TCP and sends each part of an answer at once; otherwise the second
    # part waits for the caller's receipt of the first, which systems hold back for 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would share a port that is in use
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
        return listening
    except (OSError, OverflowError) as error:
        listening.close()
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
    sys.setswitchinterval(SECONDS_A_THREAD)
    config = uvicorn.Config(
        app,
        http=Connection,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        server_header=False,
    )
    uvicorn.Server(config).run([listening])
