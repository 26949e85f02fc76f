from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.jobs import Job, JobQueue, files, keeper, spare
from core.jobs.keeper import SpareKeeper
from core.jobs.queue import queue_lock
from tests.core.jobs.conftest import SCRIPTED_WORKER, until

Submit = Callable[..., Job]
WaitFor = Callable[[str, str], Job]
COMMAND = (sys.executable, str(SCRIPTED_WORKER))
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def jobs(evergreen_home: Path) -> Path:
    return evergreen_home / "jobs"


@pytest.fixture
def keep(evergreen_home: Path) -> Iterator[SpareKeeper]:
    kept = SpareKeeper(evergreen_home, command=COMMAND, free_memory=lambda: 2.0**40)
    yield kept
    kept.close()


@pytest.fixture
def ready(keep: SpareKeeper, jobs: Path) -> Callable[[], dict[str, Any]]:
    """Start a spare, and return its entry once it waits."""

    def start() -> dict[str, Any]:
        keep.look()
        until(lambda: bool(spare.offered(jobs).get("ready")))
        with queue_lock(jobs):  # under which it has just written that down
            return spare.offered(jobs)

    return start


def claim(jobs: Path, job: Job) -> dict[str, Any]:
    return files.read_json(jobs / job.id / files.CLAIM)


def starts(home: Path) -> list[str]:
    return (home / "starts.txt").read_text(encoding="utf-8").split()


def leftovers(jobs: Path) -> list[str]:
    return [path.name for path in jobs.glob(".spare*")]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_waiting_process_takes_one_job_and_ends_with_it(
    evergreen_home: Path, jobs: Path, ready: Callable[[], dict[str, Any]], submit: Submit, wait_for: WaitFor
) -> None:
    waiting = ready()
    job = submit(name="a")
    assert job.state == "running"
    assert {name: claim(jobs, job)[name] for name in ("pid", "began")} == {
        name: waiting[name] for name in ("pid", "began")
    }
    assert wait_for(job.id, "finished").result == {"version": 2}
    until(lambda: gone(waiting["pid"]))
    assert starts(evergreen_home) == ["a1"]
    assert leftovers(jobs) == []


def test_the_next_job_in_the_queue_goes_to_the_next_waiting_process(
    evergreen_home: Path, jobs: Path, ready: Callable[[], dict[str, Any]], submit: Submit, wait_for: WaitFor
) -> None:
    first_process = ready()
    first, second = submit(name="a", hold_at=1), submit(name="b")
    second_process = ready()
    assert claim(jobs, first)["pid"] == first_process["pid"] != second_process["pid"]
    (evergreen_home / "go").touch()
    wait_for(second.id, "finished")  # handed over by the worker of the first, not by this process
    assert claim(jobs, second)["pid"] == second_process["pid"]
    assert starts(evergreen_home) == ["a1", "b1"]


def test_what_the_job_writes_is_in_its_log(
    queue: JobQueue, ready: Callable[[], dict[str, Any]], wait_for: WaitFor
) -> None:
    ready()
    job = queue.submit("nothing of the kind", title="x", classifier="x", config={})
    failed = wait_for(job.id, "failed")
    assert "nothing of the kind" in str(failed.error)
    ready()
    printed = queue.submit("train", title="x", classifier="x", config={"epochs": 1, "print": "said aloud"})
    wait_for(printed.id, "finished")
    assert queue.log_tail(printed.id) == "said aloud"


def test_a_spare_that_died_is_replaced_by_an_ordinary_start(
    jobs: Path, ready: Callable[[], dict[str, Any]], submit: Submit, wait_for: WaitFor
) -> None:
    waiting = ready()
    psutil.Process(waiting["pid"]).kill()
    until(lambda: gone(waiting["pid"]))
    job = submit()
    assert claim(jobs, job)["pid"] != waiting["pid"]
    assert wait_for(job.id, "finished").result == {"version": 2}


def test_a_spare_that_does_not_take_the_job_is_ended_and_the_job_starts_once(
    evergreen_home: Path,
    jobs: Path,
    ready: Callable[[], dict[str, Any]],
    submit: Submit,
    wait_for: WaitFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spare, "PATIENCE_SECONDS", 0.3)
    waiting = ready()
    os.kill(waiting["pid"], signal.SIGSTOP)
    job = submit(name="a")
    until(lambda: gone(waiting["pid"]))
    assert claim(jobs, job)["pid"] != waiting["pid"]
    wait_for(job.id, "finished")
    assert starts(evergreen_home) == ["a1"]
    assert leftovers(jobs) == []


