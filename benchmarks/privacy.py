"""What differential privacy costs: SST-2 at ε = 1, 3 and 8 (δ = 1/n^1.1), beside the same models without it.

    python benchmarks/privacy.py --data ../shared/data
    python benchmarks/privacy.py --data ../shared/data --only minilm,accounts

Heads on frozen MiniLM and e5, solved from noisy sums (ridge, streaming LDA, nearest class mean) or learned by DP-SGD, and a bag
of n-grams by DP-SGD; all by the code that trainings run. Three seeds: other noise, and other rows in a step. Settings were chosen
on the validation rows; the test rows are only read. Then our ε beside Opacus's accountant, and dp-accounting's where that is
installed, for the same runs. Prints Markdown.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
import torch

from core.base.config import home
from core.base.events import Finished
from core.continual.methods import STRATEGIES
from core.continual.noise import Noise
from core.networks.sources import open_sources
from core.training.private.accounting import Mechanism, epsilon_of, usual_delta
from core.workflows.learn.learning import first_lesson, learn, told_answers
from core.workflows.learn.private import plan
from core.workflows.requests import resolve_settings
from core.workflows.versions.past import Labelled

EPSILONS = (0.0, 1.0, 3.0, 8.0)  # 0: without privacy
MINILM = {"encoder": "packaged:all-minilm-l6-v2", "tuning": "frozen", "trim_pieces": False}
E5 = {"encoder": "packaged:multilingual-e5-small", "tuning": "frozen", "trim_pieces": False}


@dataclass(frozen=True)
class Way:
    """A model and how it learns; with noise by the model's defaults for that."""

    words: str
    model: str
    settings: dict[str, Any]
    strategy: str = "finetune"


def _heads(name: str, settings: dict[str, Any]) -> list[Way]:
    solved = {"ridge": "ridge", "slda": "streaming LDA", "ncm": "nearest class mean"}
    ways = [Way(f"{name}, {words}", "encoder", settings, strategy) for strategy, words in solved.items()]
    return [*ways, Way(f"{name}, head by steps", "encoder", {**settings, "epochs": 20})]


PARTS = {
    "minilm": _heads("frozen MiniLM", MINILM),
    "e5": _heads("frozen e5", E5),
    "bag": [Way("bag of n-grams", "ngrams", {})],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/sst2.csv")
    parser.add_argument("--only", default=",".join([*PARTS, "accounts"]), help="parts, with commas between")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--on", choices=("test", "validation"), default="test", help="rows that are answered")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of learning by steps with noise")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    wanted, table = asked.only.split(","), pd.read_csv(asked.data / "en" / "sst2.csv").astype(str)
    if any(part in wanted for part in PARTS):
        print(f"| SST-2, {asked.on} rows | {' | '.join(map(_named, EPSILONS))} | best at ε = 3 loses | seconds a run |")
        print(f"|{'---|' * (len(EPSILONS) + 3)}", flush=True)
    for part in wanted:
        best: dict[float, float] = {}
        for way in PARTS.get(part, ()):
            _row(way, table, asked, best)
        if part in PARTS:
            print(f"| {part}: best | {' | '.join(f'{best[epsilon]:.1f}' for epsilon in EPSILONS)} | ", end="")
            print(f"{best[0.0] - best[3.0]:+.1f} | |", flush=True)
    if "accounts" in wanted:
        _accounts(int((table["split"] == "train").sum()))


def _named(epsilon: float) -> str:
    return f"ε = {epsilon:g}" if epsilon else "without"


def _row(way: Way, table: pd.DataFrame, asked: argparse.Namespace, best: dict[float, float]) -> None:
    cells, began, runs = [], time.process_time(), 0
    for epsilon in EPSILONS:
        seeds = (
            asked.seeds if epsilon or way.strategy == "finetune" else 1
        )  # solved without noise there is no chance in it
        accuracies = [_accuracy(way, table, epsilon, seed, asked) for seed in range(seeds)]
        mean = statistics.mean(accuracies)
        cells.append(f"{mean:.1f} ± {statistics.stdev(accuracies):.1f}" if seeds > 1 else f"{mean:.1f}")
        best[epsilon], runs = max(mean, best.get(epsilon, 0.0)), runs + seeds
    seconds = (time.process_time() - began) / runs
    print(f"| {way.words} | {' | '.join(cells)} | | {seconds:.0f} |", flush=True)


