"""``prepare``: a workspace with its registry, so that the first page need not wait. Where it is already, it only looks.

What was made is noted in the workspace, so that every start but the first costs a look at a few files, and loads none
of the packages that read tables or keep models.
"""

from __future__ import annotations

import argparse
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.base.config import home
from core.base.files import read_json, write_json
from core.base.leftovers import sweep
from core.cli.printing import tell

NOTE = "prepared.json"


def prepare(asked: argparse.Namespace) -> None:
    folder = home()
    sweep(folder)
    wanted = {"made_of": {"mlflow": version("mlflow")}}
    if _read(folder / NOTE) != wanted or not _has_database(folder):
        _make(folder)
        write_json(folder / NOTE, wanted, indent=2)
    tell(asked, {"workspace": str(folder)}, f"Workspace {folder} is ready.")


def _make(folder: Path) -> None:
    """Create the registry, and keep its lists, so that the first page need not ask."""
    from core.registry import Glance

    folder.mkdir(parents=True, exist_ok=True)
    glance = Glance(folder)
    glance.registry.classifiers()
    glance.classifiers()


def _has_database(folder: Path) -> bool:
    """Whether the registry's file is there; one on a team's server is its own business."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return True
    database = folder / "mlflow.db"
    return database.is_file() and database.stat().st_size > 0


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = read_json(path)
        return stored if isinstance(stored, dict) else {}
    except (OSError, ValueError):
        return {}
