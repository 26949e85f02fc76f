"""What one step of a policy works with, and how it finds the run that it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.evolve.ledger import Batch, Ledger
from core.jobs import Job, JobQueue
from core.registry import VersionInfo
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

MOST_TRIES = 3  # resumes of an interrupted run


@dataclass(frozen=True)
class Context:
    """The workspace, its queue, and the moment."""

    workspace: Workspace
    queue: JobQueue
    now: datetime

    @property
    def stamp(self) -> str:
        return self.now.isoformat(timespec="seconds")

    def folder_of(self, version: VersionInfo) -> VersionFolder:
        """The files of a version."""
        return VersionFolder(self.workspace.registry.folder_of(version))

    def job_of(self, ledger: Ledger, batch: Batch, kind: str) -> Job | None:
        """The newest run of a kind that is about a batch, also where the process died before it could write down which."""
        jobs = [job for job in self.queue.list() if job.kind == kind and job.classifier == ledger.model]
        same = (job for job in jobs if str(job.config.get("dataset")) == batch.dataset and since(batch, job.created))
        return next((job for job in jobs if job.id == batch.job), None) or next(same, None)

    def goes_on(self, batch: Batch, job: Job) -> bool:
        """Resume a run that was interrupted, a few times; whether that was done."""
        if not (job.state == "interrupted" and job.resumable and batch.tries < MOST_TRIES):
            return False
        batch.tries += 1
        self.queue.resume(job.id)
        return True


def since(batch: Batch, created: str) -> bool:
    """Whether something was made after a batch was written down: a person may have learned the same rows before."""
    return datetime.fromisoformat(created) >= datetime.fromisoformat(batch.at)
