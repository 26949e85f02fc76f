"""The workspace: where everything that must survive lies."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from core.data.dataset.store import DatasetStore
from core.networks.sources import Sources, open_sources
from core.registry import Registry
from core.workflows.earlier import is_waiting

EARLIER = "core.workflows.earlier.generators"


@dataclass(frozen=True)
class Workspace:
    """One folder with its datasets, its registry, and what models may begin from."""

    home: Path
    datasets: DatasetStore
    registry: Registry
    sources: Sources


def open_workspace(home: Path) -> Workspace:
    """Open a workspace folder; costs nothing until something is asked of it, unless an earlier edition has to be taken over."""
    workspace = Workspace(home, DatasetStore(home), Registry(home), open_sources(home))
    if is_waiting(home):
        import_module(EARLIER).adopt_generators(workspace)  # loads PyTorch, and opens the workspace itself
    return workspace
