"""``serve`` and ``keys``: the API without the dashboard, and the keys its callers show. Loads no PyTorch."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from core.base.config import home
from core.serving.api.keys import Key, KeyStore


def serve(asked: argparse.Namespace) -> None:
    from core.serving.api import PREFIX
    from core.serving.api.hosts import EVERY_ADDRESS, THIS_MACHINE, VARIABLE, allowed_hosts
    from core.serving.api.limits import ApiLimits
    from core.serving.api.server import bind, run, standalone

    limits = replace(ApiLimits(), body_bytes=round(asked.body_megabytes * 1024**2))
    with bind(asked.host, asked.port) as listening:
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        hosts = allowed_hosts([asked.host])
        app = standalone(home(), limits, hosts)
        sys.stderr.write(f"Evergreen API: http://{shown}:{port}{PREFIX}   (its page: {PREFIX}/docs; Ctrl+C ends it)\n")
        if asked.host in EVERY_ADDRESS and hosts == THIS_MACHINE:
            sys.stderr.write(f"It answers to localhost alone: name this machine in {VARIABLE} for callers elsewhere.\n")
        if not KeyStore(home()).list():
            sys.stderr.write("There is no key yet: python -m core keys create --name NAME\n")
        with suppress(KeyboardInterrupt):  # Ctrl+C is how it ends
            run(listening, app)
    sys.stderr.write("Closed; all requests were answered.\n")


def keys(asked: argparse.Namespace) -> None:
    store = KeyStore(home())
    if asked.action == "create":
        secret = store.create(asked.name)
        if asked.json:
            sys.stdout.write(json.dumps({"name": asked.name, "key": secret}, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(secret + "\n")
            sys.stderr.write("This is the only time that the key is shown; only its hash is kept.\n")
    elif asked.action == "revoke":
        store.revoke(asked.name)
        sys.stderr.write(f"The key '{asked.name}' is revoked.\n")
    else:
        known = store.list()
        listed = [{"name": key.name, "created": key.created, "last_used": key.last_used} for key in known]
        text = json.dumps({"keys": listed}, ensure_ascii=False) if asked.json else "\n".join(map(_line, known))
        sys.stdout.write(text + "\n" if text else "")


def _line(key: Key) -> str:
    used = f"last used {key.last_used}" if key.last_used else "never used"
    return f"{key.name:<24}  created {key.created}  {used}"


# Commands that start at once, since none of the packages that learn is needed.
LIGHT: dict[str, Callable[[argparse.Namespace], None]] = {"serve": serve, "keys": keys}
