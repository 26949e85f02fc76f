"""Drift: is it found between two years, and how often is it found where there is none?

    python benchmarks/drift.py --data ../shared/data/en/tweets_2016_2018.csv

1. Between years: a classifier is trained on the rows of the first year, and those of the second are its batch; then the
   other way round. Both once more with typographic apostrophes and quotation marks made plain, since many more
   tweets of the second year hold them: what is left is not a matter of keyboards.
2. False alarms: the rows of each year are halved at random, a classifier is trained anew on one half, and the other is
   its batch. Nothing changed, so whatever is found is a false alarm. 200 times, alternating between the years.

Everything goes through the same workflows as the dashboard: split, training, frozen test, `detect_drift`. Prints Markdown.
Takes 10 minutes on an idle core, 40 on a busy one; `--resamplings` and `--model` make it shorter or longer.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from core.base.events import last_of
from core.continual.drift.tests import FALSE_ALARMS, DriftTest
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.reading.tables import read_table
from core.statistics.intervals import wilson
from core.workflows.drift.run import DriftReport, detect_drift
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace

ROLES = ColumnRoles("text", "label")
PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "..."})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", default="year", help="column whose values are the two parts to compare")
    parser.add_argument("--model", default="ngrams")
    parser.add_argument("--resamplings", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    table = read_table(asked.data)
    values = list(dict.fromkeys(table[asked.part]))
    parts = {str(value): build_dataset(table[table[asked.part] == value], ROLES, batch=True)[0] for value in values}
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        _between(parts, workspace, asked, "")
        _between({name: _plain(part) for name, part in parts.items()}, workspace, asked, ", apostrophes made plain")
        if asked.resamplings:
            _halves(parts, workspace, asked)


def _plain(data: TextDataset) -> TextDataset:
    return TextDataset(tuple(text.translate(PLAIN) for text in data.texts), data.labels, data.classes)


def _drift(
    first: TextDataset, batch: TextDataset, workspace: Workspace, name: str, seed: int, model: str
) -> DriftReport:
    """Train a classifier on one dataset, and compare it with the other."""
    stored = workspace.datasets.save(first, name=name, roles=ROLES)
    settings = {"seed": seed, "split_seed": seed}
    request = TrainRequest(classifier=name, dataset=stored.id, model=model, settings=settings)
    completed = last_of(train_classifier(request, workspace))
    folder = VersionFolder(workspace.registry.folder(name, completed.version))
    report = detect_drift(folder, batch, read_past(folder, workspace), seed=seed)
    workspace.datasets.delete(stored.id)
    return report


def _between(parts: dict[str, TextDataset], workspace: Workspace, asked: argparse.Namespace, note: str) -> None:
    names = list(parts)
    for first, second in ((names[0], names[1]), (names[1], names[0])):
        report = _drift(parts[first], parts[second], workspace, f"{first} {second}{note}", asked.seed, asked.model)
        print(f"\n### Trained on {first}, batch {second}{note} ({asked.model})\n")
        print(
            f"{report.rows[0]:,} held-out rows, {report.rows[1]:,} of the batch, {report.seconds:.1f} s. "
            f"{report.advice.message}\n"
        )
        print("| test | before | after | effect | p | p after Holm | verdict |\n|---|---|---|---|---|---|---|")
        for test in report.tests:
            cells = [_figure(value) for value in (test.before, test.after, test.effect, test.p_value, test.adjusted)]
            print(f"| {test.name} | {' | '.join(cells)} | {test.verdict} |")
        words = [f"{word} ({texts})" for word, texts in list(report.words.unseen.items())[:12]]
        print(f"\nNew words (texts): {', '.join(words)}", flush=True)


def _halves(parts: dict[str, TextDataset], workspace: Workspace, asked: argparse.Namespace) -> None:
    started, reports = time.monotonic(), []
    generator = np.random.default_rng(asked.seed)
    for number in range(asked.resamplings):
        data = list(parts.values())[number % len(parts)]
        order = generator.permutation(len(data))
        halves = [data.take(order[: len(order) // 2]), data.take(order[len(order) // 2 :])]
        reports.append(_drift(halves[0], halves[1], workspace, f"half {number}", number, asked.model))
        sys.stderr.write(f"\r{number + 1}/{asked.resamplings} {time.monotonic() - started:.0f} s ")
    alone = {name: [_test(report, name) for report in reports] for name in (test.name for test in reports[0].tests)}
    print(f"\n### Two random halves of one part, {asked.resamplings} resamplings ({asked.model})\n")
    print(
        f"Promised: at most {FALSE_ALARMS:.0%}. A new classifier each time. {time.monotonic() - started:.0f} s in all.\n"
    )
    print("| test | false alarms | rate | 95 % interval |\n|---|---|---|---|")
    for name, tests in alone.items():
        _print_rate(f"{name}, alone (p ≤ {FALSE_ALARMS})", [(test.p_value or 1.0) <= FALSE_ALARMS for test in tests])
    any_alone = [any((test.p_value or 1.0) <= FALSE_ALARMS for test in report.tests) for report in reports]
    _print_rate("any, without correction", any_alone)
    _print_rate("**any, after Holm**", [any(test.verdict == "changed" for test in report.tests) for report in reports])
    kinds = [report.advice.kind for report in reports]
    print("\nAdvice: " + ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted(set(kinds))))


def _test(report: DriftReport, name: str) -> DriftTest:
    return next(test for test in report.tests if test.name == name)


def _print_rate(name: str, alarms: Sequence[bool]) -> None:
    low, high = wilson(sum(alarms), len(alarms))
    print(f"| {name} | {sum(alarms)} of {len(alarms)} | {np.mean(alarms):.1%} | {low:.1%} to {high:.1%} |")


def _figure(value: Any) -> str:
    return "" if value is None else f"{value:.3g}"


if __name__ == "__main__":
    main()
