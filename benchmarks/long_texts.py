"""Long reviews, read whole and cut: what windows are worth, and what they cost.

    OMP_NUM_THREADS=1 python benchmarks/long_texts.py --data ../shared/data

Rows of en/reviews_8_domains.csv with more than --words words, each text once; with --rows, so many of them at random.
Half of them are learned from, 15 % validate, 35 % test (by the product's own division). Every model is
trained once for each number of windows; the number is chosen on the validation rows, and compared with one window on the
test rows, paired. Seconds are those of one processor from texts to a model and its answers; the frozen encoder keeps what
it said of a window, so its further rows cost only the further windows. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
import torch

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.splitting import split_rows
from core.networks.text import count_cut
from core.tasks import DEFAULT, TASKS
from core.workflows.learn.learning import answers, first_lesson, learn
from core.workflows.requests import resolve_update
from core.workflows.train.ladder import EXACT
from core.workflows.workspace import Workspace, open_workspace

TASK = TASKS[DEFAULT]


class Way(NamedTuple):
    """A model, how it learns, its settings, and the numbers of windows that are tried."""

    model: str
    strategy: str
    settings: dict[str, Any]
    windows: tuple[int, ...]


WAYS = (
    Way("encoder", "ridge", {"tuning": "frozen", **EXACT}, (1, 2, 4)),
    Way("linear", "finetune", {"max_length": 128}, (1, 2, 4, 8, 32)),
    Way("ngrams", "finetune", {"max_length": 128}, (1, 2, 4, 8, 32)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/reviews_8_domains.csv")
    parser.add_argument("--words", type=int, default=120, help="a review is long when it has more words than this")
    parser.add_argument("--rows", type=int, default=0, help="most reviews; 0 takes all")
    parser.add_argument("--models", default=",".join(way.model for way in WAYS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    dataset = _long_reviews(asked.data / "en" / "reviews_8_domains.csv", asked.words, asked.rows)
    split = split_rows(dataset, fractions=(0.5, 0.15, 0.35))
    parts = [dataset.take(rows) for rows in (split.train, split.validation, split.test)]
    print(
        f"{len(dataset):,} reviews: {', '.join(f'{len(part):,}' for part in parts)} rows to learn, validate and test\n"
    )
    print("| model | tokens that are read | training texts cut | validation | test | seconds |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        told = [_measure(way, parts, workspace) for way in WAYS if way.model in asked.models.split(",")]
    print("\n| model | chosen on validation rows | test, against one window (95 %) |\n|---|---|---|")
    print("\n".join(told))


def _long_reviews(path: Path, words: int, rows: int) -> TextDataset:
    table = pd.read_csv(path, dtype=str, keep_default_na=False).drop_duplicates("text")
    table = table[table["text"].str.split().str.len() > words][["text", "label"]]
    table = (table.sample(rows, random_state=0) if 0 < rows < len(table) else table).reset_index(drop=True)
    dataset, _ = build_dataset(table, ColumnRoles(text="text", label="label"))
    return dataset


def _measure(way: Way, parts: list[TextDataset], workspace: Workspace) -> str:
    """A line for each number of windows; returns that of the comparison."""
    train, validation, test = ((list(part.texts), part.label_names()) for part in parts)
    outputs, truth = TASK.outputs(train[1]), test[1]
    answered: dict[int, list[str]] = {}
    scores: dict[int, float] = {}
    for windows in way.windows:
        settings, config = resolve_update(way.model, {}, way.strategy, {**way.settings, "windows": windows})
        began = time.process_time()
        lesson = first_lesson(
            way.model, train, validation, outputs, settings, workspace.sources, (way.strategy, config)
        )
        for _ in learn(lesson, should_stop=lambda: False):
            pass
        labels = [[outputs[number] for number in answers(lesson.learner, part[0])] for part in (validation, test)]
        seconds = time.process_time() - began
        answered[windows], scores[windows] = labels[1], _accuracy(validation[1], labels[0])
        cut = count_cut(lesson.learner.pipeline, lesson.experience.train) / len(train[0])
        print(
            f"| {way.model} | {lesson.learner.pipeline.limit:,} | {cut:.0%} | {100 * scores[windows]:.1f} | "
            f"{100 * _accuracy(truth, labels[1]):.1f} | {seconds:.0f} |",
            flush=True,
        )
    best = max(scores, key=lambda windows: scores[windows])
    change = TASK.difference("accuracy", truth, answered[1], answered[best])
    shown = f"{100 * change.value:+.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f})"
    return f"| {way.model} | {best} windows | {shown} |"


def _accuracy(truth: list[str], said: list[str]) -> float:
    return sum(left == right for left, right in zip(truth, said, strict=True)) / len(truth)


if __name__ == "__main__":
    main()
