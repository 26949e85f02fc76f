"""What a workspace consists of; `core.workflows.workspace` opens one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.data.dataset.store import DatasetStore
from core.networks.sources import Sources
from core.registry import Registry

GENERATORS = "generators"  # where earlier editions kept language models


@dataclass(frozen=True)
class Workspace:
    """One folder with its datasets, its registry, and what models may begin from."""

    home: Path
    datasets: DatasetStore
    registry: Registry
    sources: Sources
