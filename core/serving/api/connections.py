"""How uvicorn treats a connection: parts of an answer are sent at once, and a request's head is not waited for forever."""

from __future__ import annotations

import asyncio
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Connection(HttpToolsProtocol):
    """uvicorn's own, which would wait for the second half of a head as long as the caller likes.

    Who opens many connections and sends half a head over each would keep everybody else out.
    """

    head_seconds = HEAD_SECONDS  # from the opening of the connection, or a request's first byte, to the end of its head
    _deadline: asyncio.TimerHandle | None = None
    _began = False  # something of a request has come

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; nothing is held back to be sent together with what comes later.

        Streamlit opens the dashboard's socket in a way that asyncio does not know for TCP. Every answer over a connection
        that is kept open would wait 40 ms for the caller's receipt of its head.
        """
        opened = transport.get_extra_info("socket")
        if opened is not None and opened.family in (socket.AF_INET, socket.AF_INET6):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._wait_for_head()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._wait_for_head()
        self._began = True

    def on_headers_complete(self) -> None:
        """The head is there; for the body, whoever reads it waits."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        self._began = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            if self._began and (self.cycle is None or self.cycle.response_complete):
                self.transport.write(_TOO_SLOW)
            self.transport.close()


def use_for_every_server() -> None:
    """Have uvicorn treat all connections of this process so, whoever starts it.

    Streamlit's server has chosen uvicorn's class before it imports our program, so what that class makes is one of ours.
    """
    HttpToolsProtocol.__new__ = lambda cls, *_, **__: object.__new__(Connection)  # type: ignore[method-assign, assignment]
