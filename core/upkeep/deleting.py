"""A model goes, with everything that is kept of it beside its versions."""

from __future__ import annotations

from pathlib import Path

from core.data.labelling.corrections import Corrections
from core.evolve.ledger import Ledgers
from core.registry import Registry
from core.registry.records import FairnessStore
from core.serving.monitor.store import MonitorStore


def delete_model(home: Path, name: str) -> None:
    """Remove a model with its versions, its corrections, its policy, what was counted of it in use, and its measurements of
    fairness.

    Raises
    ------
    RegistryError
        When there is no such model; then nothing is removed.
    """
    Registry(home).delete(name)
    Ledgers(home).remove(name)
    queue = Corrections(home)
    queue.remove(name, [correction.text for correction in queue.list(name)])
    MonitorStore(home).delete(name)
    FairnessStore(home).remove(name)
