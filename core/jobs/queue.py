"""Submit, look at, stop, resume and discard jobs; one runs at a time, the others wait in order.

There is no master process: whoever looks starts the next job when none runs, and a lock keeps two from doing so.
"""

from __future__ import annotations

import builtins
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import psutil
from filelock import FileLock

from core.base import files as whole
from core.base.errors import CoreError, JobError
from core.base.messages import Message
from core.base.processes import identity
from core.base.storage import storage_error
from core.base.threads import wait_quietly
from core.jobs import files, spare
from core.jobs.job import Job
from core.jobs.looks import JobLooks, LineLooks
from core.jobs.progress import now

ROOT = Path(__file__).resolve().parents[2]
WORKER = (sys.executable, "-m", "core.jobs.worker")
_ID = re.compile(r"[0-9a-z]+(-[0-9a-z]+)*")

# Started by this process: asked now and then, so that those that ended do not stay as zombies.
_children: list[subprocess.Popen[bytes]] = []


class JobQueue:
    """The jobs of one workspace. Any number of processes may look and act at the same time.

    Parameters
    ----------
    command
        What executes a job; the job's folder is added as its last argument.
    """

    def __init__(self, home: Path, *, command: Sequence[str] = WORKER) -> None:
        self._home = home.resolve()
        self._folder = self._home / "jobs"
        self._command = tuple(command)
        self._looks, self._lines = JobLooks(), LineLooks()

    def submit(
        self, kind: str, *, title: str, classifier: str, config: dict[str, Any], titled: Message | None = None
    ) -> Job:
        """Add a job; it starts at once when none runs.

        Parameters
        ----------
        titled
            The title as a sentence that a reader of another language can be told, too.

        Raises
        ------
        JobError, StorageError
            When it cannot be stored, or should start now and cannot; then there is no such job.
        """
        created = now()
        job_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        asked = {"kind": kind, "title": title, "classifier": classifier, "config": config, "created": created}
        if titled is not None:
            asked["titled"] = titled.to_dict()
        with _told(), whole.incoming_folder(self._folder) as incoming:
            files.write_json(incoming / files.JOB, asked)
            files.write_json(incoming / files.CLAIM, {"queued": created})
            whole.place(incoming, self._folder / job_id)
        failure = self._start_next()
        if failure is not None and failure[0] == job_id:
            whole.remove_folder(
                self._folder / job_id
            )  # nobody must find it started later, after having been told it was not
            raise failure[1]
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return one job; raises `JobError` when there is none of this id."""
        job = self._looks.job(self._folder_of(job_id))
        if job is None:
            raise _not_found(job_id)
        return job

    def stop(self, job_id: str) -> None:
        """Ask a running job to end with what it has learned so far; a waiting one is stopped at once."""
        with self._lock():
            job = self.get(job_id)
            folder = self._folder_of(job_id)
            if job.state == "queued":
                files.write_json(folder / files.PROGRESS, {"ended": "stopped", "finished": now()})
            elif job.state == "running":
                (folder / files.STOP).touch()
            elif job.state != "stopping":
                raise JobError(
                    "job.not_running",
                    "The run '{title}' is not running, so there is nothing to stop.",
                    title=job.title,
                )

    def resume(self, job_id: str) -> Job:
        """Put a stopped, failed or interrupted job at the end of the queue; it goes on from its last checkpoint.

        When it should start now and cannot, it stays as it was, and `JobError` or `StorageError` says why.
        """
        with _told(), self._lock():
            job = self.get(job_id)
            if not job.resumable:
                raise JobError(
                    "job.not_resumable",
                    "The run '{title}' cannot be resumed: only one that ended before it made a version can, unless it must fail "
                    "again. Start a new one instead.",
                    title=job.title,
                )
            folder = self._folder_of(job_id)
            for marker in (files.STOP, files.TOLD):
                (folder / marker).unlink(missing_ok=True)
            before = [(folder / name, whole.unfinished(folder, "outgoing")) for name in (files.PROGRESS, files.CLAIM)]
            for path, kept in before:
                if path.exists():
                    shutil.copyfile(path, kept)
            try:
                # The claim last: until then the job still counts as ended, should this process die in between.
                files.write_json(folder / files.PROGRESS, {"fraction": job.fraction})
                files.write_json(folder / files.CLAIM, {"queued": now()})
                failure = self._start_due()
                if failure is not None and failure[0] == job_id:
                    raise failure[1]
            except BaseException:
                for path, kept in before:  # a rename needs no room on the disk
                    if kept.exists():
                        whole.move_file(kept, path)
                raise
            finally:
                for _, kept in before:
                    kept.unlink(missing_ok=True)
        return self.get(job_id)

    def discard(self, job_id: str) -> None:
        """Remove an ended job and everything in its folder; the version that it made stays."""
        with _told(), self._lock():
            job = self.get(job_id)
            if not job.ended:
                raise JobError(
                    "job.not_ended",
                    "The run '{title}' has not ended. Stop it first, then remove it.",
                    title=job.title,
                )
            whole.remove_folder(self._folder_of(job_id))

    def note_told(self, job_id: str) -> None:
        """Remember that somebody was told of a job's end, so that nobody is told again who only opens another page."""
        with suppress(OSError):  # removed meanwhile
            (self._folder_of(job_id) / files.TOLD).touch()

    def epochs(self, job_id: str) -> list[dict[str, Any]]:
        """Return the figures of each epoch (the fields of `EpochDone`), in order."""
        # An epoch that was learned again after a resume counts once, as it was the last time.
        lines = self._lines.lines(self._folder_of(job_id) / files.EPOCHS)
        latest = {line["epoch"]: line for line in lines if isinstance(line.get("epoch"), int)}
        return [latest[epoch] for epoch in sorted(latest)]

    def trials(self, job_id: str) -> list[dict[str, Any]]:
        """Return the trials of a search that are over (the fields of `TrialDone`), in order."""
        # One that was run again, since the process was killed before it was saved, counts once.
        lines = self._lines.lines(self._folder_of(job_id) / files.EPOCHS)
        latest = {line["number"]: line for line in lines if isinstance(line.get("number"), int)}
        return [latest[number] for number in sorted(latest)]

    def rungs(self, job_id: str) -> list[dict[str, Any]]:
        """Return the rungs of a ladder that are over (the fields of `RungDone`), in order."""
        lines = self._lines.lines(self._folder_of(job_id) / files.EPOCHS)
        return list({line["rung"]: line for line in lines if isinstance(line.get("rung"), str)}.values())

    def log_tail(self, job_id: str, lines: int = 50) -> str:
        """Return the end of what the job's process wrote."""
        return files.read_tail(self._folder_of(job_id) / files.LOG, lines)

    def tick(self) -> None:
        """Start the job that has waited longest, when none runs; one that cannot be started now goes on waiting."""
        self._start_next()

    def _start_next(self) -> tuple[str, CoreError] | None:
        """Do what `tick` says; returns the job that should have started and did not, and why."""
        reap()
        try:
            if self._folder.is_dir():
                with self._lock():
                    return self._start_due()
        except OSError:  # a workspace that can only be read, or whose disk fails: nothing starts, and looking goes on
            return None
        return None

    def _start_due(self) -> tuple[str, CoreError] | None:
        jobs = self._look_at_all()
        if not _next_is_due(jobs):
            return None
        waiting = [job for job in jobs if job.state == "queued"]
        due = min(waiting, key=self._queued_since)
        try:
            self._start(due)
        except CoreError as error:
            return due.id, error
        except OSError as error:
            return due.id, storage_error(error) or _no_process(due, error)
        return None

    def list(self) -> list[Job]:
        """All jobs, newest first; what is not a job's folder, or a damaged one, is passed over. Never raises."""
        reap()
        jobs = self._look_at_all()
        if _next_is_due(jobs):
            self.tick()
            jobs = self._look_at_all()
        return jobs

    def look(self) -> builtins.list[Job]:
        """The same, and nothing is started."""
        return self._look_at_all()

    def _look_at_all(self) -> builtins.list[Job]:
        folders = _folders(self._folder)
        self._looks.keep_only(set(folders))
        jobs = [job for job in map(self._looks.job, folders) if job is not None]
        return sorted(jobs, key=lambda job: job.created, reverse=True)

    def _lock(self) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        return queue_lock(self._folder)

    def _folder_of(self, job_id: str) -> Path:
        if not _ID.fullmatch(job_id):  # ids arrive in links: none may lead out of the folder
            raise _not_found(job_id)
        return self._folder / job_id

    def _queued_since(self, job: Job) -> str:
        return str(files.read_json(self._folder / job.id / files.CLAIM).get("queued", job.created))

    def _start(self, job: Job) -> None:
        folder = self._folder / job.id
        executing = spare.hand_over(self._folder, job.id, spare.facts(self._home, self._command))
        if executing is None:
            with (folder / files.LOG).open("ab") as log:
                try:
                    process = launch([*self._command, str(folder)], self._home, stdin=subprocess.DEVNULL, output=log)
                except (OSError, MemoryError) as error:
                    raise _no_process(job, error) from error
            executing = identity(process.pid)
        claim = files.read_json(folder / files.CLAIM)
        try:
            files.write_json(folder / files.CLAIM, claim | executing)
        except OSError:  # it waits for the lock that is held here, and has done nothing yet
            with suppress(psutil.Error):
                psutil.Process(executing["pid"]).kill()
            raise


