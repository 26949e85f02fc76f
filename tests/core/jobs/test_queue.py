from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.base.errors import JobError
from core.base.processes import identity
from core.jobs import Job, JobQueue, files
from tests.core.jobs.conftest import SCRIPTED_WORKER, until

Submit = Callable[..., Job]
WaitFor = Callable[[str, str], Job]


def kill(home: Path, job: Job) -> None:
    os.kill(files.read_json(home / "jobs" / job.id / files.CLAIM)["pid"], signal.SIGKILL)


def starts(home: Path) -> list[str]:
    return (home / "starts.txt").read_text(encoding="utf-8").split()


def test_a_job_runs_to_its_end_in_a_process_of_its_own(queue: JobQueue, submit: Submit, wait_for: WaitFor) -> None:
    job = submit(epochs=3)
    assert job.state == "running"
    done = wait_for(job.id, "finished")
    assert (done.result, done.fraction, done.error) == ({"version": 3}, 1.0, None)
    assert (done.message, done.seconds_left) == (None, None)
    assert (done.texts_per_second, done.device) == (100.0, "CPU")
    assert done.memory_mb is not None
    assert done.memory_mb > 1
    assert done.created <= (done.started or "") <= (done.finished or "")
    assert [line["epoch"] for line in queue.epochs(job.id)] == [1, 2, 3]
    assert queue.log_tail(job.id) == ""


