"""A version in the making: what learns, from what, for whom, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.base.events import Ended, EpochDone, Finished
from core.base.messages import Message
from core.continual.gate.rules import GateConfig
from core.continual.strategies import Strategy
from core.data.dataset.splitting import Split
from core.tasks.answering import Engine
from core.workflows.learn.private import Plan
from core.workflows.versions.folder import ExperienceRecord, Learner, VersionFolder
from core.workflows.versions.frozen_tests import (
    FrozenTest,
)
from core.workflows.versions.past import Summary


@dataclass(frozen=True)
class Completed(Ended):
    """The last event of a workflow: the version that was made, and its report.

    Parameters
    ----------
    engine
        What answers as the version does from what a frozen encoder said of texts before; None where nothing is kept.
    """

    version: int
    report: dict[str, Any]
    engine: Engine | None = None

    def outcome(self) -> dict[str, Any]:
        return {"version": self.version}


@dataclass(frozen=True)
class VersionStream:
    """Everything a version has met: its experiences, their frozen tests, and what it learned from.

    Parameters
    ----------
    parts
        Parts that the rows of an experience's dataset went to; of those that are not among them, ``before`` tells it.
    met
        All training and validation rows so far, in short.
    first
        The training rows where there were none before: texts, and the name of each one's label.
    """

    records: list[ExperienceRecord]
    parts: dict[int, Split]
    tests: list[FrozenTest]
    met: Summary
    language: str
    synthetic: bool
    findings: list[Message]
    before: VersionFolder | None = None
    first: tuple[Sequence[str], Sequence[str]] | None = None


@dataclass(frozen=True)
class Parent:
    """The version that a candidate was made from, the rules by which it may follow it, and the batch's drift.

    No batch, no rules and no drift: the candidate only leaves something out of its parent.
    """

    number: int
    report: dict[str, Any]
    rules: GateConfig | None
    drift: dict[str, Any] | None


@dataclass
class Candidate:
    """A version in the making: what learns, from what, and how it went.

    Parameters
    ----------
    parent
        Version that this one is made from; None at a first training.
    started
        Seconds on the monotonic clock when the run began.
    forgotten
        What was subtracted from the parent, where that is all that was done.
    privacy
        What is promised to those it learns from, and spent; None where nothing is.
    mitigation
        What was done against unequal treatment of groups, and with how many rows; see `core.fairness.treatment.described`.
    """

    classifier: str
    learner: Learner
    strategy: Strategy
    stream: VersionStream
    run_id: str
    parent: Parent | None = None
    started: float = field(default_factory=time.monotonic)
    epochs: list[EpochDone] = field(default_factory=list)
    finished: Finished | None = None
    forgotten: dict[str, Any] | None = None
    privacy: Plan | None = None
    mitigation: dict[str, Any] | None = None

    def promised(self) -> dict[str, Any] | None:
        """What the version promises and has spent, of a run that was stopped for the epochs that were run."""
        if self.privacy is not None:
            epochs = self.finished.best_epoch if self.finished is not None else 0
            return self.privacy.after(epochs, self.learner.settings.training.epochs).to_dict()
        if self.parent is not None and self.forgotten is not None:
            stored: dict[str, Any] | None = self.parent.report.get("privacy")
            return stored
        return None
