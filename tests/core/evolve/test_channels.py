"""Whom a policy tells: signed JSON to a web address, mail to a mailbox; what does not arrive waits."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from core.base.errors import ConfigError
from core.cli.main import main
from core.evolve.channels import SIGNATURE, SMTP, check, secret, signature
from core.evolve.ledger import FOLDER, Ledgers
from tests.core.conftest import reviews
from tests.core.evolve.conftest import Evolving


class Listening:
    """A web address that keeps what it gets, and answers with a status."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                self.send_response(outer.status)
                if outer.status == 302:
                    self.send_header("Location", f"{outer.address}elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def listening() -> Iterator[Listening]:
    made = Listening()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def put_flipped(evolving: Evolving, seed: int = 1) -> None:
    flipped = reviews(100, seed=seed)
    evolving.put(f"flipped{seed}.csv", replace(flipped, labels=1 - flipped.labels))


def test_a_waiting_table_is_told_once_and_signed(evolving: Evolving, listening: Listening) -> None:
    evolving.set(webhook=listening.address)
    put_flipped(evolving)
    evolving.step(4)
    ((head, body),) = listening.got
    told = json.loads(body)
    assert (told["model"], told["kind"], told["message"]["key"]) == ("Shop", "rows_wait", "evolve.file_waits")
    key = secret(evolving.workspace.home / FOLDER)
    assert head[SIGNATURE] == signature(body, key)
    assert head[SIGNATURE] != signature(body, "another")
    assert ((evolving.workspace.home / FOLDER / "webhook.secret").stat().st_mode & 0o077) == 0


@pytest.mark.parametrize("status", [500, 302])
def test_what_does_not_arrive_waits_and_hinders_nothing(evolving: Evolving, listening: Listening, status: int) -> None:
    evolving.set(webhook=listening.address)
    listening.status = status
    put_flipped(evolving)
    put_flipped(evolving, 2)
    ledger = evolving.step()
    assert len(ledger.files) == 2
    assert len(ledger.outgoing) == 2
    assert ledger.trouble is not None
    assert ledger.trouble["key"] == "evolve.not_told"
    assert len(listening.got) == 1
    listening.status = 200
    ledger = evolving.step(1)
    assert ledger.outgoing == []
    assert ledger.trouble is None
    assert len(listening.got) == 3


class MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP as a letter takes."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        letter = False
        while line := self.rfile.readline():
            if letter:
                self.server.letters[-1] += line  # type: ignore[attr-defined]
                if line == b".\r\n":
                    letter = False
                    self.wfile.write(b"250 taken\r\n")
                continue
            word = line[:4].upper()
            if word == b"DATA":
                letter = True
                self.server.letters.append(b"")  # type: ignore[attr-defined]
                self.wfile.write(b"354 go on\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 fine\r\n")


def test_mail_goes_to_the_named_server(evolving: Evolving, monkeypatch: pytest.MonkeyPatch) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailHandler) as server:
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(SMTP, f"smtp://127.0.0.1:{server.server_address[1]}")
        evolving.set(mail="owner@example.org", then="wait")
        evolving.put("monday.csv", reviews(100, seed=1))
        ledger = evolving.step(4)
        server.shutdown()
    assert ledger.batches[0].state == "waiting"
    (letter,) = server.letters  # type: ignore[attr-defined]
    assert b"To: owner@example.org" in letter
    assert b"Version 2 waits for a decision." in letter


def test_addresses_that_nobody_can_be_told_by_are_refused(
    evolving: Evolving, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(SMTP, raising=False)
    for webhook, mail in (
        ("file:///etc/passwd", ""),
        ("http://[bad", ""),
        ("http://", ""),
        ("", "nobody"),
        ("", "owner@example.org"),
    ):
        with pytest.raises(ConfigError):
            check(webhook, mail)
    assert main(["policy", "set", "--classifier", "Shop", "--webhook", "ftp://example.org"]) == 2
    assert "no web address" in capsys.readouterr().err
    assert Ledgers(evolving.workspace.home).read("Shop").policy.webhook == ""


def test_nobody_is_told_where_nobody_is_named(evolving: Evolving) -> None:
    put_flipped(evolving)
    ledger = evolving.step(3)
    assert ledger.files[0].verdict == "waiting"
    assert ledger.outgoing == []


def test_trouble_is_told_once_until_it_is_over(evolving: Evolving, listening: Listening) -> None:
    evolving.set(webhook=listening.address, database=f"sqlite:///{evolving.folder}/none.db", query="select 1")
    evolving.step(3)
    told = [json.loads(body) for _, body in listening.got]
    assert [each["kind"] for each in told] == ["trouble"]
    evolving.set(database="", query="")
    evolving.step(1)
    evolving.set(database=f"sqlite:///{evolving.folder}/none.db", query="select 1")
    evolving.step(2)
    assert len(listening.got) == 2
