"""``prepare``: a workspace with its registry and the samples. Where they are already, it only looks.

What was made is noted in the workspace, so that every start but the first costs a look at a few files, and loads none
of the packages that read tables or keep models. A sample that somebody has deleted stays deleted.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.base.config import home
from core.base.files import read_json, write_json
from core.base.leftovers import sweep
from core.cli.printing import tell

NOTE = "prepared.json"
SAMPLES = Path(__file__).resolve().parents[2] / "data" / "dataset" / "samples"


def prepare(asked: argparse.Namespace) -> None:
    folder = home()
    sweep(folder)
    wanted = _fingerprint()
    note = _read(folder / NOTE)
    if note.get("made_of") != wanted or not _has_database(folder):
        note = {"made_of": wanted, "samples": _make(folder)}
        _write(folder / NOTE, note)
    count = sum((folder / "datasets" / f"{name}.json").exists() for name in note["samples"])
    content = {"workspace": str(folder), "samples": count}
    tell(asked, content, f"Workspace {folder} is ready, with {count} sample datasets.")


def _make(folder: Path) -> list[str]:
    """Create what is missing; returns the ids of the samples' datasets."""
    from core.registry import Glance
    from core.workflows.train.samples import save_samples
    from core.workflows.workspace import open_workspace

    workspace = open_workspace(folder)
    workspace.registry.classifiers()
    saved = save_samples(workspace)
    Glance(folder).classifiers()  # keeps the list, so that the first page need not ask
    return [stored.id for stored in saved]


def _fingerprint() -> dict[str, str]:
    """What a prepared workspace depends on: the samples, and the version of what keeps its registry."""
    files = sorted(SAMPLES.glob("*_first.csv"))
    return {"mlflow": version("mlflow")} | {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _has_database(folder: Path) -> bool:
    """Whether the registry's file is there; one on a team's server is its own business."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return True
    database = folder / "mlflow.db"
    return database.is_file() and database.stat().st_size > 0


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = read_json(path)
        return stored if isinstance(stored["samples"], list) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(path: Path, note: dict[str, Any]) -> None:
    write_json(path, note, indent=2)