def launch(command: Sequence[str], home: Path, *, stdin: int, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a process of its own session, which outlives this one, for a workspace."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "EVERGREEN_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",  # a crash below Python leaves its place in the log
    }
    wait_quietly(environment)
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _children.append(process)
    return process


def queue_lock(jobs_folder: Path) -> FileLock:
    """Held by whoever starts, stops, resumes or removes a job; freed by the system when its holder dies."""
    return FileLock(jobs_folder / ".lock")


@contextmanager
def _told() -> Iterator[None]:
    """What the disk has against it, as a sentence."""
    try:
        yield
    except OSError as error:
        raise storage_error(error) or error from error


def _no_process(job: Job, error: BaseException) -> JobError:
    return JobError(
        "job.no_process",
        "No process could be started for the run '{title}' ({reason}), so it does not run and will not run later. End "
        "programs that are not needed; then start it again.",
        title=job.title,
        reason=getattr(error, "strerror", None) or type(error).__name__,
    )


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if _ID.fullmatch(entry.name) and entry.is_dir()]
    except OSError:
        return []


def _next_is_due(jobs: Sequence[Job]) -> bool:
    states = {job.state for job in jobs}
    return "queued" in states and not states & {"running", "stopping"}


def reap() -> None:
    """Let go of processes started here that have ended."""
    for child in list(_children):  # other threads may add theirs meanwhile
        if child.poll() is not None:
            with suppress(ValueError):
                _children.remove(child)
            if child.stdin is not None:
                child.stdin.close()


def _not_found(job_id: str) -> JobError:
    return JobError("job.not_found", "There is no run '{id}'. It may have been removed.", id=job_id)
