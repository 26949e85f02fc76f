"""A search for settings against the defaults, on public data: validation rows choose, the test is answered once each.

    python benchmarks/search.py --data ../shared/data                        three data sets, ten minutes each
    python benchmarks/search.py --data ../shared/data --minutes 2 --only takeaway

The search never reads a test row. At its end two versions are trained in full, with the defaults and with the best
settings, and both are measured on the frozen test. Prints one Markdown row as soon as it is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from core.base.allocator import keep_freed_memory
from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.workflows.requests import TrainRequest
from core.workflows.search.run import SearchRequest, search_settings
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace

TABLES = {
    "customer_reviews": ("en/customer_reviews.csv", "ngrams"),
    "takeaway": ("zh/takeaway.csv", "ngrams"),
    "trec": ("en/trec.csv", "bilstm"),
}
HEAD = (
    "| data | model | trials | defaults, validation | best, validation | difference (95 %) | defaults, test | best, test |\n"
    "|---|---|---|---|---|---|---|---|"
)


def measure(name: str, arguments: argparse.Namespace) -> str:
    """One row: macro-F1 of the defaults and of the best settings, on validation rows and on the test."""
    file, model = TABLES[name]
    table = read_table(arguments.data / file)
    roles = ColumnRoles(text="text", label="label", split="split" if "split" in table.columns else None)
    dataset, _ = build_dataset(table, roles)
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(Path(folder))
        stored = workspace.datasets.save(dataset, name=name, roles=roles)
        limits = {"search_minutes": arguments.minutes, "search_seed": arguments.seed}
        request = SearchRequest(dataset=stored.id, model=model, search=limits)
        done = last_of(search_settings(request, workspace))
        record = done.search
        best = record["trials"][record["best"]]["values"]
        tests = [_test(workspace, stored.id, model, settings) for settings in ({}, best)]
    print(f"{name}: best {best}", file=sys.stderr, flush=True)
    gain = record["difference"]
    shown = "–" if gain is None else f"{gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"
    scores = [f"{record[score]['value']:.3f}" for score in ("default_score", "best_score")]
    return f"| {name} | {model} | {len(record['trials'])} | {scores[0]} | {scores[1]} | {shown} | {tests[0]} | {tests[1]} |"


def _test(workspace: Workspace, dataset: str, model: str, settings: dict[str, Any]) -> str:
    """Macro-F1 on the frozen test of a version trained once with these settings, with its interval."""
    name = "best" if settings else "defaults"
    request = TrainRequest(classifier=name, dataset=dataset, model=model, settings=settings)
    done = last_of(train_classifier(request, workspace))
    score = done.report["overall"]["macro_f1"]
    return f"{score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--minutes", type=int, default=10, metavar="N", help="of each search; default: 10")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="default: as many as PyTorch takes")
    parser.add_argument("--only", metavar="A,B", help=f"some of: {', '.join(TABLES)}")
    arguments = parser.parse_args()
    keep_freed_memory()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    print(HEAD, flush=True)
    for name in arguments.only.split(",") if arguments.only else TABLES:
        print(measure(name, arguments), flush=True)


if __name__ == "__main__":
    main()
