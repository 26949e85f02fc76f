"""A fine-tuned MiniLM on SST-2 for the benchmarks of speed: a version that is there, or one trained on the spot."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from core.base.config import home
from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.serving.onnx.export import export_onnx
from core.workflows.precision.judging import ByLabel
from core.workflows.precision.measure import LabelledRows
from core.workflows.precision.run import choose_precision
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace

ROLES = ColumnRoles(text="text", label="label", split="split")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the texts are, and which version to take."""
    parser.add_argument("--data", type=Path, required=True, help="folder with en/sst2.csv")
    parser.add_argument("--home", type=Path, help="workspace with a version to take; without, one is trained (minutes)")
    parser.add_argument("--classifier", default="sst2 minilm", help="in that workspace; its champion is taken")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=0, help="of every side; default: as many as PyTorch takes")


def table(data: Path) -> pd.DataFrame:
    """SST-2: text, label, split."""
    return pd.read_csv(data / "en" / "sst2.csv", dtype=str)


def texts_of(rows: pd.DataFrame, count: int) -> tuple[list[str], np.ndarray]:
    """So many texts, those of the test split first, and which of them are."""
    test = (rows["split"] == "test").to_numpy()
    order = np.concatenate([np.flatnonzero(test), np.flatnonzero(rows["split"] == "validation")])
    indices = np.concatenate([order, np.flatnonzero(rows["split"] == "train")])[:count]
    return [str(text) for text in rows["text"].iloc[indices]], indices[test[indices]]


def ready_folder(asked: argparse.Namespace, scratch: Path, wanted: str = "int8") -> Path:
    """A copy of the version's folder, exported as of today, with the variants of precision that were asked for.

    The variants are judged and chosen on validation rows, as in a training.
    """
    source = _trained(asked, scratch) if asked.home is None else _taken(asked)
    folder = scratch / "version"
    shutil.copytree(source, folder)
    version = VersionFolder(folder)
    export_onnx(version.load_model(), folder / "model.onnx")
    rows = table(asked.data)
    validation = rows[rows["split"] == "validation"]
    numbers = {name: number for number, name in enumerate(version.outputs)}
    judged = LabelledRows(list(validation["text"]), np.array([numbers[label] for label in validation["label"]]))
    choose_precision(folder, wanted, list(rows[rows["split"] == "train"]["text"]), judged, ByLabel())
    return folder


def _taken(asked: argparse.Namespace) -> Path:
    registry = open_workspace(asked.home).registry
    champion = registry.champion(asked.classifier)
    if champion is None:
        raise SystemExit(f"{asked.home} has no classifier '{asked.classifier}' in use.")
    return registry.folder(champion.classifier, champion.number)


def _trained(asked: argparse.Namespace, scratch: Path) -> Path:
    """Fine-tune all-MiniLM-L6-v2 for two epochs; takes the encoders of the real workspace, which take long to convert."""
    workspace_folder = scratch / "workspace"
    workspace_folder.mkdir()
    encoders = home() / "encoders"
    if encoders.is_dir():
        os.symlink(encoders.resolve(), workspace_folder / "encoders", target_is_directory=True)
    workspace = open_workspace(workspace_folder)
    dataset, _ = build_dataset(read_table(asked.data / "en" / "sst2.csv"), ROLES)
    stored = workspace.datasets.save(dataset, name="sst2", roles=ROLES)
    settings = {"encoder": "packaged:all-minilm-l6-v2", "epochs": 2}
    sys.stderr.write("Fine-tuning MiniLM on SST-2 …\n")
    request = TrainRequest(classifier="sst2 minilm", dataset=stored.id, model="encoder", settings=settings)
    completed = last_of(train_classifier(request, workspace))
    return workspace.registry.folder("sst2 minilm", completed.version)
