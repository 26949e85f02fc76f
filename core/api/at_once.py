"""Answers that leave in one piece, whoever opened the socket of the server."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


def answer_at_once() -> None:
    """Let uvicorn send each part of an answer at once, whoever opened its socket; as `bind` does for its own.

    Streamlit opens the dashboard's in a way that asyncio does not know for TCP. Every answer over a connection that is
    kept open would wait 40 ms for the caller's receipt of its head.
    """
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    connected = AutoHTTPProtocol.connection_made

    def connection_made(self: Any, transport: asyncio.BaseTransport) -> None:
        opened = transport.get_extra_info("socket")
        if opened is not None and opened.family in (socket.AF_INET, socket.AF_INET6):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected(self, transport)

    AutoHTTPProtocol.connection_made = connection_made  # type: ignore[method-assign]
