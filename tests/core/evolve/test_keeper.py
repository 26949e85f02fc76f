"""The server's process that follows policies: begun when one is switched on, anew when it died, ended with the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from core.evolve import keeper
from core.evolve.following import LOCK
from core.evolve.keeper import EvolveKeeper
from core.evolve.ledger import Ledger, Ledgers
from core.evolve.policy import Policy

ROOT = Path(__file__).resolve().parents[3]
NOTES = """
import os, sys
from pathlib import Path
with open(Path(os.environ["EVERGREEN_HOME"]) / "begun.txt", "a") as notes:
    notes.write(f"{os.getpid()}\\n")
"""
FOLLOWS = NOTES + "sys.stdin.read()"  # until the server closes its input
STUBBORN = NOTES + "import time; time.sleep(300)"
PATIENCE = 60.0


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.02)


def begun(home: Path) -> list[int]:
    path = home / "begun.txt"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def switch(home: Path, *, on: bool) -> None:
    Ledgers(home).write(Ledger("Things", Policy(active=on)))


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def make(evergreen_home: Path) -> Iterator[Callable[[str], EvolveKeeper]]:
    """Make a keeper of a process with this code; all are closed at the end."""
    made: list[EvolveKeeper] = []

    def make_one(code: str = FOLLOWS) -> EvolveKeeper:
        made.append(EvolveKeeper(evergreen_home, command=(sys.executable, "-c", code)))
        return made[-1]

    yield make_one
    for each in made:
        each.close()


def test_nothing_is_begun_while_no_policy_is_switched_on(
    evergreen_home: Path, make: Callable[..., EvolveKeeper]
) -> None:
    kept = make()
    kept.look()
    switch(evergreen_home, on=False)
    kept.look()
    assert kept._child is None


def test_one_process_is_begun_for_a_policy_and_ends_with_the_last(
    evergreen_home: Path, make: Callable[..., EvolveKeeper]
) -> None:
    switch(evergreen_home, on=True)
    kept = make()
    kept.look()
    kept.look()
    until(lambda: len(begun(evergreen_home)) == 1)
    switch(evergreen_home, on=False)
    kept.look()
    assert gone(begun(evergreen_home)[0])


def test_one_that_died_is_begun_again_once_a_minute_at_most(
    evergreen_home: Path, make: Callable[..., EvolveKeeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(evergreen_home, on=True)
    kept = make()
    kept.look()
    until(lambda: len(begun(evergreen_home)) == 1)
    psutil.Process(begun(evergreen_home)[0]).kill()
    assert kept._child is not None
    kept._child.wait()
    kept.look()
    assert len(begun(evergreen_home)) == 1
    monkeypatch.setattr(keeper, "SECONDS_BETWEEN_STARTS", 0.0)
    kept.look()
    until(lambda: len(begun(evergreen_home)) == 2)


def test_where_another_process_follows_none_is_begun(evergreen_home: Path, make: Callable[..., EvolveKeeper]) -> None:
    switch(evergreen_home, on=True)
    kept = make()
    with FileLock(evergreen_home / LOCK):
        kept.look()
        assert kept._child is None
    kept.look()
    assert kept._child is not None


def test_closing_ends_the_process_and_kills_one_that_does_not_listen(
    evergreen_home: Path, make: Callable[..., EvolveKeeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(evergreen_home, on=True)
    monkeypatch.setattr(keeper, "PATIENCE_SECONDS", 0.3)
    for number, code in enumerate((FOLLOWS, STUBBORN), start=1):
        kept = make(code)
        kept.look()
        until(lambda number=number: len(begun(evergreen_home)) == number)  # type: ignore[misc]
        kept.close()
        assert gone(begun(evergreen_home)[-1])


def test_a_server_that_is_killed_takes_its_process_along(evergreen_home: Path) -> None:
    switch(evergreen_home, on=True)
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(evergreen_home), FOLLOWS], cwd=ROOT)
    until(lambda: len(begun(evergreen_home)) == 1)
    server.kill()
    server.wait()
    until(lambda: gone(begun(evergreen_home)[0]))


SERVER = """
import sys, time
from pathlib import Path
from core.evolve.keeper import EvolveKeeper
EvolveKeeper(Path(sys.argv[1]), command=(sys.executable, "-c", sys.argv[2])).look()
time.sleep(300)
"""


def test_the_setting_turns_it_off(
    evergreen_home: Path, make: Callable[..., EvolveKeeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(evergreen_home, on=True)
    monkeypatch.setattr(keeper, "SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.setenv("EVERGREEN_EVOLVE", "off")
    kept = make()
    kept.start()
    time.sleep(0.1)
    kept.close()
    assert kept._began is None
    monkeypatch.delenv("EVERGREEN_EVOLVE")
    kept = make()
    kept.start()
    until(lambda: len(begun(evergreen_home)) == 1)
    kept.close()
    assert gone(begun(evergreen_home)[0])


def test_a_policy_that_cannot_be_read_does_not_end_the_looks(
    evergreen_home: Path, make: Callable[..., EvolveKeeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.delenv("EVERGREEN_EVOLVE")
    folder = evergreen_home / "policies"
    folder.mkdir()
    (folder / "0.json").write_text('{"model": "Old", "policy": {"no such rule": 1}}', encoding="utf-8")
    kept = make()
    kept.start()
    time.sleep(0.1)
    (folder / "0.json").unlink()
    switch(evergreen_home, on=True)
    until(lambda: len(begun(evergreen_home)) == 1)


@pytest.mark.parametrize("closes", [True, False])
def test_the_real_process_ends_when_its_input_is_closed(evergreen_home: Path, closes: bool) -> None:
    switch(evergreen_home, on=False)
    environment = {**os.environ, "EVERGREEN_HOME": str(evergreen_home)}
    command = [sys.executable, "-m", "core", "evolve", *(["--until-closed"] if closes else [])]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.close()
    if closes:
        assert process.wait(PATIENCE) == 0
        return
    until(lambda: (evergreen_home / LOCK).exists())
    assert process.poll() is None
    process.terminate()
    assert process.wait(PATIENCE) == 0
