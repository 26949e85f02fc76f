"""Where a workflow stands, on a terminal; nothing is written where nobody watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from core.base.at_work import at_work
from core.base.config import home
from core.base.events import Advanced, EpochDone, LanguageEpoch, StageStarted, StepDone
from core.registry.records import refuse_half_forgotten

_working: ContextVar[bool] = ContextVar("working", default=False)


@contextmanager
def working(*, alone: bool = False) -> Iterator[None]:
    """Be at work in the workspace; inside of another ``working``, that one counts.

    As a decorator of a command that stores texts before it learns: rows that are forgotten between the two would be
    learned all the same.

    Raises
    ------
    JobError
        When something is at work that this cannot be done beside, or rows are only partly forgotten.
    """
    if _working.get():
        yield
        return
    with at_work(home(), f"python -m core, process {os.getpid()}", alone=alone):
        if not alone:
            refuse_half_forgotten(home())
        token = _working.set(True)
        try:
            yield
        finally:
            _working.reset(token)


def consume(events: Iterator[Any], *, alone: bool = False) -> Any:
    """Run a workflow to its end and return its last event; on a terminal, show where it stands.

    Parameters
    ----------
    alone
        Whether nothing else may be at work in the workspace meanwhile.

    Raises
    ------
    JobError
        When something is at work that this cannot be done beside, or rows are only partly forgotten.
    """
    with working(alone=alone):
        return _consume(events)


def _consume(events: Iterator[Any]) -> Any:
    show = sys.stderr.isatty()
    event = None
    for event in events:
        match event:
            case StageStarted():
                sys.stderr.write(f"\r\x1b[K{event.message}\n" if show else "")
            case StepDone() if show:
                sys.stderr.write(
                    f"\repoch {event.epoch}/{event.epochs} step {event.step}/{event.steps} {event.loss:.3f} "
                )
            case Advanced() if show:
                sys.stderr.write(f"\r\x1b[K{event.fraction:4.0%} {event.message} ")
            case LanguageEpoch() if show:
                sys.stderr.write(f"\r\x1b[Kepoch {event.epoch}: perplexity {event.validation_perplexity:.1f}\n")
            case EpochDone() if show:
                name, value = next(iter(event.scores.items()))
                sys.stderr.write(f"\r\x1b[Kepoch {event.epoch}: validation {name} {value:.3f}\n")
    return event
