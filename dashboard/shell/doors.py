"""Who may use the dashboard's server and what its pages may load, from Streamlit's settings and files; see `serving.api.hosts`.

Knows nothing of what a page shows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.datastructures import Headers
from streamlit import config

from core.serving.api.headers import own_scripts
from core.serving.api.hosts import HostGuard, allowed_hosts

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

# Streamlit closes the sidebar of a phone after its own navigation, but not after page links.
SIDEBAR_SCRIPT = Path(__file__).with_name("sidebar.js").read_text(encoding="utf-8")
INDEX = Path(st.__file__).parent / "static" / "index.html"


class PageGuard(HostGuard):
    """Answers to what the owner named with ``--server.allowedHosts``, ``--server.address`` or the environment, and to this
    machine's names. Streamlit, which looks at the names of sockets by itself, is told the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        # Asked here, since the server's settings are read only once it is being built.
        hosts = allowed_hosts([*st.get_option("server.allowedHosts"), st.get_option("server.address")])
        config.set_option("server.allowedHosts", sorted(hosts))
        super().__init__(app, hosts=hosts)


def page_policy() -> Callable[[Scope], str]:
    """The ``Content-Security-Policy`` of the pages, as tight as Streamlit works with.

    Its style sheets are made in the browser, and the scripts of our own components reach it as data (``blob:``), which only
    a script that runs already can make. A style cannot load anything either: it has the same sources.
    """
    scripts = own_scripts(INDEX.read_text(encoding="utf-8"), [SIDEBAR_SCRIPT])

    def policy(scope: Scope) -> str:
        host = Headers(scope=scope).get("host", "")  # `HostGuard` has looked at it
        return (
            f"default-src 'self'; script-src {scripts} blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
            f"font-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; media-src 'self' blob:; "
            "worker-src 'self' blob:; frame-src 'none'; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; "
            "form-action 'self'"
        )

    return policy