def _accuracy(way: Way, table: pd.DataFrame, epsilon: float, seed: int, asked: argparse.Namespace) -> float:
    """Of one run, in percent."""
    train, validation, answered = (_part(table, split) for split in ("train", "validation", asked.on))
    own = dict(pair.split("=", 1) for pair in asked.set) if epsilon else {}
    promised = {"private": True, "epsilon": epsilon, **own} if epsilon else {}
    settings = resolve_settings(way.model, {**way.settings, "seed": seed, "memory_size": 0, **promised})
    strategy = (way.strategy, STRATEGIES[way.strategy].config_class())
    outputs = settings.task.outputs(train[1])
    lesson = first_lesson(way.model, train, validation, outputs, settings, open_sources(home()), strategy)
    rows = len(train[0])
    planned = plan(settings, way.model, way.strategy, settings.task, rows, rows, 1)
    if planned is not None:
        lesson.strategy.noise = Noise(
            planned.noise, settings.privacy.clip_norm, planned.mechanism.sample_rate, secret=1_000_000 + seed
        )
    assert any(isinstance(event, Finished) for event in learn(lesson, should_stop=lambda: False))
    lesson.learner.model.cpu()
    answers = told_answers(lesson.learner, answered[0])
    return 100 * statistics.mean(answer == truth for answer, truth in zip(answers, answered[1], strict=True))


def _part(table: pd.DataFrame, split: str) -> Labelled:
    rows = table[table["split"] == split]
    return list(rows["text"]), list(rows["label"])


# -- the same runs by other accountants


def _accounts(rows: int) -> None:
    """ε of the noise that the runs above had, by three accountants."""
    delta = usual_delta(rows)
    print(f"\n{rows:,} rows, δ = {delta:.3g}\n")
    print("| run | ε asked | noise | ours | Opacus PRV | to 0.001 | dp-accounting PLD |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for words, model, name, settings in (
        ("DP-SGD", "ngrams", "finetune", {}),
        ("noisy sums", "encoder", "ridge", {"tuning": "frozen"}),
    ):
        for epsilon in EPSILONS[1:]:
            checked = resolve_settings(model, {"private": True, "epsilon": epsilon, "memory_size": 0, **settings})
            planned = plan(checked, model, name, checked.task, rows, rows, 1)
            assert planned is not None
            mechanism = planned.mechanism
            figures = [epsilon_of([mechanism], delta), *_opacus(mechanism, delta), _dp_accounting(mechanism, delta)]
            told = " | ".join("not installed" if figure is None else f"{figure:.4f}" for figure in figures)
            print(f"| {words} | {epsilon:g} | {mechanism.noise_multiplier:.4f} | {told} |", flush=True)


def _opacus(mechanism: Mechanism, delta: float) -> tuple[float, float]:
    """As Opacus tells it of itself, and with less room for errors of its own."""
    from opacus.accountants import PRVAccountant

    accountant = PRVAccountant()
    accountant.history = [(mechanism.noise_multiplier, mechanism.sample_rate, mechanism.steps)]
    return float(accountant.get_epsilon(delta)), float(accountant.get_epsilon(delta, eps_error=0.001))


def _dp_accounting(mechanism: Mechanism, delta: float) -> float | None:
    try:
        import dp_accounting
        from dp_accounting.pld import PLDAccountant
    except ImportError:
        return None
    event: Any = dp_accounting.GaussianDpEvent(mechanism.noise_multiplier)
    if mechanism.sample_rate < 1:
        event = dp_accounting.PoissonSampledDpEvent(mechanism.sample_rate, event)
    accountant = PLDAccountant(value_discretization_interval=1e-4)
    accountant.compose(dp_accounting.SelfComposedDpEvent(event, mechanism.steps))
    return float(accountant.get_epsilon(delta))


if __name__ == "__main__":
    main()
