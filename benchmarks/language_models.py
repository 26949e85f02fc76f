"""Language models of one's own texts beside n-grams, and what an update with other texts costs the first ones.

    python benchmarks/language_models.py --data ../shared/data

Default settings, the product's own split (seed 0), one line a table. Then the English model learns as many sentences of
another kind as are asked for, once by plain fine-tuning and once with remembered texts, from the same first version.
Perplexity on frozen test texts, with its 95 % interval; lower is better. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace

TABLES = ("en/customer_reviews.csv", "zh/takeaway.csv")
OTHER = "en/sst2.csv"
ROLES = ColumnRoles(text="text", label="label")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/ and zh/")
    parser.add_argument("--other", type=int, default=3000, help="sentences of the second kind")
    parser.add_argument("--set", nargs="*", default=[], help="settings for every run, name=value")
    asked = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in asked.set)
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        print("| data | test texts | model | n-grams | training s |\n|---|---|---|---|---|", flush=True)
        for table in TABLES:
            report = _train(workspace, table, _save(workspace, asked.data / table, table), settings)
            seconds = sum(epoch["seconds"] for epoch in report["epochs"])
            test = report["tests"][-1]["report"]
            cells = [table, f"{test['rows']:,}", _told(test), _told(report["baseline"]["report"]), f"{seconds:.0f}"]
            print(f"| {' | '.join(cells)} |", flush=True)
        batch = _save(workspace, asked.data / OTHER, "other", asked.other)
        print(
            "\n| update with other sentences | first test before | after | their own test |\n|---|---|---|---|",
            flush=True,
        )
        for strategy in ("finetune", "replay"):
            print(f"| {' | '.join([strategy, *_updated(workspace, batch, strategy)])} |", flush=True)


def _save(workspace: Workspace, path: Path, name: str, rows: int | None = None) -> str:
    dataset, _ = build_dataset(read_table(path), ROLES)
    if rows is not None:
        dataset = dataset.take(range(rows))
    return workspace.datasets.save(dataset, name=name, roles=ROLES).id


def _train(workspace: Workspace, name: str, dataset: str, settings: dict[str, str]) -> dict[str, Any]:
    request = TrainRequest(
        classifier=name.replace("/", " "),
        dataset=dataset,
        model="causal",
        task="language_modelling",
        settings=dict(settings),
    )
    completed = last_of(train_classifier(request, workspace))
    report: dict[str, Any] = completed.report
    return report


def _updated(workspace: Workspace, batch: str, strategy: str) -> list[str]:
    request = UpdateRequest(
        classifier=TABLES[0].replace("/", " "), dataset=batch, strategy=strategy, base_version=1, settings={}
    )
    completed = last_of(update_classifier(request, workspace))
    matrix = completed.report["perplexity_matrix"]
    before, after, own = matrix[0][0], matrix[-1][0], matrix[-1][1]
    return [f"{value:.1f}" for value in (before, after, own)]


def _told(figures: dict[str, Any]) -> str:
    score = figures["perplexity"]
    return f"{score['value']:.1f} ({score['low']:.1f}–{score['high']:.1f})"


if __name__ == "__main__":
    main()
