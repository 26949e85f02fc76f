"""The workspace: where everything that must survive lies."""

from __future__ import annotations

from pathlib import Path

from core.data.dataset.store import DatasetStore
from core.networks.sources import open_sources
from core.registry import Registry
from core.workflows.stores import GENERATORS, Workspace

__all__ = ["Workspace", "open_workspace"]


def open_workspace(home: Path) -> Workspace:
    """Open a workspace folder; costs nothing until something is asked of it, unless an earlier edition has to be taken over."""
    workspace = Workspace(home, DatasetStore(home), Registry(home), open_sources(home))
    if (home / GENERATORS).is_dir():
        from core.workflows.earlier.generators import adopt_generators  # what takes them over loads PyTorch

        adopt_generators(workspace)
    return workspace
