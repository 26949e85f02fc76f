"""Streamlit's own JavaScript and style sheets, sent compressed: each file is compressed once a process, not once a load.

Streamlit sends them as they are, since compressing anew for every load would cost more than it saves. Here that happens
in a thread at the first request for a file, and its compressed form stays in memory: 7 MB for all of them. Knows nothing
of pages, media, sockets and the API: their requests pass through.
"""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit
from starlette.datastructures import Headers
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

ROUTE = "/static/"
FILES = Path(streamlit.__file__).parent / "static" / "static"
# Fonts and pictures are compressed already.
KINDS = {".js": "application/javascript", ".css": "text/css; charset=utf-8", ".json": "application/json"}
SMALLEST = 1000  # bytes; below, the head of the answer is what counts
LEVEL = 6  # 9 takes a third longer for half a percent
# Their names hold a hash of their content, so a browser need never ask for them again; as Streamlit says itself.
FOREVER = "public, immutable, max-age=31536000"


class CompressedFiles:
    """Middleware that answers requests for static files from their compressed form.

    Parameters
    ----------
    files
        The folder that ``/static/`` stands for.
    """

    def __init__(self, app: ASGIApp, *, files: Path = FILES) -> None:
        self.app = app
        # Asked here, since the server's settings are read only once it is being built.
        base = (streamlit.get_option("server.baseUrlPath") or "").strip("/")
        self._start = f"/{base}{ROUTE}" if base else ROUTE
        # Only what is listed here is ever read: no path of a request reaches the file system.
        self._files = {
            path.relative_to(files).as_posix(): path
            for path in files.rglob("*")
            if path.suffix in KINDS and path.stat().st_size >= SMALLEST
        }
        self._bodies: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the compressed file, or hand the request on."""
        name = self._asked_for(scope)
        if name is None:
            await self.app(scope, receive, send)
            return
        tag = f'"{name}.gz"'
        headers = {"content-encoding": "gzip", "vary": "Accept-Encoding", "cache-control": FOREVER, "etag": tag}
        if tag in Headers(scope=scope).get("if-none-match", ""):
            await Response(status_code=304, headers=headers)(scope, receive, send)
            return
        if name not in self._bodies:
            self._bodies[name] = await asyncio.to_thread(_compressed, self._files[name])
        kind = KINDS[self._files[name].suffix]
        await Response(self._bodies[name], headers=headers | {"content-type": kind})(scope, receive, send)

    def _asked_for(self, scope: Scope) -> str | None:
        """The listed file that a request may get in compressed form."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        path: str = scope["path"]
        name = path.removeprefix(self._start)
        if name == path or name not in self._files:
            return None
        headers = Headers(scope=scope)
        # A range counts the bytes of the file as it is.
        return name if "range" not in headers and takes_gzip(headers.get("accept-encoding", "")) else None


def takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` header allows gzip."""
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), compresslevel=LEVEL, mtime=0)