def test_a_spare_killed_with_its_job_leaves_an_interrupted_one_that_resumes(
    evergreen_home: Path,
    jobs: Path,
    queue: JobQueue,
    ready: Callable[[], dict[str, Any]],
    submit: Submit,
    wait_for: WaitFor,
) -> None:
    waiting = ready()
    job = submit(epochs=4, hold_at=2, checkpoints=True)
    until(lambda: len(queue.epochs(job.id)) == 2 and (jobs / job.id / files.CHECKPOINT).exists())
    os.kill(waiting["pid"], signal.SIGKILL)
    wait_for(job.id, "interrupted")
    (evergreen_home / "go").touch()
    queue.resume(job.id)
    assert wait_for(job.id, "finished").result == {"version": 4}


def test_a_job_that_a_spare_executes_can_be_stopped(
    queue: JobQueue, ready: Callable[[], dict[str, Any]], submit: Submit, wait_for: WaitFor
) -> None:
    ready()
    job = submit(epochs=5, hold_at=2)
    until(lambda: len(queue.epochs(job.id)) == 2)
    queue.stop(job.id)
    assert wait_for(job.id, "stopped").result == {"version": 2}


def test_two_servers_keep_one_spare_between_them(
    evergreen_home: Path, jobs: Path, ready: Callable[[], dict[str, Any]]
) -> None:
    waiting = ready()
    other = SpareKeeper(evergreen_home, command=COMMAND, free_memory=lambda: 2.0**40)
    other.look()
    assert spare.offered(jobs)["pid"] == waiting["pid"]
    other.close()
    assert spare.offered(jobs)["pid"] == waiting["pid"]  # it is not the other's to end


def test_a_spare_ends_with_the_server_and_the_job_it_took_does_not(
    evergreen_home: Path, jobs: Path, submit: Submit, queue: JobQueue, wait_for: WaitFor
) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(evergreen_home), str(SCRIPTED_WORKER)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    server.stdout.readline()
    first = spare.offered(jobs)
    job = submit(hold_at=1)
    server.stdout.readline()  # another waits by now
    second = spare.offered(jobs)
    assert claim(jobs, job)["pid"] == first["pid"] != second["pid"]
    server.kill()
    server.wait()
    server.stdout.close()
    until(lambda: not psutil.pid_exists(second["pid"]))
    until(lambda: leftovers(jobs) == [])
    assert queue.get(job.id).state == "running"
    (evergreen_home / "go").touch()
    assert wait_for(job.id, "finished").result == {"version": 2}


SERVER = """
import sys, time
from pathlib import Path
from core.jobs import spare
from core.jobs.keeper import SpareKeeper
home = Path(sys.argv[1])
keeper = SpareKeeper(home, command=(sys.executable, sys.argv[2]), free_memory=lambda: 2.0**40)
known = None
while True:
    keeper.look()
    waiting = spare.offered(home / "jobs")
    if waiting.get("ready") and waiting["pid"] != known:
        known = waiting["pid"]
        print(known, flush=True)
    time.sleep(0.05)
"""


def test_a_server_that_closes_takes_its_spare_along(
    evergreen_home: Path, jobs: Path, keep: SpareKeeper, ready: Callable[[], dict[str, Any]]
) -> None:
    waiting = ready()
    keep.close()
    until(lambda: gone(waiting["pid"]))
    assert leftovers(jobs) == []


