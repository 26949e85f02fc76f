"""Several may be at work in a workspace, or one alone; a killed one is in nobody's way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.base.at_work import NOTES, at_work, who
from core.base.errors import JobError

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from pathlib import Path
from core.base.at_work import at_work
with at_work(Path(sys.argv[1]), sys.argv[2], alone=sys.argv[3] == "alone"):
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(evergreen_home: Path) -> Iterator[object]:
    """Starts other processes that are at work until they are told to end."""
    running = []

    def start(title: str, how: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(evergreen_home), title, how]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_runs_work_side_by_side_and_forgetting_is_told_whom_it_would_disturb(
    evergreen_home: Path, hold: object
) -> None:
    hold("Shop reviews", "beside")  # type: ignore[operator]
    with at_work(evergreen_home, "another") as inside:
        assert inside
        assert sorted(who(evergreen_home)) == ["Shop reviews", "another"]
    with (
        pytest.raises(JobError, match=r"there is: Shop reviews\. Nothing was changed"),
        at_work(evergreen_home, "forget", alone=True),
    ):
        pass


def test_nothing_starts_beside_forgetting(evergreen_home: Path, hold: object) -> None:
    hold("Forget rows of Shop", "alone")  # type: ignore[operator]
    for alone in (False, True):
        with pytest.raises(JobError, match="Forget rows of Shop"), at_work(evergreen_home, "train", alone=alone):
            pass


def test_the_lock_of_a_killed_process_is_free(evergreen_home: Path, hold: object) -> None:
    process = hold("Forget rows of Shop", "alone")  # type: ignore[operator]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list((evergreen_home / NOTES).iterdir())
    with at_work(evergreen_home, "train"):
        assert who(evergreen_home) == ["train"]
    assert list((evergreen_home / NOTES).iterdir()) == []


def test_one_waits_as_long_as_it_wants(evergreen_home: Path, hold: object) -> None:
    process = hold("Forget rows of Shop", "alone")  # type: ignore[operator]
    asked: list[list[str]] = []

    def wait(others: list[str]) -> bool:
        asked.append(others)
        if len(asked) == 2:
            process.communicate("")  # it ends
        return True

    with at_work(evergreen_home, "train", wait=wait) as inside:
        assert inside
    assert asked == [["Forget rows of Shop"]] * 2
    hold("Forget rows of Shop", "alone")  # type: ignore[operator]
    with at_work(evergreen_home, "train", wait=lambda others: False) as inside:
        assert not inside


def test_where_nothing_can_be_changed_nobody_is_in_the_way(tmp_path: Path) -> None:
    with at_work(tmp_path / "missing", "inspect") as inside:
        assert inside
    assert not (tmp_path / "missing").exists()
