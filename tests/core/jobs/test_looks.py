from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.base.processes import identity
from core.jobs import JobQueue, files
from core.jobs import job as jobs
from core.jobs.looks import ABSENT, WATCHED, LineLooks, stamp

RUNNING, ENDED = "20260102-000000-aaaaaa", "20260101-000000-bbbbbb"


def write_job(home: Path, job_id: str, claim: dict[str, Any], progress: dict[str, Any]) -> Path:
    folder = home / "jobs" / job_id
    folder.mkdir(parents=True)
    asked = {"kind": "train", "title": "Reviews", "classifier": "Reviews", "config": {}, "created": job_id}
    files.write_json(folder / files.JOB, asked)
    files.write_json(folder / files.CLAIM, {"queued": job_id, **claim})
    files.write_json(folder / files.PROGRESS, progress)
    return folder


@pytest.fixture
def opened(evergreen_home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the workspace's files that were opened, in order."""
    names: list[str] = []
    original = Path.open

    def noting(path: Path, *arguments: Any, **named: Any) -> Any:
        if evergreen_home in path.parents:
            names.append(path.name)
        return original(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", noting)
    return names


@pytest.fixture
def process() -> Any:
    """A process that lives until the test ends it."""
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield running
    running.kill()
    running.communicate()


def test_a_look_at_jobs_that_are_as_they_were_opens_nothing(
    evergreen_home: Path, queue: JobQueue, opened: list[str]
) -> None:
    write_job(evergreen_home, ENDED, {}, {"ended": "finished", "result": {"version": 1}})
    folder = write_job(evergreen_home, RUNNING, identity(), {"fraction": 0.1})
    files.append_line(folder / files.EPOCHS, {"epoch": 1})
    first = queue.list(), queue.get(RUNNING), queue.epochs(RUNNING)
    assert [job.state for job in first[0]] == ["running", "finished"]
    opened.clear()
    assert (queue.list(), queue.get(RUNNING), queue.epochs(RUNNING)) == first
    assert opened == []


def test_a_look_reads_only_the_job_that_has_changed(evergreen_home: Path, queue: JobQueue, opened: list[str]) -> None:
    write_job(evergreen_home, ENDED, {}, {"ended": "finished", "result": {"version": 1}})
    folder = write_job(evergreen_home, RUNNING, identity(), {"fraction": 0.1})
    queue.list()
    files.write_json(folder / files.PROGRESS, {"fraction": 0.2})
    opened.clear()
    assert [job.fraction for job in queue.list()] == [0.2, 1.0]
    assert opened.count(files.PROGRESS) == 1


def test_a_process_that_dies_without_a_word_is_noticed_though_no_file_changed(
    evergreen_home: Path, queue: JobQueue, process: subprocess.Popen[bytes]
) -> None:
    write_job(evergreen_home, RUNNING, identity(process.pid), {"fraction": 0.1})
    assert queue.get(RUNNING).state == "running"
    process.kill()
    process.wait()
    assert queue.get(RUNNING).state == "interrupted"
    assert [job.state for job in queue.list()] == ["interrupted"]


def test_stop_and_checkpoint_are_seen_when_they_appear(evergreen_home: Path, queue: JobQueue) -> None:
    folder = write_job(evergreen_home, RUNNING, identity(), {"fraction": 0.1})
    broken = write_job(evergreen_home, ENDED, {"pid": 0, "began": 0.0}, {"fraction": 0.1})
    queue.list()
    (folder / files.STOP).touch()
    (broken / files.CHECKPOINT).touch()
    stopping, interrupted = queue.list()
    assert stopping.state == "stopping"
    assert "last checkpoint" in str(interrupted.error)


def test_a_job_whose_folder_is_gone_is_gone(evergreen_home: Path, queue: JobQueue) -> None:
    write_job(evergreen_home, ENDED, {}, {"ended": "stopped"})
    assert [job.id for job in queue.list()] == [ENDED]
    queue.discard(ENDED)
    assert queue.list() == []


def test_of_a_file_that_grows_only_the_new_lines_are_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, looks, parsed = tmp_path / "epochs.jsonl", LineLooks(), []
    original = files.parse_lines
    monkeypatch.setattr(files, "parse_lines", lambda text: parsed.append(text) or original(text))
    assert looks.lines(path) == []
    files.append_line(path, {"epoch": 1})
    assert looks.lines(path) == [{"epoch": 1}]
    files.append_line(path, {"epoch": 2})
    files.append_line(path, {"epoch": 3})
    assert looks.lines(path) == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]
    assert looks.lines(path) == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]
    assert parsed == [b'{"epoch": 1}\n', b'{"epoch": 2}\n{"epoch": 3}\n']


def test_a_line_on_its_way_counts_once_it_is_whole(tmp_path: Path) -> None:
    path, looks = tmp_path / "epochs.jsonl", LineLooks()
    path.write_bytes(b'{"epoch": 1}\n{"epo')
    assert looks.lines(path) == [{"epoch": 1}]
    with path.open("ab") as file:
        file.write(b'ch": 2}\n')
    assert looks.lines(path) == [{"epoch": 1}, {"epoch": 2}]


def test_a_file_written_anew_is_read_anew(tmp_path: Path) -> None:
    path, looks = tmp_path / "epochs.jsonl", LineLooks()
    path.write_text("".join(json.dumps({"epoch": number}) + "\n" for number in (1, 2)), encoding="utf-8")
    assert len(looks.lines(path)) == 2
    # Larger than before and, as some file systems do, under the same number: only its content tells.
    path.write_text("".join(json.dumps({"epoch": number}) + "\n" for number in (7, 8, 9)), encoding="utf-8")
    assert [line["epoch"] for line in looks.lines(path)] == [7, 8, 9]
    path.unlink()
    assert looks.lines(path) == []


def test_what_a_caller_does_to_its_lines_changes_nobody_elses(tmp_path: Path) -> None:
    path, looks = tmp_path / "epochs.jsonl", LineLooks()
    files.append_line(path, {"epoch": 1})
    looks.lines(path).clear()
    assert looks.lines(path) == [{"epoch": 1}]


def test_a_replaced_file_has_another_stamp_even_at_the_same_time_and_size(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    assert stamp(path) == ABSENT
    files.write_json(path, {"fraction": 0.1})
    os.utime(path, ns=(5, 5))
    before = stamp(path)
    files.write_json(path, {"fraction": 0.2})
    os.utime(path, ns=(5, 5))
    assert stamp(path) != before


def test_a_look_watches_every_file_that_says_how_a_job_stands() -> None:
    names = re.findall(r"\bfiles\.([A-Z]+)\b", inspect.getsource(jobs))
    assert names
    assert {getattr(files, name) for name in names} <= set(WATCHED)


def test_that_somebody_was_told_of_an_end_is_seen_at_the_next_look(evergreen_home: Path, queue: JobQueue) -> None:
    write_job(evergreen_home, ENDED, {}, {"ended": "finished", "result": {"version": 1}})
    assert not queue.get(ENDED).told
    queue.note_told(ENDED)
    assert queue.get(ENDED).told
    assert queue.list()[0].told