def test_a_spare_that_still_loads_ends_with_its_server(
    keep: SpareKeeper, jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREPARE_SECONDS", "300")
    keep.look()
    (child,) = keep._children
    assert child.stdin is not None
    child.stdin.close()  # as the system does when the server is killed
    until(lambda: gone(child.pid))
    assert leftovers(jobs) == []


def test_a_spare_that_loaded_older_code_is_not_used(
    jobs: Path,
    keep: SpareKeeper,
    ready: Callable[[], dict[str, Any]],
    submit: Submit,
    wait_for: WaitFor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("a = 1", encoding="utf-8")
    monkeypatch.setattr(spare, "CODE", tmp_path / "code")
    old = ready()
    (tmp_path / "code" / "a.py").write_text("a = 21", encoding="utf-8")
    job = submit()
    assert claim(jobs, job)["pid"] != old["pid"]
    wait_for(job.id, "finished")
    until(lambda: gone(old["pid"]))
    second = ready()
    (tmp_path / "code" / "b.py").write_text("", encoding="utf-8")
    keep.look()
    until(lambda: gone(second["pid"]))
    assert spare.offered(jobs)["pid"] != second["pid"]


@pytest.mark.parametrize("name", ["CUDA_VISIBLE_DEVICES", "MLFLOW_TRACKING_URI", "EVERGREEN_PROVIDERS"])
def test_a_spare_with_another_environment_is_not_used(
    jobs: Path, ready: Callable[[], dict[str, Any]], submit: Submit, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    waiting = ready()
    monkeypatch.setenv(name, "another")
    assert claim(jobs, submit())["pid"] != waiting["pid"]


def test_a_spare_that_opened_another_store_is_not_used(
    evergreen_home: Path, jobs: Path, ready: Callable[[], dict[str, Any]], submit: Submit
) -> None:
    waiting = ready()
    (evergreen_home / "mlflow.db").touch()
    assert claim(jobs, submit())["pid"] != waiting["pid"]


def test_where_memory_is_short_nothing_waits(evergreen_home: Path, jobs: Path) -> None:
    free = [float(keeper.LEAST_MEMORY)]
    kept = SpareKeeper(evergreen_home, command=COMMAND, free_memory=lambda: free[0])
    kept.look()
    waiting = spare.offered(jobs)
    free[0] -= 1
    kept.look()
    until(lambda: gone(waiting["pid"]))
    assert spare.offered(jobs) == {}
    kept.look()
    assert spare.offered(jobs) == {}
    kept.close()


def test_where_the_workspace_is_missing_or_cannot_be_written_nothing_waits(
    evergreen_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SpareKeeper(tmp_path / "nowhere", command=COMMAND).look()
    assert not (tmp_path / "nowhere").exists()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    SpareKeeper(evergreen_home, command=COMMAND).look()
    assert list(evergreen_home.iterdir()) == []


def test_all_code_is_looked_at_only_on_thorough_looks(evergreen_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    agreed = spare.facts
    monkeypatch.setattr(spare, "facts", lambda home, command: asked.append(home) or agreed(home, command))
    kept = SpareKeeper(evergreen_home, command=COMMAND, free_memory=lambda: 2.0**40)
    try:
        kept.look(thorough=False)  # there is none: it has to be asked for one
        kept.look(thorough=False)
        assert len(asked) == 1
        kept.look()
        assert len(asked) == 2
    finally:
        kept.close()


def test_the_setting_turns_it_off(evergreen_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "SECONDS_BETWEEN_LOOKS", 0.01)
    looks: list[bool] = []
    monkeypatch.setattr(SpareKeeper, "look", lambda self, **_: looks.append(True))
    monkeypatch.setenv("EVERGREEN_SPARE", "off")
    kept = SpareKeeper(evergreen_home, command=COMMAND)
    kept.start()
    kept.close()
    assert looks == []
    monkeypatch.delenv("EVERGREEN_SPARE")
    kept = SpareKeeper(evergreen_home, command=COMMAND)
    kept.start()
    until(lambda: bool(looks))
    kept.close()


def test_a_process_that_still_loads_is_left_alone(
    evergreen_home: Path, jobs: Path, submit: Submit, wait_for: WaitFor
) -> None:
    command = (sys.executable, "-c", "import time; time.sleep(60)")
    loading = subprocess.Popen([*command])
    jobs.mkdir()
    with queue_lock(jobs):
        spare.announce(jobs, loading.pid, spare.facts(evergreen_home, COMMAND))
    job = submit()
    assert claim(jobs, job)["pid"] != loading.pid
    wait_for(job.id, "finished")
    assert loading.poll() is None
    assert spare.offered(jobs)["pid"] == loading.pid
    loading.kill()
    loading.wait()


def test_a_spare_holds_no_lock(evergreen_home: Path, jobs: Path, ready: Callable[[], dict[str, Any]]) -> None:
    ready()
    with queue_lock(jobs).acquire(timeout=0):
        assert [lock.name for lock in evergreen_home.glob("*.lock")] == []


def test_many_hand_overs_at_once_start_one_process(
    evergreen_home: Path, ready: Callable[[], dict[str, Any]], submit: Submit, wait_for: WaitFor
) -> None:
    for name in "abcde":
        ready()
        job = submit(name=name)
        starters = [
            subprocess.Popen([sys.executable, "-c", TICK, str(evergreen_home), *COMMAND], cwd=ROOT) for _ in "12"
        ]
        wait_for(job.id, "finished")
        for starter in starters:
            starter.wait()
    assert starts(evergreen_home) == ["a1", "b1", "c1", "d1", "e1"]


TICK = """
import sys
from pathlib import Path
from core.jobs import JobQueue
JobQueue(Path(sys.argv[1]), command=sys.argv[2:]).tick()
"""


def test_a_spare_is_prepared_behind_everybody_and_works_like_everybody(ready: Callable[[], dict[str, Any]]) -> None:
    waiting = psutil.Process(ready()["pid"])
    assert waiting.nice() == 0
    session = Path(f"/proc/{waiting.pid}/autogroup")
    if session.exists():
        assert session.read_text(encoding="ascii").endswith("nice 0\n")
