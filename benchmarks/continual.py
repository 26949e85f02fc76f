"""Strategies on a stream of experiences: what is forgotten, what is gained, what it costs.

    python benchmarks/continual.py --data ../shared/data/en/reviews_8_domains.csv --experience domain --split split
    python benchmarks/continual.py --data ../shared/data/en/clinc150.csv --experience label --labels-per-experience 15 \\
        --split split --strategies finetune,replay,joint

Through the same comparison as the Lab page and `python -m core compare`; prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.config import build
from core.base.messages import Message
from core.data.dataset.columns import ColumnRoles
from core.data.reading.tables import read_table
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.run import compare_strategies
from core.workflows.compare.stream_cuts import store_stream
from core.workflows.workspace import open_workspace

# Heading and figure, in points.
POINTS = {
    "average accuracy": "average_accuracy",
    "macro-F1": "average_macro_f1",
    "forgetting": "forgetting",
    "plasticity": "plasticity",
    "backward transfer": "backward_transfer",
    "forward transfer": "forward_transfer",
    "intransigence": "intransigence",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--split")
    parser.add_argument("--experience", required=True, help="column that names the experience of each row")
    parser.add_argument("--periods", type=int, help="the experience column holds times: cut them into so many periods")
    parser.add_argument("--labels-per-experience", type=int, help="where the experience column is the label column")
    parser.add_argument("--model", default="ngrams")
    parser.add_argument("--strategies", default="finetune,replay,joint")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=0, help="processes; default: one for each core")
    parser.add_argument("--matrices", action="store_true", help="print R of each strategy, too")
    parser.add_argument("--set", nargs="*", default=[], help="settings of model, training and strategies, name=value")
    asked = parser.parse_args()
    _print(asked, _compare(asked))


def _compare(asked: argparse.Namespace) -> dict[str, Any]:
    roles = ColumnRoles(text=asked.text, label=asked.label, split=asked.split)
    table = read_table(asked.data)
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        cut = {"periods": asked.periods, "labels": asked.labels_per_experience}
        stream = store_stream(table, roles, asked.experience, workspace, source=asked.data.name, **cut)
        wanted = {
            "strategies": asked.strategies.split(","),
            "model": asked.model,
            "seeds": asked.seeds,
            "jobs": asked.jobs,
            "settings": dict(pair.split("=", 1) for pair in asked.set),
        }
        event: Any = None
        for event in compare_strategies(build(CompareRequest, {**stream, **wanted}), workspace):
            if hasattr(event, "fraction") and sys.stderr.isatty():
                sys.stderr.write(f"\r\x1b[K{100 * event.fraction:3.0f} % {event.message}")
    return event.result


def _print(asked: argparse.Namespace, result: dict[str, Any]) -> None:
    experiences = [experience["name"] for experience in result["experiences"]]
    print(f"\n{asked.data.name}, {len(experiences)} experiences, model {asked.model}, {asked.seeds} seeds\n")
    print(f"| strategy | {' | '.join(POINTS)} | seconds of all updates | ÷ joint | memory: rows | KB |")
    print("|---|" + "---|" * (len(POINTS) + 4))
    for strategy in result["strategies"]:
        cells = [_spread(strategy[figure], strategy["spread"][figure], 100) for figure in POINTS.values()]
        cells += [
            _spread(strategy["seconds"], strategy["spread"]["seconds"], 1),
            _spread(strategy["seconds_ratio"], None, 1),
        ]
        cells += [f"{strategy['memory_rows']:,.0f}", f"{strategy['memory_bytes'] / 1024:,.0f}"]
        print(f"| {strategy['strategy']} | {' | '.join(cells)} |")
    print()
    for stored in (*result["findings"], result["best"]["message"]):
        print(Message.from_dict(stored))
    for strategy in result["strategies"] if asked.matrices else ():
        _print_matrix(strategy, experiences)


def _print_matrix(strategy: dict[str, Any], names: list[str]) -> None:
    print(
        f"\nR, {strategy['strategy']}, mean over seeds (row: after learning; column: frozen test), accuracy in points\n"
    )
    print("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for name, row in zip(names, strategy["R"], strict=True):
        print(f"| {name} | " + " | ".join(f"{100 * value:.1f}" for value in row) + " |")


def _spread(value: float | None, deviation: float | None, scale: int) -> str:
    if value is None:
        return "–"
    return f"{scale * value:.2f}" + (f" ± {scale * deviation:.2f}" if deviation is not None else "")


if __name__ == "__main__":
    main()
