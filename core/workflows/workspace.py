"""The workspace: where everything that must survive lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.data.dataset.store import DatasetStore
from core.networks.sources import Sources, open_sources
from core.registry import Registry


@dataclass(frozen=True)
class Workspace:
    """One folder with its datasets, its registry, and what models may begin from."""

    home: Path
    datasets: DatasetStore
    registry: Registry
    sources: Sources


def open_workspace(home: Path) -> Workspace:
    """Open a workspace folder; costs nothing until something is asked of it."""
    return Workspace(home, DatasetStore(home), Registry(home), open_sources(home))
