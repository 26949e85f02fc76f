"""``serve`` and ``keys``: the API without the dashboard, and the keys its callers show. Loads no PyTorch."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from dataclasses import replace

from core.base.config import home
from core.cli.printing import show, tell
from core.serving.api import PREFIX
from core.serving.api.hosts import EVERY_ADDRESS, THIS_MACHINE, VARIABLE, allowed_hosts
from core.serving.api.keys import Key, KeyStore
from core.serving.api.limits import ApiLimits


def serve(asked: argparse.Namespace) -> None:
    from core.serving.api.server import bind, run, standalone

    limits = replace(ApiLimits(), body_bytes=round(asked.body_megabytes * 1024**2))
    with bind(asked.host, asked.port) as listening:
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        hosts = allowed_hosts([asked.host])
        app = standalone(home(), limits, hosts)
        address = f"http://{shown}:{port}{PREFIX}"
        tell(asked, {"address": address}, f"Evergreen API: {address}   (its page: {PREFIX}/docs; Ctrl+C ends it)")
        if asked.host in EVERY_ADDRESS and hosts == THIS_MACHINE:
            sys.stderr.write(f"It answers to localhost alone: name this machine in {VARIABLE} for callers elsewhere.\n")
        if not KeyStore(home()).list():
            sys.stderr.write("There is no key yet: python -m core keys create --name NAME\n")
        with suppress(KeyboardInterrupt):  # Ctrl+C is how it ends
            run(listening, app)
    sys.stderr.write("Closed; all requests were answered.\n")


def keys(asked: argparse.Namespace) -> None:
    store = KeyStore(home())
    if asked.verb == "create":
        secret = store.create(asked.name)
        show(asked, {"name": asked.name, "key": secret}, secret)
        if not asked.json:
            sys.stderr.write("This is the only time that the key is shown; only its hash is kept.\n")
    elif asked.verb == "revoke":
        store.revoke(asked.name)
        tell(asked, {"name": asked.name, "revoked": True}, f"The key '{asked.name}' is revoked.")
    else:
        known = store.list()
        listed = [{"name": key.name, "created": key.created, "last_used": key.last_used} for key in known]
        if known or asked.json:
            show(asked, {"keys": listed}, "\n".join(map(_line, known)))


def _line(key: Key) -> str:
    used = f"last used {key.last_used}" if key.last_used else "never used"
    return f"{key.name:<24}  created {key.created}  {used}"
