"""What the versions of one classifier take on the disk, with unchanged files stored once and without.

A hashed classifier under ridge is updated again and again: ``python benchmarks/storage.py --versions 10``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace

GOOD, BAD = ("great", "lovely", "perfect", "superb", "happy"), ("awful", "broken", "useless", "dreadful", "sad")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--rows", type=int, default=150)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(Path(folder))
        for number in range(1, asked.versions + 1):
            make(workspace, number, asked.rows)
            once, every = sizes(workspace.home / "artifacts")
            print(f"version {number:>3}: {every / 1e6:8.1f} MB of files, {once / 1e6:8.1f} MB on the disk", flush=True)


def make(workspace: Workspace, number: int, rows: int) -> None:
    generator = np.random.default_rng(number)
    words = [(BAD, GOOD)[row % 2][generator.integers(5)] for row in range(rows)]
    texts = tuple(f"thing {number}x{row} is {word}" for row, word in enumerate(words))
    dataset = TextDataset(texts, np.arange(rows) % 2, ("negative", "positive"))
    stored = workspace.datasets.save(dataset, name=f"batch {number}", roles=ColumnRoles("text", "label"))
    if number == 1:
        request = TrainRequest(classifier="Shop", dataset=stored.id, model="hashed", strategy="ridge", settings={})
        list(train_classifier(request, workspace))
    else:
        update = UpdateRequest(classifier="Shop", dataset=stored.id, strategy="ridge", promote="always")
        list(update_classifier(update, workspace))


def sizes(folder: Path) -> tuple[int, int]:
    """Bytes on the disk, where a shared file counts once, and bytes of all versions' files, as if each had its own."""
    paths = [Path(parent) / name for parent, name in every_file(folder)]
    known = {path.stat().st_ino: path.stat().st_size for path in paths}
    own = [path.stat().st_size for path in paths if ".content" not in path.parts]
    return sum(known.values()), sum(own)


def every_file(folder: Path) -> Iterator[tuple[str, str]]:
    for parent, _, names in os.walk(folder):
        yield from ((parent, name) for name in names)


if __name__ == "__main__":
    main()