def test_jobs_run_one_at_a_time_in_order_each_started_by_the_one_before(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    first, second, third = submit(name="a", hold_at=1), submit(name="b"), submit(name="c")
    assert [job.state for job in queue.list()] == ["queued", "queued", "running"]
    assert str(queue.get(second.id).message) == "Waiting until the run before it is done."
    (evergreen_home / "go").touch()
    for job in (first, second, third):
        wait_for(job.id, "finished")  # looks only: nobody but the workers starts anything
    assert starts(evergreen_home) == ["a1", "b1", "c1"]
    assert [job.id for job in queue.list()] == [third.id, second.id, first.id]


def test_a_killed_job_is_interrupted_and_resumes_from_its_checkpoint(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    job = submit(epochs=4, hold_at=2, checkpoints=True)
    checkpoint = evergreen_home / "jobs" / job.id / files.CHECKPOINT
    until(lambda: len(queue.epochs(job.id)) == 2 and checkpoint.exists())
    until(lambda: not (checkpoint.parent / f".{files.CHECKPOINT}").exists())
    kill(evergreen_home, job)
    interrupted = wait_for(job.id, "interrupted")
    assert "Resume continues" in str(interrupted.error)
    (evergreen_home / "go").touch()
    assert queue.resume(job.id).state == "running"
    done = wait_for(job.id, "finished")
    assert (done.result, done.error) == ({"version": 4}, None)
    assert [line["epoch"] for line in queue.epochs(job.id)] == [1, 2, 3, 4]
    assert starts(evergreen_home)[0] == "1"
    assert starts(evergreen_home)[1] in ("2", "3")  # after the last state that was stored whole
    until(lambda: not checkpoint.exists())


def test_after_a_kill_whoever_looks_starts_the_next(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    first, second = submit(hold_at=1), submit()
    kill(evergreen_home, first)
    wait_for(first.id, "interrupted")
    assert "had saved anything" in str(queue.get(first.id).error)
    JobQueue(evergreen_home, command=(sys.executable, str(SCRIPTED_WORKER))).list()
    assert wait_for(second.id, "finished").result == {"version": 2}


def test_stopping_a_running_job_keeps_what_it_made(queue: JobQueue, submit: Submit, wait_for: WaitFor) -> None:
    job = submit(epochs=5, hold_at=2)
    until(lambda: len(queue.epochs(job.id)) == 2)
    queue.stop(job.id)
    stopped = wait_for(job.id, "stopped")
    assert stopped.result == {"version": 2}
    assert not stopped.resumable
    with pytest.raises(JobError, match="cannot be resumed"):
        queue.resume(job.id)


def test_a_job_without_a_saved_state_begins_again(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    job = submit(epochs=3, hold_at=2)
    until(lambda: len(queue.epochs(job.id)) == 2)
    kill(evergreen_home, job)
    wait_for(job.id, "interrupted")
    (evergreen_home / "go").touch()
    queue.resume(job.id)
    assert wait_for(job.id, "finished").result == {"version": 3}
    assert starts(evergreen_home) == ["1", "1"]
    assert [line["epoch"] for line in queue.epochs(job.id)] == [1, 2, 3]


def test_a_job_stopped_while_it_waited_can_be_taken_up_again(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    first, second = submit(hold_at=1), submit()
    queue.stop(second.id)
    assert queue.resume(second.id).state == "queued"
    (evergreen_home / "go").touch()
    wait_for(first.id, "finished")
    wait_for(second.id, "finished")


def test_stopping_a_waiting_job_takes_it_out_at_once(queue: JobQueue, submit: Submit, wait_for: WaitFor) -> None:
    first, second = submit(hold_at=1), submit()
    queue.stop(second.id)
    assert queue.get(second.id).state == "stopped"
    queue.stop(first.id)
    queue.stop(first.id)  # a second click changes nothing
    wait_for(first.id, "stopped")
    with pytest.raises(JobError, match="not running"):
        queue.stop(first.id)
    assert queue.get(second.id).started is None


def test_a_stop_that_is_not_seen_yet_shows_as_stopping(evergreen_home: Path, queue: JobQueue, submit: Submit) -> None:
    job = submit(hold_at=1)
    claim = evergreen_home / "jobs" / job.id / files.CLAIM
    os.kill(files.read_json(claim)["pid"], signal.SIGSTOP)
    queue.stop(job.id)
    assert queue.get(job.id).state == "stopping"


def test_many_starters_start_one_process(evergreen_home: Path, queue: JobQueue, submit: Submit) -> None:
    submit(name="first", hold_at=1)
    job = submit(name="second", hold_at=1)
    until(lambda: (evergreen_home / "starts.txt").exists())
    with ThreadPoolExecutor(8) as pool:
        queues = [JobQueue(evergreen_home, command=(sys.executable, str(SCRIPTED_WORKER))) for _ in range(8)]
        queue.stop(queue.list()[1].id)
        for _ in range(20):
            list(pool.map(JobQueue.tick, queues))
    until(lambda: queue.get(job.id).state == "running" and bool(queue.epochs(job.id)))
    assert starts(evergreen_home).count("second1") == 1


def test_a_second_process_for_the_same_job_leaves_it_alone(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    job = submit(hold_at=1)
    until(lambda: (evergreen_home / "starts.txt").exists())
    folder = evergreen_home / "jobs" / job.id
    claim = files.read_json(folder / files.CLAIM)
    subprocess.run([sys.executable, str(SCRIPTED_WORKER), str(folder)], check=True, timeout=30)
    assert files.read_json(folder / files.CLAIM) == claim
    assert starts(evergreen_home) == ["1"]
    (evergreen_home / "go").touch()
    wait_for(job.id, "finished")


def test_a_process_number_given_to_another_process_is_not_taken_for_the_job(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    job = submit()
    wait_for(job.id, "finished")
    folder = evergreen_home / "jobs" / job.id
    files.write_json(folder / files.PROGRESS, {"fraction": 0.5})
    files.write_json(folder / files.CLAIM, identity() | {"began": 1.0})
    assert queue.get(job.id).state == "interrupted"
    files.write_json(folder / files.CLAIM, identity())
    assert queue.get(job.id).state == "running"


def test_damaged_folders_are_passed_over_and_the_rest_goes_on(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    jobs = evergreen_home / "jobs"
    for name, content in (
        ("empty", None),
        ("torn", '{"kind": "tr'),
        ("other", "[1, 2]"),
        ("short", '{"kind": "train"}'),
    ):
        (jobs / name).mkdir(parents=True)
        if content is not None:
            (jobs / name / files.JOB).write_text(content, encoding="utf-8")
    (jobs / "a file").touch()
    job = submit()
    wait_for(job.id, "finished")
    (jobs / job.id / files.PROGRESS).write_text('{"ended": "fin', encoding="utf-8")
    wait_for(job.id, "interrupted")  # once its process is gone
    assert [(found.id, found.state) for found in queue.list()] == [(job.id, "interrupted")]
    with pytest.raises(JobError, match="no run 'torn'"):
        queue.get("torn")


@pytest.mark.parametrize("job_id", ["", "..", "../datasets", "/etc", "nothing", ".incoming-1"])
def test_ids_that_are_none_are_refused(queue: JobQueue, job_id: str) -> None:
    for act in (queue.get, queue.stop, queue.resume, queue.discard):
        with pytest.raises(JobError, match="There is no run"):
            act(job_id)


def test_only_ended_jobs_can_be_discarded_and_only_unfinished_ones_resumed(
    evergreen_home: Path, queue: JobQueue, submit: Submit, wait_for: WaitFor
) -> None:
    first, second = submit(hold_at=1), submit()
    for job in (first, second):
        with pytest.raises(JobError, match="has not ended"):
            queue.discard(job.id)
        with pytest.raises(JobError, match="cannot be resumed"):
            queue.resume(job.id)
    (evergreen_home / "go").touch()
    for job in (first, second):
        wait_for(job.id, "finished")
        with pytest.raises(JobError, match="cannot be resumed"):
            queue.resume(job.id)
        queue.discard(job.id)
    assert queue.list() == []
    assert [path.name for path in (evergreen_home / "jobs").iterdir()] == [".lock"]


def test_looking_at_an_empty_workspace_leaves_no_trace(evergreen_home: Path, queue: JobQueue) -> None:
    assert queue.list() == []
    queue.tick()
    assert list(evergreen_home.iterdir()) == []


def test_the_queue_imports_neither_torch_nor_mlflow() -> None:
    code = "import core.jobs, core.jobs.worker, sys; sys.exit(bool({'torch', 'mlflow'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
