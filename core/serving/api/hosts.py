"""Under which names the server answers: requests that name another host, or come from another site's page, get nothing.

A page of a stranger that is open in the same browser can have its own name point to this machine (DNS rebinding); the
name it used stands in the request, and is none of ours. Knows nothing of keys, pages and routes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from core.base.messages import Message, message
from core.serving.api.errors import ApiError
from core.serving.api.headers import CONTENT, NOTHING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

VARIABLE = "EVERGREEN_ALLOWED_HOSTS"
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # to listen at; nobody's name
POLICY_VIOLATION = 1008  # why a socket is closed


def allowed_hosts(named: Iterable[str | None] = ()) -> frozenset[str]:
    """This machine's own names, those of ``EVERGREEN_ALLOWED_HOSTS`` (separated by commas), and others that the owner gave.

    ``*.example.org`` stands for all names below ``example.org``, and ``*`` for any name. A port behind a name is passed over.
    """
    every = {_named(name or "") for name in [*named, *os.environ.get(VARIABLE, "").split(",")]}
    return THIS_MACHINE | (every - EVERY_ADDRESS)


class HostGuard:
    """Middleware that lets through what names an allowed host and, where a page of a browser asks, comes from the same one.

    Parameters
    ----------
    hosts
        As `allowed_hosts` makes them.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._others = hosts - THIS_MACHINE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or refuse it."""
        refused = self._refusal(Headers(scope=scope)) if scope["type"] in ("http", "websocket") else None
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        elif "text/html" in Headers(scope=scope).get("accept", ""):
            await PlainTextResponse(str(refused.told), refused.status, refused.headers)(scope, receive, send)
        else:
            await refused.response()(scope, receive, send)

    def _refusal(self, headers: Headers) -> ApiError | None:
        hosts, origin = [name for name in headers.getlist("host") if name], headers.get("origin")
        if len(hosts) != 1:
            told = message(
                "api.host_count",
                "The request names {count} hosts instead of one. Send one Host header with a name that this server answers to: "
                "{known}.",
                count=len(hosts),
                known=sorted(self._hosts),
            )
            return _refused(told)
        host = hosts[0]
        if not is_among(_name(host), self._hosts):
            told = message(
                "api.host_foreign",
                "This server does not answer to the name '{host}', only to: {known}. If the name is yours, start the server "
                "with {variable}={host}.",
                host=_name(host) or host,
                known=sorted(self._hosts),
                variable=VARIABLE,
            )
            return _refused(told)
        if origin is None or origin.partition("://")[2] == host or is_among(_name_of_page(origin), self._others):
            return None
        told = message(
            "api.origin_foreign",
            "A page of '{origin}' may not use this server. Open the server's own address instead; if that page is yours, "
            "start the server with the page's host in {variable}.",
            origin=origin,
            variable=VARIABLE,
        )
        return _refused(told)


def _refused(told: Message) -> ApiError:
    # With a policy of its own: that of the pages repeats the host, which here may be a stranger's.
    return ApiError(403, told, {CONTENT: NOTHING})


def is_among(name: str | None, hosts: frozenset[str]) -> bool:
    """Whether a host's name is one of them, or lies below one that begins with ``*.``."""
    if name is None:
        return False
    above = (f"*{name[dot:]}" for dot, sign in enumerate(name) if sign == ".")
    return name in hosts or "*" in hosts or any(pattern in hosts for pattern in above)


def _name(host: str) -> str | None:
    """The name in a ``Host`` header, without its port; None for what no browser would send."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # a number in range, or none
    except ValueError:
        return None
    return _folded(parts.hostname) if parts.hostname and parts.netloc == host and "@" not in host else None


def _name_of_page(origin: str) -> str | None:
    """The name in an ``Origin`` header; None for ``null``, which hides one."""
    scheme, _, host = origin.partition("://")
    return _name(host) if scheme in ("http", "https") else None


def _named(host: str) -> str:
    """What the owner wrote, without a port; bare IPv6 addresses have several colons and none."""
    name, colon, port = host.strip().rpartition(":")
    has_port = colon and port.isdecimal() and (":" not in name or name.endswith("]"))
    return _folded(name if has_port else host)


def _folded(name: str) -> str:
    return name.strip().lower().rstrip(".").removeprefix("[").removesuffix("]")
