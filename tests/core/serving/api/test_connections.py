"""Connections as they come over the wire: half of a head is not waited for without end, and half of a body is not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from core.serving.api.connections import Connection
from core.serving.api.keys import KeyStore
from core.serving.api.limits import ApiLimits
from core.serving.api.server import bind, standalone

PATIENCE = 60.0  # seconds: nobody knows what else the machine does
ASKED = b"GET /api/v1/healthz HTTP/1.1\r\nHost: localhost\r\n"


class Impatient(Connection):
    head_seconds = 0.2


@pytest.fixture
def port(evergreen_home: Path) -> Iterator[int]:
    """A server that waits a moment only."""
    listening = bind("127.0.0.1", 0)
    app = standalone(evergreen_home, ApiLimits(body_seconds=0.2))
    server = uvicorn.Server(uvicorn.Config(app, http=Impatient, log_level="error", access_log=False))
    running = threading.Thread(target=server.run, args=([listening],))
    running.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    running.join(PATIENCE)
    listening.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def until_closed(connection: socket.socket) -> bytes:
    """What the server still says before it hangs up; `TimeoutError` where it does not."""
    said = b""
    while part := connection.recv(65536):
        said += part
    return said


@pytest.mark.parametrize("sent", [b"G", b"GET / HT", ASKED, ASKED + b"X-Half: ye"])
def test_half_a_head_is_answered_with_408_and_closed(port: int, sent: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(sent)
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")


def test_a_connection_over_which_nothing_comes_is_closed(port: int) -> None:
    with connected(port) as connection:
        assert until_closed(connection) == b""


def test_half_a_head_after_a_whole_request_is_closed_too(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(ASKED + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(ASKED)
        assert b"HTTP/1.1 408 " in until_closed(connection)


def test_half_a_body_is_answered_with_408(port: int, evergreen_home: Path) -> None:
    key = KeyStore(evergreen_home).create("slow").encode()
    head = b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + key + b"\r\nContent-Length: 100\r\n\r\n"
    with connected(port) as connection:
        connection.sendall(head + b'{"classifier": "Re')
        said = until_closed(connection)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"body_too_slow"' in said


def test_others_are_answered_while_halves_wait(port: int) -> None:
    halves = [connected(port) for _ in range(50)]
    for half in halves:
        half.sendall(b"GET / HT")
    with connected(port) as connection:
        connection.sendall(ASKED + b"Connection: close\r\n\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 200 ")
    for half in halves:
        half.close()
