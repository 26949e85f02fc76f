"""Where a workflow stands, on a terminal; nothing is written where nobody watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from core.at_work import at_work
from core.config import home
from core.events import Advanced, EpochDone, LanguageEpoch, StageStarted, StepDone


def consume(events: Iterator[Any], *, alone: bool = False) -> Any:
    """Run a workflow to its end and return its last event; on a terminal, show where it stands.

    Parameters
    ----------
    alone
        Whether nothing else may be at work in the workspace meanwhile.

    Raises
    ------
    JobError
        When something is at work that this cannot be done beside.
    """
    with at_work(home(), f"python -m core, process {os.getpid()}", alone=alone):
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
                sys.stderr.write(f"\r\x1b[Kepoch {event.epoch}: validation macro-F1 {event.validation_macro_f1:.3f}\n")
    return event
