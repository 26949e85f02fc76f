"""Before a batch is learned, strategies are tried on validation rows: a run of its own, whose winner learns the batch."""

from __future__ import annotations

from core.base.messages import message
from core.evolve.context import Context
from core.evolve.ledger import Batch, Ledger
from core.evolve.policy import TRY
from core.workflows.requests import AUTO


def is_tried(ledger: Ledger, batch: Batch, context: Context) -> bool:
    """Whether it is known how a batch is learned; begins the trial, or follows it, where it is not."""
    if batch.strategy or ledger.policy.strategy != TRY:
        return True
    job = context.job_of(ledger, batch, "trial")
    if job is None:
        config = {
            "classifier": ledger.model,
            "dataset": batch.dataset,
            "minutes": ledger.policy.trial_minutes,
        }
        titled = message(
            "evolve.trial_title",
            "Strategies tried for '{classifier}', batch {number}",
            classifier=ledger.model,
            number=batch.number,
        )
        job = context.queue.submit("trial", title=str(titled), titled=titled, classifier=ledger.model, config=config)
        batch.job, batch.state = job.id, "trying"
    if not job.ended or context.goes_on(batch, job):
        return False
    outcome = job.result or {}
    batch.strategy, batch.tried = str(outcome.get("strategy", AUTO)), list(outcome.get("tried", ()))
    batch.job, batch.tries = "", 0
    return True
