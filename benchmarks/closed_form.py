"""Closed-form updates on frozen features: equal to a refit, at the cost of their share of the rows, and reversible.

    python benchmarks/closed_form.py --data ../shared/data

CLINC150 without its out-of-scope rows, in ten experiences of 15 labels, on hashed n-grams with default settings and
without any kept text; only the tokenizer was learned, from the first experience. All in memory, one thread; times are
processor seconds, which other programs on the machine disturb least. Prints Markdown.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import copy
import gc
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import torch

from core.continual.methods import STRATEGIES
from core.continual.strategies import ClosedForm, Experience, Memory, Strategy
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.text import Examples
from core.training.objectives.supervised import train
from core.workflows.learn.learners import Labelled, first_learner, make_experience, next_learner
from core.workflows.requests import resolve_settings
from core.workflows.versions.folder import Learner

MODEL, GROUP, EXPERIENCES = "hashed", 15, 10
SHARES = (0.1, 0.01)
REMOVED = 1000


@dataclass(frozen=True)
class Way:
    """A strategy with its settings, and how the tables call it."""

    strategy: str
    settings: dict[str, Any]
    words: str

    def make(self, state: dict[str, Any] | None = None) -> ClosedForm:
        kind = STRATEGIES[self.strategy]
        method = kind.strategy()(kind.config_class(**self.settings), memory=Memory(0))
        assert isinstance(method, ClosedForm)
        method.restore(copy.deepcopy(state or {}))
        return method


FOURIER = {"random_features": "fourier", "feature_count": 2048}
WAYS = (
    Way("ridge", {}, "ridge"),
    Way("slda", {}, "streaming LDA"),
    Way("ncm", {}, "nearest class mean"),
    Way("ridge", FOURIER, "ridge, 2,048 random Fourier features"),
    Way("slda", FOURIER, "streaming LDA, the same"),
)
TIMED = (WAYS[0], WAYS[3])


class Table:
    """The in-scope rows by split, and groups of labels in order of first appearance among the training rows."""

    def __init__(self, path: Path) -> None:
        table = pd.read_csv(path)
        self.rows = table[table["label"] != "oos"]
        order = list(dict.fromkeys(self.rows[self.rows["split"] == "train"]["label"]))
        self.groups = [order[GROUP * number : GROUP * (number + 1)] for number in range(EXPERIENCES)]

    def part(self, split: str, labels: list[str] | None = None) -> Labelled:
        rows = self.rows[self.rows["split"] == split]
        if labels is not None:
            rows = rows[rows["label"].isin(labels)]
        return list(rows["text"]), list(rows["label"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/clinc150.csv")
    parser.add_argument("--repeat", type=int, default=7, help="measurements of each time")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    table = Table(asked.data / "en" / "clinc150.csv")
    first = _first_version(table)
    print("| method | largest coefficient difference to the joint refit | in-scope test accuracy | kept for updates |")
    print("|---|---|---|---|", flush=True)
    learned = {}
    for way in WAYS:
        learner, state = learned[way.words] = _stream(table, copy.deepcopy(first), way)
        difference = way.make(state).refit_difference(learner.model, _encode(learner, table.part("train")))
        accuracy = 100 * _accuracy(learner, table.part("test"))
        size = sum(value.numel() * value.element_size() for value in state.values() if torch.is_tensor(value))
        print(
            f"| {way.words} | {difference:.1e} | {accuracy:.1f} | {size / 2**20:.0f} MiB of sums, no text |", flush=True
        )
    print(f"\n{asked.repeat} repetitions, ± standard deviation:\n")
    print("| | seconds, encoding included | of the refit | largest coefficient difference to it |\n|---|---|---|---|")
    for way in TIMED:
        _print_times(table, *learned[way.words], way, asked.repeat)
    print(f"\n| removing {REMOVED:,} rows | seconds by the clock, encoding included | longest | ", end="")
    print("largest coefficient difference to a refit without them |\n|---|---|---|---|")
    for way in TIMED:
        _print_removal(table, *learned[way.words], way, asked.repeat)


# -- the stream


def _first_version(table: Table) -> Learner:
    """Fine-tuned on the first experience, as every first version is."""
    settings = resolve_settings(MODEL, {"memory_size": 0})
    rows = table.part("train", table.groups[0])
    learner = first_learner(MODEL, rows[0], tuple(sorted(table.groups[0])), settings)
    step = make_experience(1, learner, rows, table.part("validation", table.groups[0]))

    def loop(model: TextNetwork, strategy: Strategy, experience: Experience) -> Iterator[Any]:
        yield from train(model, strategy, experience, settings.training)

    for _ in WAYS[0].make().learn(learner.model, step, loop):
        pass
    return learner


def _stream(table: Table, learner: Learner, way: Way) -> tuple[Learner, dict[str, Any]]:
    """Nine updates of 15 new labels each; from one to the next only the model and the strategy's state survive."""
    rows, validation = table.part("train", table.groups[0]), table.part("validation", table.groups[0])
    method = way.make()
    method.end_experience(learner.model, make_experience(1, learner, rows, validation))
    for number, labels in enumerate(table.groups[1:], start=2):
        method, known = way.make(method.state()), len(learner.outputs)
        rows, validation = table.part("train", labels), table.part("validation", labels)
        classes = learner.settings.task.outputs(rows[1], learner.outputs)
        learner = next_learner(learner, rows[0], classes, learner.settings, method.declared)
        _learn(method, learner, make_experience(number, learner, rows, validation, known_outputs=known))
    return learner, method.state()


