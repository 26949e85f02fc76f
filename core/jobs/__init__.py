"""Work that outlives the page: each job is a folder, executed by a process of its own.

Knows nothing of what a job computes (``core.workflows`` does); who executes a job is this package's business alone.
"""

from core.jobs.job import Job
from core.jobs.queue import JobQueue

__all__ = ["Job", "JobQueue"]
