"""What each answer tells the browser: in no frame, nothing guessed, no address passed on, and nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT = "content-security-policy"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers that do not know frame-ancestors
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """Middleware that adds `HEADERS` and a policy of content to answers that have none of their own.

    Parameters
    ----------
    policy
        The ``Content-Security-Policy`` of a request's answer.
    further
        Other headers to add where they are missing, such as ``cache-control``.
    """

    def __init__(self, app: ASGIApp, *, policy: Callable[[Scope], str], further: dict[str, str] | None = None) -> None:
        self._app = app
        self._policy = policy
        self._headers = HEADERS | (further or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and add to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def adding(part: Message) -> None:
            if part["type"] == "http.response.start":
                headers = MutableHeaders(scope=part)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if CONTENT not in headers:
                    headers[CONTENT] = self._policy(scope)
            await send(part)

        await self._app(scope, receive, adding)


def own_scripts(page: str, further: Iterable[str] = ()) -> str:
    """The sources of a ``script-src`` that lets run the server's own files, and the scripts that stand in a page.

    Parameters
    ----------
    page
        HTML; only scripts without attributes are looked at.
    further
        Scripts that the page will put into itself.
    """
    return " ".join(["'self'", *map(_digest, [*_SCRIPT.findall(page), *further])])


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