def _learn(method: ClosedForm, learner: Learner, step: Experience) -> None:
    def never(model: TextNetwork, strategy: Strategy, experience: Experience) -> Iterator[Any]:
        raise AssertionError("an update in closed form takes no gradient step")

    for _ in method.learn(learner.model, step, never):
        pass
    method.end_experience(learner.model, step)


def _encode(learner: Learner, rows: Labelled) -> Examples:
    return make_experience(1, learner, rows, rows).train


def _accuracy(learner: Learner, rows: Labelled) -> float:
    examples = _encode(learner, rows)
    predicted = predict_logits(learner.model, examples, torch.device("cpu")).argmax(dim=1).numpy()
    return float((predicted == examples.targets).mean())


# -- what an update costs


def _print_times(table: Table, learner: Learner, state: dict[str, Any], way: Way, repeat: int) -> None:
    """Refit and updates in turn, so that a slower minute of the machine meets them alike."""
    rows, validation = table.part("train"), table.part("validation")
    everything = _encode(learner, rows)
    seconds: dict[float, list[float]] = {share: [] for share in (1.0, *SHARES)}
    largest = dict.fromkeys(SHARES, 0.0)
    for turn in range(repeat):
        refit, spent = way.make(), []
        spent.append(_timed_update(learner, refit, rows, validation)[0])
        for share in SHARES:
            new, _ = _divided(len(rows[0]), share, turn)
            base = way.make(refit.state())  # made to one of all rows without the new ones
            base.forget(copy.deepcopy(learner.model), everything.take(new))
            base.own_coefficients()
            update = way.make(base.state())
            some = _take(validation, _divided(len(validation[0]), share, turn)[0])
            took, model = _timed_update(learner, update, _take(rows, new), some)
            spent.append(took)
            largest[share] = max(largest[share], update.refit_difference(model, everything))
        for share, took in zip(seconds, spent, strict=True):
            seconds[share].append(took)
    print(f"| {way.words}: refit on all {len(rows[0]):,} rows | {_spread(seconds[1.0], 2)} | 100 % | |")
    for share in SHARES:
        ratios = [100 * took / whole for took, whole in zip(seconds[share], seconds[1.0], strict=True)]
        cells = (f"{_spread(seconds[share], 3)}", f"{_spread(ratios, 1)} %", f"{largest[share]:.1e}")
        print(f"| {way.words}: update with {share:.0%} new rows | {' | '.join(cells)} |", flush=True)


def _timed_update(
    learner: Learner, method: ClosedForm, rows: Labelled, validation: Labelled
) -> tuple[float, TextNetwork]:
    """Seconds from texts to the new head; the learner's own model stays as it is."""
    model = copy.deepcopy(learner.model)
    gc.collect()  # so that no update pays for what another left
    began = time.process_time()
    step = make_experience(2, learner, rows, validation, known_outputs=len(learner.outputs))
    _learn(method, replace(learner, model=model), step)
    return time.process_time() - began, model


def _divided(count: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of a random share, and of the rest."""
    order = np.random.default_rng(seed).permutation(count)
    return order[: round(share * count)], order[round(share * count) :]


def _take(rows: Labelled, indices: np.ndarray) -> Labelled:
    return [rows[0][row] for row in indices], [rows[1][row] for row in indices]


# -- taking rows back


def _print_removal(table: Table, learner: Learner, state: dict[str, Any], way: Way, repeat: int) -> None:
    rows = table.part("train")
    elapsed, largest = [], 0.0
    for turn in range(repeat):
        gone, kept = _divided(len(rows[0]), REMOVED / len(rows[0]), turn)
        method, model, texts = way.make(state), copy.deepcopy(learner.model), _take(rows, gone)
        gc.collect()
        began = time.perf_counter()
        method.forget(model, _encode(learner, texts))
        elapsed.append(time.perf_counter() - began)
        largest = max(largest, method.refit_difference(model, _encode(learner, _take(rows, kept))))
    print(f"| {way.words} | {_spread(elapsed, 2)} | {max(elapsed):.2f} | {largest:.1e} |", flush=True)


def _spread(values: list[float], digits: int) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{digits}f} ± {deviation:.{digits}f}"


if __name__ == "__main__":
    main()
