"""The one thing to do next, read from the state of the classifier; Overview shows it with its button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.data.labelling.corrections import lacking
from dashboard.parts.names import job_title
from dashboard.parts.versions.decisions import rows_wait, waiting_candidate
from dashboard.parts.versions.history import Matrix
from dashboard.shell import state
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import JOB_PLACES

if TYPE_CHECKING:
    from core.registry import VersionInfo

NOTICEABLE = 0.01  # a drop below one point is noise to a reader


@dataclass(frozen=True)
class Step:
    """A sentence, and the button that leads to the page, and its tab, where it is done."""

    sentence: str
    button: str
    to: tuple[str, ...]


def next_step(
    versions: list[VersionInfo], champion: VersionInfo | None, matrix: Matrix | None, waiting: int, *, behind: bool
) -> Step:
    """The most urgent of: a running job, a decision, a table that waits, corrections, a baseline that is better, something
    forgotten, the next batch.

    Parameters
    ----------
    versions
        The chosen classifier's versions, oldest first; at least one.
    matrix
        The accuracy matrix of the champion's line; None without a champion.
    waiting
        Number of corrections in the queue.
    behind
        Whether the baseline is better than the champion beyond chance.
    """
    classifier = versions[-1].classifier
    active = [job for job in state.active_jobs() if job.classifier == classifier]
    if active:
        job = min(active, key=lambda job: job.state == "queued")  # what is at work before what only waits
        key = "overview.next_waits" if job.state == "queued" else "overview.next_running"
        return Step(t(key, title=job_title(job)), t("overview.next_running_button"), JOB_PLACES[job.kind])
    if champion is None or matrix is None:
        return Step(t("overview.next_no_champion"), t("overview.next_no_champion_button"), ("overview",))
    candidate = waiting_candidate(classifier)
    if candidate is not None:
        sentence = t("overview.next_candidate", candidate=candidate.number, champion=champion.number)
        return Step(sentence, t("overview.next_candidate_button"), ("update",))
    if rows_wait(classifier):
        return Step(t("overview.next_rows"), t("overview.next_rows_button"), ("update", "autopilot"))
    if waiting and not lacking(state.corrections().list(classifier)):
        return Step(tn("overview.next_corrections", waiting), t("overview.next_corrections_button"), ("update",))
    if behind:
        private = bool(state.report(champion).get("privacy"))
        sentence = t("overview.next_behind_private" if private else "overview.next_behind")
        return Step(sentence, t("overview.next_behind_button"), ("train", "new"))
    if matrix.scores.shape[1] < 2:  # also where Auto has made several versions: none of them has met a batch
        return Step(
            t("overview.next_first_update", version=champion.number),
            t("overview.next_first_update_button"),
            ("use", "try"),
        )
    if worst_drop(matrix) is not None:  # which test and by how much, the verdict above says
        return Step(t("overview.next_forgot"), t("overview.next_forgot_button"), ("update",))
    return Step(t("overview.next_batch"), t("overview.next_batch_button"), ("update",))


def worst_drop(matrix: Matrix) -> tuple[int, float] | None:
    """The older test, counted from 0, that lost most, and what it lost; None when none lost noticeably."""
    test, drop = max(matrix.drops().items(), key=lambda pair: pair[1], default=(0, 0.0))
    return (test, drop) if drop >= NOTICEABLE else None


def test_name(test: int) -> str:
    """How a frozen test, counted from 0, is called on screen."""
    return t("overview.test_name", number=test + 1)
