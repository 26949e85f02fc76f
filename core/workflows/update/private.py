"""What an update of a version spends of what it has promised, asked before anything is learned."""

from __future__ import annotations

import numpy as np

from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import key_numbers
from core.workflows.learn.private import Plan, plan, promise_of, protected
from core.workflows.requests import Settings
from core.workflows.versions.past import Past


def planned_update(train: TextDataset, past: Past, settings: Settings, strategy: str) -> Plan | None:
    """What learning these training rows would spend; None where nothing is promised.

    Raises
    ------
    ConfigError
        When the promise would be broken or taken back, or the budget exceeded.
    """
    folder = past.folder
    promise = promise_of(folder.report())
    if promise is None and not settings.privacy.private:
        return None
    units = protected(settings, len(train), train.groups) if settings.privacy.private else len(train)
    return plan(
        settings,
        folder.model_name,
        strategy,
        folder.task,
        len(train),
        units,
        len(folder.experiences()) + 1,
        promise.spends if promise is not None else (),
        promise.delta if promise is not None else None,
        promise is None or is_apart(train, past, promise.unit),
        promise.budget if promise is not None else None,
        train.groups,
    )


def is_apart(train: TextDataset, past: Past, unit: str) -> bool:
    """Whether nobody in these rows was learned from before, as far as that can be known."""
    if past.missing:
        return False
    if unit == "group":
        return not set(train.groups or ()) & past.groups.keys()
    return not np.isin(key_numbers(train.texts), past.met.keys[~past.met.validated]).any()
