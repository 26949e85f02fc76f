"""The middleware of the API: who comes in (keys), how much they may carry (bodies), and that each leaves with an answer.

Plain ASGI around the routes: it costs every request, so it does nothing twice. Knows nothing of classifiers.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.base.messages import message
from core.serving.api.errors import ApiError, unexpected
from core.serving.api.keys import Key, KeyStore, needs_touch
from core.serving.api.limits import ApiLimits
from core.serving.api.metrics import Metrics
from core.serving.api.throttle import Throttle

DOCS = "/docs"
ASSETS = "/docs-assets"
OPEN = frozenset({"/healthz", "/metrics", DOCS, "/openapi.json"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ApiMiddleware:
    """Middleware that checks keys and sizes, counts answers, and turns every fault into one."""

    def __init__(
        self, app: ASGIApp, keys: KeyStore, limits: ApiLimits, metrics: Metrics, throttle: Throttle | None = None
    ) -> None:
        self._app = app
        self._keys = keys
        self._limits = limits
        self._metrics = metrics
        self._throttle = Throttle() if throttle is None else throttle
        self._touching: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        mounted = scope.get("route")  # of the app around this one
        status = 0

        async def noting(part: Message) -> None:
            nonlocal status
            if part["type"] == "http.response.start":
                status = part["status"]
            await send(part)

        try:
            await self._enter(scope, receive, noting)
        except Exception as error:  # every fault must end as an answer
            refused = error if isinstance(error, ApiError) else unexpected(error)
            if not status:  # otherwise half an answer has left; the server closes the connection
                await refused.response()(scope, receive, noting)
        finally:
            matched = scope.get("route")
            route = "other" if matched is mounted else getattr(matched, "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.answered(route, method, status, time.perf_counter() - started)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        headers = dict(scope["headers"])
        if path not in OPEN and not path.startswith(f"{ASSETS}/"):
            await self._admit(headers, _caller(scope))
        if scope["method"] in WITH_BODY:
            body = await self._read(headers, receive)
            if body is None:
                return  # the caller hung up
            receive = _replay(body, receive)
        await self._app(scope, receive, send)

    async def _admit(self, headers: dict[bytes, bytes], caller: str) -> None:
        kind, _, shown = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        shown = shown.strip() if kind.lower() == "bearer" else headers.get(b"x-api-key", b"").decode("latin-1").strip()
        key = self._keys.find(shown) if shown else None
        if key is None:
            if shown:
                await self._throttle.wrong_key(caller)
            raise _not_admitted(known=bool(shown))
        if key.digest not in self._touching and needs_touch(key):
            self._touch(key)

    def _touch(self, key: Key) -> None:
        task = asyncio.create_task(asyncio.to_thread(self._keys.touch, key.digest))
        self._touching[key.digest] = task
        task.add_done_callback(lambda _: self._touching.pop(key.digest))

    async def _read(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        """The whole body, never more of it than is allowed."""
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._limits.body_bytes:
            raise self._too_large()
        body = bytearray()
        more = True
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while more:
                    part = await receive()
                    if part["type"] == "http.disconnect":
                        return None
                    body += part.get("body", b"")
                    more = part.get("more_body", False)
                    if len(body) > self._limits.body_bytes:
                        raise self._too_large()
        except TimeoutError:
            raise self._too_slow() from None
        return bytes(body)

    def _too_slow(self) -> ApiError:
        told = message(
            "api.body_too_slow",
            "The body did not arrive within {seconds:g} seconds. Send it at once, or in several requests.",
            seconds=self._limits.body_seconds,
        )
        return ApiError(408, told, {"Connection": "close"})

    def _too_large(self) -> ApiError:
        megabytes = self._limits.body_bytes / 1024**2
        told = message(
            "api.body_too_large",
            "The body is larger than {megabytes:g} MB. Send the texts in several requests.",
            megabytes=megabytes,
        )
        # Whatever else is on its way is not waited for.
        return ApiError(413, told, {"Connection": "close"}, most_bytes=self._limits.body_bytes)


def _caller(scope: Scope) -> str:
    """The machine that asks; all of an unknown kind count as one."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _not_admitted(*, known: bool) -> ApiError:
    if known:
        told = message(
            "api.key_wrong",
            "This key is not known here; it may have been revoked. Make one on the Use page under 'API', or with "
            "'python -m core keys create --name NAME'.",
        )
    else:
        told = message(
            "api.key_absent",
            "This address needs a key, in the header 'Authorization: Bearer KEY' or 'X-API-Key: KEY'. Make one on the Use "
            "page under 'API', or with 'python -m core keys create --name NAME'.",
        )
    return ApiError(401, told, {"WWW-Authenticate": "Bearer"})


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body which was read, and after it what comes from the caller."""
    parts: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return parts.pop() if parts else await receive()

    return again
