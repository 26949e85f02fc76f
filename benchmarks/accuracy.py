"""Models from random start against TF-IDF with logistic regression, on the same rows, through the real workflow.

    python benchmarks/accuracy.py --data ../shared/data

Default settings for every data set; the given split where there is one, else the product's own (70/10/20, seed 0).
Nothing is chosen on the test rows. Prints Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace

TABLES = {
    "en/sst2.csv": ColumnRoles(text="text", label="label", split="split"),
    "zh/takeaway.csv": ColumnRoles(text="text", label="label"),
    "zh/shopping_6_categories.csv": ColumnRoles(text="评论", label="label"),
}
MODELS = ("ngrams", "bilstm", "transformer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/ and zh/")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[], help="settings for every run, name=value")
    asked = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in asked.set)
    print("| data | model | test rows | accuracy | macro-F1 | baseline accuracy | training s | parity |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for table in asked.tables.split(","):
        for model in asked.models.split(","):
            reports = [
                _train(asked.data / table, TABLES[table], model, {**settings, "seed": s}) for s in range(asked.seeds)
            ]
            _print(table, model, reports)


def _train(path: Path, roles: ColumnRoles, model: str, settings: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        dataset, _ = build_dataset(read_table(path), roles)
        stored = workspace.datasets.save(dataset, name=path.name, roles=roles)
        request = TrainRequest(classifier="c", dataset=stored.id, model=model, settings=settings)
        completed = last_of(train_classifier(request, workspace))
        report: dict[str, Any] = completed.report
        return report


def _print(table: str, model: str, reports: list[dict[str, Any]]) -> None:
    first = reports[0]
    cells = [
        table,
        model,
        f"{first['overall']['rows']:,}",
        _spread([100 * report["overall"]["accuracy"]["value"] for report in reports]),
        _spread([100 * report["overall"]["macro_f1"]["value"] for report in reports]),
        f"{100 * first['baseline']['report']['accuracy']['value']:.1f}",
        _spread([sum(epoch["seconds"] for epoch in report["epochs"]) for report in reports]),
        f"{max(report['parity']['max_abs_diff'] for report in reports):.0e}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def _spread(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


if __name__ == "__main__":
    main()
