"""What a break-in and hundreds of kills found to hold already: it must go on holding."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from core.data.labelling.corrections import Corrections
from core.serving.api.keys import KeyStore
from tests.chaos.forked import Forker
from tests.chaos.operations import NAME
from tests.chaos.test_kills import assert_ended, look

ROOT = Path(__file__).resolve().parents[2]
YEAR_MILLISECONDS = 365 * 86_400_000


@pytest.fixture(scope="module")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    running = Forker(tmp_path_factory.mktemp("held"))
    yield running
    running.close()


def test_feedback_that_was_acknowledged_outlives_a_killed_server(forker: Forker) -> None:
    home = forker.workspace("trained", "served")
    secret = KeyStore(home).create("shop")
    numbers, acknowledged = count(), set[str]()
    for _ in range(2):
        acknowledged |= _feedback_until_killed(home, secret, numbers)
    assert len(acknowledged) >= 40
    assert acknowledged <= {correction.text for correction in Corrections(home).list(NAME)}


def _feedback_until_killed(home: Path, secret: str, numbers: Iterator[int]) -> set[str]:
    """Serve the workspace, send feedback from four threads, and kill the server between two answers."""
    environment = {**os.environ, "EVERGREEN_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "core", "serve", "--port", "0"]
    acknowledged: set[str] = set()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = server.stderr.readline().split()[2]

        def send() -> None:
            while server.poll() is None:
                text = f"review number {next(numbers)} is awful and lovely"
                for label in ("negative", "positive"):  # one of them is not what the version answers, so it waits
                    body = json.dumps({"classifier": NAME, "text": text, "label": label}).encode()
                    asked = urllib.request.Request(f"{address}/feedback", body, {"X-API-Key": secret})
                    try:
                        with urllib.request.urlopen(asked, timeout=30) as answer:
                            if json.load(answer)["queued"]:
                                acknowledged.add(text)
                    except (urllib.error.URLError, OSError, ValueError):
                        return  # killed before it answered

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        deadline = time.monotonic() + 60
        while len(acknowledged) < 20 and time.monotonic() < deadline:
            time.sleep(0.002)
        server.send_signal(signal.SIGKILL)
        for sender in senders:
            sender.join(60)
    return acknowledged


def test_after_the_clock_was_set_back_an_update_is_still_the_newest(forker: Forker) -> None:
    home = forker.workspace("trained", "set back")
    _make_a_year_younger(home)
    told = forker.ask(home, "run", "update")
    assert "trace" not in told, told["trace"]
    outcome = look(forker, home, "update")
    assert outcome["killed"]["wrong"] == []
    assert_ended(outcome, "update")


def _make_a_year_younger(home: Path) -> None:
    """Everything in the workspace seems to have been made a year from now."""
    ahead = time.time() + YEAR_MILLISECONDS / 1000
    with closing(sqlite3.connect(home / "mlflow.db")) as connection, connection:
        for table, column in (
            ("runs", "start_time"),
            ("runs", "end_time"),
            ("model_versions", "creation_time"),
            ("model_versions", "last_updated_time"),
            ("registered_models", "creation_time"),
        ):
            connection.execute(f"UPDATE {table} SET {column} = {column} + {YEAR_MILLISECONDS}")
    for path in home.rglob("*"):
        os.utime(path, (ahead, ahead))


@pytest.mark.parametrize("point", ["save.rows", "run.created", "produce.exported", "files.written", "promote.alias"])
def test_a_disk_that_fills_up_stops_the_job_in_plain_words_and_it_is_gone_on_with(forker: Forker, point: str) -> None:
    operation = "save" if point == "save.rows" else "train"
    home = forker.workspace("data", "full")
    told = forker.ask(home, "run", operation, fault=f"{point}!ENOSPC")
    outcome = look(forker, home, operation)
    assert outcome["killed"]["wrong"] == []
    for state, _, error in outcome["killed"]["jobs"]:
        assert state in ("failed", "finished")
        assert error is None or error.startswith("No space is left on the disk")
    assert "trace" not in told or "No space" in told["trace"] or "ENOSPC" in told["trace"], told
    assert_ended(outcome, operation)
