"""Strategies on a stream of experiences, domain after domain: what is forgotten, what is gained, what it costs.

    python benchmarks/continual.py --data ../shared/data/en/reviews_8_domains.csv --experience domain --split split

Every strategy learns the same experiences in the order of the file, as a user would: a first training, then one
update per experience, each through the same workflows as the dashboard. Prints Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.data import ColumnRoles, build_dataset, read_table
from core.workflows import TrainRequest, UpdateRequest, open_workspace, train_classifier, update_classifier

POINTS = ("average_accuracy", "forgetting", "plasticity", "backward_transfer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--split")
    parser.add_argument("--experience", required=True, help="column that names the experience of each row")
    parser.add_argument("--model", default="ngrams")
    parser.add_argument("--strategies", default="finetune,replay,joint")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], help="settings of the model and the training, name=value")
    asked = parser.parse_args()
    settings: dict[str, Any] = dict(pair.split("=", 1) for pair in asked.set)
    found = {
        strategy: [_stream(asked, strategy, {**settings, "seed": seed}) for seed in range(asked.seeds)]
        for strategy in asked.strategies.split(",")
    }
    _print(asked, found)


def _stream(asked: argparse.Namespace, strategy: str, settings: dict[str, Any]) -> dict[str, Any]:
    """One strategy over the whole stream with one seed: the last version's report, and all seconds of learning."""
    table = read_table(asked.data)
    roles = ColumnRoles(text=asked.text, label=asked.label, split=asked.split)
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        seconds = []
        completed: Any = None
        for name in dict.fromkeys(table[asked.experience]):
            dataset, _ = build_dataset(table[table[asked.experience] == name], roles, batch=completed is not None)
            stored = workspace.datasets.save(dataset, name=str(name), roles=roles)
            if completed is None:
                train = TrainRequest(classifier="c", dataset=stored.id, model=asked.model, settings=settings)
                events = train_classifier(train, workspace)
            else:
                update = UpdateRequest(
                    classifier="c", dataset=stored.id, strategy=strategy, settings=settings, promote="always"
                )
                events = update_classifier(update, workspace)
            started = time.monotonic()
            for event in events:
                if type(event).__name__ == "Finished":
                    seconds.append(time.monotonic() - started)
                completed = event
            sys.stderr.write(f"{strategy} seed {settings['seed']} {name}: {completed.report['accuracy_matrix'][-1]}\n")
    return {**completed.report, "learning_seconds": sum(seconds[1:])}


def _print(asked: argparse.Namespace, found: dict[str, list[dict[str, Any]]]) -> None:
    names = [test["name"] for test in next(iter(found.values()))[0]["tests"]]
    print(f"\n{asked.data.name}, {len(names)} experiences, model {asked.model}, {asked.seeds} seeds\n")
    print("| strategy | average accuracy | forgetting | plasticity | backward transfer | seconds of all updates |")
    print("|---|---|---|---|---|---|")
    for strategy, reports in found.items():
        cells = [_spread([100 * one["continual"][name] for one in reports]) for name in POINTS]
        print(f"| {strategy} | {' | '.join(cells)} | {_spread([one['learning_seconds'] for one in reports])} |")
    for strategy, reports in found.items():
        print(f"\nR, {strategy}, mean over seeds (row: after learning; column: frozen test), accuracy in points\n")
        print("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
        for row, name in enumerate(names):
            cells = []
            for column in range(len(names)):
                values = [one["accuracy_matrix"][row][column] for one in reports]
                cells.append("" if None in values else f"{100 * statistics.mean(values):.1f}")
            print(f"| {name} | " + " | ".join(cells) + " |")


def _spread(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


if __name__ == "__main__":
    main()
