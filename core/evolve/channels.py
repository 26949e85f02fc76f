"""Whom a policy tells that something happened: a web address, signed, and a mailbox.

A message is kept in the ledger until it has arrived, so that an address that does not answer hinders nothing and misses nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from core.base.errors import ConfigError
from core.base.files import write_text

SMTP = "EVERGREEN_SMTP"  # such as smtp://name:password@mail.example.org:587; smtps:// for TLS from the first byte on
SECRET = "webhook.secret"  # beside the policies; only the owner may read it
SIGNATURE = "X-Evergreen-Signature"
SECONDS = 10.0


def check(webhook: str, mail: str) -> None:
    """Raise the `ConfigError` that says why nobody can be told by these."""
    if webhook and not _is_address(webhook):
        raise ConfigError(
            "evolve.webhook",
            "'{value}' is no web address. Write it with http:// or https:// in front.",
            value=webhook,
        )
    if mail and "@" not in mail:
        raise ConfigError("evolve.mail", "'{value}' is no mail address, such as name@example.org.", value=mail)
    if mail and not os.environ.get(SMTP):
        raise ConfigError(
            "evolve.no_smtp",
            "Mail needs a server: set {name} to its address, such as smtp://name:password@mail.example.org:587.",
            name=SMTP,
        )


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # such as a bracket that is not closed
        return False


def secret(folder: Path) -> str:
    """What messages to web addresses are signed with; made when it is first asked for."""
    path = folder / SECRET
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, secrets.token_hex(32))
        path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()


def signature(body: bytes, key: str) -> str:
    """``sha256=`` and the HMAC of a body in hexadecimal digits: who knows the secret can make it and compare."""
    return f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"


def post(address: str, content: Mapping[str, Any], key: str) -> str:
    """Send an object; returns why it did not arrive, empty where it did."""
    body = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    head = {"Content-Type": "application/json", SIGNATURE: signature(body, key)}
    try:
        with build_opener(_NoRedirect).open(Request(address, body, head), timeout=SECONDS):
            return ""
    except HTTPError as error:
        return f"{error.code} {error.reason}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def send(to: str, subject: str, text: str) -> str:
    """Send a mail; returns why it did not go out, empty where it did."""
    server = urlsplit(os.environ.get(SMTP, ""))
    letter = EmailMessage()
    letter["From"] = server.username and unquote(server.username) if "@" in unquote(server.username or "") else to
    letter["To"], letter["Subject"] = to, subject
    letter.set_content(text)
    try:
        own = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
        with own(server.hostname or "", server.port or 0, timeout=SECONDS) as mail:
            if server.scheme != "smtps" and mail.has_extn("starttls"):
                mail.starttls(context=ssl.create_default_context())
            if server.username:
                mail.login(unquote(server.username), unquote(server.password or ""))
            mail.send_message(letter)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return str(error)
    return ""


class _NoRedirect(HTTPRedirectHandler):
    """A signed message goes where its owner said, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None
