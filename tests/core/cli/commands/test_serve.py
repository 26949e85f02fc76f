"""``keys`` in process; ``serve`` as the process that it is."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.serving.api.keys import KeyStore

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


def test_the_life_of_a_key(run: Any, evergreen_home: Path) -> None:
    out, err = run("keys", "create", "--name", "web shop")
    secret = out.strip()
    assert "only time" in err
    assert KeyStore(evergreen_home).find(secret) is not None
    listed = json.loads(run("keys", "list", "--json")[0])["keys"]
    assert [(one["name"], one["last_used"]) for one in listed] == [("web shop", None)]
    assert "never used" in run("keys", "list")[0]
    assert "already" in run("keys", "create", "--name", "web shop", code=2)[1]
    run("keys", "revoke", "--name", "web shop")
    assert KeyStore(evergreen_home).find(secret) is None
    assert run("keys", "list")[0] == ""
    made = json.loads(run("keys", "create", "--name", "again", "--json")[0])
    assert KeyStore(evergreen_home).find(made["key"]) is not None


def test_a_port_in_use_is_said(run: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} is in use" in run("serve", "--port", str(port), code=2)[1]


def test_an_address_of_another_machine_is_said(run: Any) -> None:
    assert "cannot listen at 192.0.2.1" in run("serve", "--host", "192.0.2.1", "--port", "0", code=2)[1]


def test_the_server_answers_until_it_is_interrupted_and_then_ends_well(evergreen_home: Path) -> None:
    secret = KeyStore(evergreen_home).create("test")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "core", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = server.stderr.readline().split()[2]
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answer:
                assert json.load(answer) == {"status": "ok", "engines": 0}
            asked = urllib.request.Request(f"{address}/classifiers", headers={"X-API-Key": secret})
            with urllib.request.urlopen(asked, timeout=60) as answer:
                assert json.load(answer) == {"classifiers": []}
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(address.replace("/api/v1", "/elsewhere"), timeout=60)
            with refused.value as answer:
                assert json.load(answer)["error"]["code"] == "no_such_address"
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        assert server.stderr.read() == "Closed; all requests were answered.\n"


def test_the_server_needs_no_torch() -> None:
    code = (
        "import sys, core.serving.api.server, core.cli.commands.serve, core.registry; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
