"""How many of an encoder's layers a frozen head needs: *Auto*'s head on the four uppermost of so many, on validation rows.

    python benchmarks/layers.py --data ../shared/data --depths 12,10,8

Rows are drawn from the product's own training part (seed 0), and scored on its validation part; no test row is looked at. Prints
Markdown, with the 95 % interval of each score and the difference from the first depth on the same rows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from benchmarks.auto import TABLES
from core.data.dataset.rows import build_dataset
from core.data.dataset.splitting import split_rows
from core.data.reading.tables import read_table
from core.networks.encoders.batches import predict_logits
from core.networks.text.examples import encode_examples
from core.statistics.additive import estimates
from core.tasks import DEFAULT, TASKS
from core.workflows.learn.learning import first_lesson, learn
from core.workflows.requests import resolve_update
from core.workflows.train.ladder import EXACT, LAYERS
from core.workflows.workspace import open_workspace

ACCURACY = "accuracy"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/ and zh/")
    parser.add_argument("--tables", default="en/sst2.csv,en/trec.csv,en/customer_reviews.csv,zh/takeaway.csv")
    parser.add_argument("--depths", default="12,10,8")
    parser.add_argument("--rows", type=int, default=1500, help="training rows at most")
    parser.add_argument("--scored", type=int, default=700, help="validation rows at most")
    asked = parser.parse_args()
    depths = [int(depth) for depth in asked.depths.split(",")]
    print("| data | layers | rows learned, scored | accuracy (95 %) | difference from the first (95 %) |")
    print("|---|---|---|---|---|", flush=True)
    for name in asked.tables.split(","):
        _measure(asked.data / name, name, depths, asked.rows, asked.scored)


def _measure(path: Path, name: str, depths: list[int], most: int, scored: int) -> None:
    task = TASKS[DEFAULT]
    dataset, _ = build_dataset(read_table(path), TABLES[name])
    split = split_rows(task.stratified(dataset))
    random = np.random.default_rng(0)
    train, validation = (
        dataset.take(random.permutation(rows)[:count])
        for rows, count in ((split.train, most), (split.validation, scored))
    )
    truth, outputs = validation.label_names(), task.outputs(dataset.label_names())
    first: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        sources = open_workspace(Path(home)).sources
        for depth in depths:
            given = {"tuning": "frozen", "feature_layers": LAYERS, "encoder_layers": depth, **EXACT}
            settings, own = resolve_update("encoder", {}, "ridge", given, task)
            rows = (train.texts, train.label_names()), (validation.texts, truth)
            lesson = first_lesson("encoder", *rows, outputs, settings, sources, strategy=("ridge", own))
            for _ in learn(lesson, should_stop=lambda: False):
                pass
            examples = encode_examples(lesson.learner.pipeline, validation.texts)
            logits = predict_logits(lesson.learner.model, examples, torch.device("cpu"))
            answers = [outputs[number] for number in logits.argmax(dim=1).tolist()]
            score = next(score for score in task.scores if score.name == ACCURACY)
            (value,) = estimates(task.pairs(truth, answers).rows, (score,))
            first = first or answers
            gain = task.difference(ACCURACY, truth, first, answers)
            cells = [
                name,
                f"{depth - LAYERS + 1}–{depth}",
                f"{len(train):,}, {len(validation):,}",
                f"{100 * value.value:.1f} ({100 * value.low:.1f}–{100 * value.high:.1f})",
                ""
                if answers is first
                else f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
