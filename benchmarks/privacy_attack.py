"""Can it be told which rows a model learned, with and without differential privacy? A likelihood-ratio attack, and canaries.

    python benchmarks/privacy_attack.py --data ../shared/data/en --epsilon 0 3
    python benchmarks/privacy_attack.py --data ../shared/data/en --table customer_reviews --epochs 30 --shadows 32

A version is trained on some rows of the table, in a workspace that is thrown away, and attacked as the Evaluate page attacks one:
shadow models with its settings learn a random half of its training rows each, and each of them is attacked by means of the
others. An ε of 0 stands for no privacy. All epochs are run and the last is kept (``patience=0``), so that the model learns its
rows by heart as far as it can. Test rows take no part in the attack; accuracy is theirs. Prints Markdown.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from core.base.events import last_of
from core.base.messages import Message
from core.base.wording import score
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.workflows.membership.request import MembershipRequest
from core.workflows.membership.run import attack_membership
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace

COLUMNS = (
    "ε promised",
    "accuracy",
    "AUC",
    "recognised at 1 % false alarms",
    "AUC of canaries",
    "exposure, learned / not",
    "ε proved",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--table", default="sst2")
    parser.add_argument("--model", default="ngrams")
    parser.add_argument("--rows", type=int, default=4000, help="of the table at most, drawn by chance")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--epsilon", type=float, nargs="+", default=[0.0], help="0: no privacy")
    parser.add_argument("--shadows", type=int, default=16)
    parser.add_argument("--canaries", type=int, default=64)
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="of the model, such as learning_rate=0.01"
    )
    asked = parser.parse_args()
    rows = pd.read_csv(asked.data / f"{asked.table}.csv")[["text", "label"]].astype(str)
    rows = rows.iloc[np.sort(np.random.default_rng(0).permutation(len(rows))[: asked.rows])]
    print(f"{asked.table}, {asked.model}, {len(rows):,} rows, {asked.epochs} epochs, {asked.shadows} shadow models\n")
    print(f"| {' | '.join(COLUMNS)} | seconds |\n|{'---|' * (len(COLUMNS) + 1)}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        dataset, _ = build_dataset(rows, ColumnRoles("text", "label"))
        stored = workspace.datasets.save(dataset, name=asked.table, roles=ColumnRoles("text", "label"))
        for epsilon in asked.epsilon:
            began = time.monotonic()
            record, accuracy = attacked(f"at {epsilon:g}", stored.id, epsilon, asked, workspace)
            print(f"| {line(record, accuracy)} | {time.monotonic() - began:.0f} |", flush=True)
            print(Message.from_dict(record["verdict"]), file=sys.stderr)


def attacked(
    name: str, dataset: str, epsilon: float, asked: argparse.Namespace, workspace: Workspace
) -> tuple[dict[str, Any], float]:
    """Train a version, attack it; the record of the attack, and the version's accuracy on its test."""
    settings: dict[str, Any] = {"epochs": asked.epochs, "patience": 0, **dict(pair.split("=", 1) for pair in asked.set)}
    if epsilon:
        settings |= {"private": True, "epsilon": epsilon, "privacy_budget": epsilon}
    last_of(
        train_classifier(
            TrainRequest(classifier=name, dataset=dataset, model=asked.model, settings=settings), workspace
        )
    )
    request = MembershipRequest(
        classifier=name,
        audit_shadows=asked.shadows,
        audit_canaries=asked.canaries,
        audit_minutes=480,
        audit_rows=max(100, asked.rows),
    )
    record = last_of(attack_membership(request, workspace)).record
    report = VersionFolder(workspace.registry.folder(name, 1)).report()
    return record, float(report["overall"]["accuracy"]["value"])


def line(record: dict[str, Any], accuracy: float) -> str:
    promised, bound, exposure = record["promised"], record["epsilon"], record["exposure"]
    canaries = record["canaries"]
    return " | ".join(
        (
            "none" if promised is None else f"{promised['epsilon']:.2f}",
            f"{accuracy:.3f}",
            score(**record["attack"]["auc"]),
            score(**record["attack"]["hits"]),
            "–" if canaries is None else score(**canaries["auc"]),
            "–" if exposure is None else f"{exposure['inserted']['value']:.2f} / {exposure['absent']['value']:.2f}",
            "–" if bound is None else f"≥ {bound['value']:.2f} (at most {bound['most']:.2f})",
        )
    )


if __name__ == "__main__":
    main()
