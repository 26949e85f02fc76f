"""This project's strategies beside Avalanche's: same model, start, rows, memory, epochs and learning-rate schedule.

    python -m venv peer && peer/bin/pip install -r benchmarks/peer_requirements.txt
    peer/bin/python benchmarks/peer_avalanche.py --data ../shared/data/en/clinc150.csv --experience domain --split split

Both run in turn in one process, experience after experience. Prints Markdown: average accuracy over all tests after
the last experience, forgetting, and the seconds of learning, mean ± deviation over seeds.

Where the definitions differ, Avalanche 0.6 against this project: replay there draws half of each batch from a memory
balanced over experiences, here the union of new rows and as many remembered ones, balanced over labels, is shuffled
(in batches twice as large, so that the number of steps agrees); EWC there squares the gradient of a batch's mean, here
of each row, and each scales its penalty in its own way; A-GEM there keeps as many rows of each experience, here the
same number in all, balanced over labels; GDumb starts afresh in both, from the same weights.
"""

from __future__ import annotations

import argparse
import copy
import random
import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.continual.matrix import average_accuracy, forgetting
from core.continual.methods import STRATEGIES
from core.continual.strategies import Experience, Memory, Strategy
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.networks.architectures import MODELS
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.text import Examples, TextConfig, encode_examples, fit_pipeline
from core.tasks.text_classification.task import ClassificationConfig, TextClassification
from core.training import TrainingConfig
from core.training.objectives.supervised import train

LENGTH = 40
CPU = torch.device("cpu")
SIZES = {"embedding_size": 64, "hidden_size": 128, "layers": 1, "dropout": 0.1}
PEERS = {"finetune": "Naive", "replay": "Replay", "ewc": "EWC", "lwf": "LwF", "agem": "AGEM", "gdumb": "GDumb"}


@dataclass(frozen=True)
class Part:
    """One experience: training and test rows; labels are numbered in the order in which they appear."""

    name: str
    train: Examples
    test: Examples
    known: int


@dataclass(frozen=True)
class Task:
    """Everything both libraries are given."""

    parts: list[Part]
    classes: tuple[str, ...]
    vocabulary: int
    memory: int
    training: TrainingConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--split", required=True, help="column that says which rows are train and test")
    parser.add_argument("--experience", required=True)
    parser.add_argument("--without", help="an experience to leave out")
    parser.add_argument("--first", type=int, default=5, help="how many experiences, in the order of the file")
    parser.add_argument("--strategies", default=",".join(PEERS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--memory", type=int, default=500)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    task = _task(asked)
    results: dict[str, dict[str, list[tuple[list[list[float]], float]]]] = {}
    for strategy in asked.strategies.split(","):
        results[strategy] = {"ours": [], "peer": []}
        for seed in range(asked.seeds):
            for side, run in (("ours", _ours), ("peer", _peer)):
                results[strategy][side].append(run(strategy, task, seed))
                matrix, seconds = results[strategy][side][-1]
                sys.stderr.write(
                    f"{strategy} seed {seed} {side}: {100 * average_accuracy(matrix):.1f} {seconds:.1f} s\n"
                )
    _print(asked, task, results)


def _task(asked: argparse.Namespace) -> Task:
    table = read_table(asked.data)
    roles = ColumnRoles(text=asked.text, label=asked.label, split=asked.split)
    cut = []
    names = [name for name in dict.fromkeys(table[asked.experience]) if name != asked.without]
    for name in names[: asked.first]:
        dataset, _ = build_dataset(table[table[asked.experience] == name], roles, batch=True)
        cut.append((str(name), dataset))
    classes = tuple(dict.fromkeys(label for _, dataset in cut for label in dict.fromkeys(dataset.label_names())))
    numbers = {label: number for number, label in enumerate(classes)}
    texts = [
        text
        for _, dataset in cut
        for text, part in zip(dataset.texts, dataset.splits or (), strict=True)
        if part == "train"
    ]
    pipeline = fit_pipeline(texts, TextConfig(segmentation="words", max_length=LENGTH))
    parts, known = [], 0
    for name, dataset in cut:
        labels = np.array([numbers[label] for label in dataset.label_names()], dtype=np.int64)
        examples = encode_examples(pipeline, dataset.texts, labels)
        splits = np.array(dataset.splits)
        rows = {part: examples.take(np.flatnonzero(splits == part)) for part in ("train", "test")}
        parts.append(Part(name, rows["train"], rows["test"], known))
        known = max(known, int(labels.max()) + 1)
    # No early stopping, no smoothing, no hidden tokens: what the peer does not do is switched off.
    training = TrainingConfig(
        epochs=asked.epochs,
        patience=0,
        batch_size=32,
        learning_rate=1e-3,
        word_dropout=0.0,
        group_by_length=False,
    )
    return Task(parts, classes, pipeline.tokenizer.get_vocab_size(), asked.memory, training)


def _model(task: Task, seed: int) -> TextNetwork:
    torch.manual_seed(seed)
    kind = MODELS["transformer"]
    return kind.network()(kind.config_class(**SIZES), task.vocabulary, len(task.classes))


def _ours(name: str, task: Task, seed: int) -> tuple[list[list[float]], float]:
    """R and seconds of this project's strategy, through the product's own training loop."""
    kind = STRATEGIES[name]
    strategy: Strategy = kind.strategy()(kind.config_class(), seed=seed, memory=Memory(task.memory))
    model = _model(task, seed)
    start = copy.deepcopy(model)
    matrix, seconds = [], 0.0
    for number, part in enumerate(task.parts, 1):
        began = time.monotonic()
        if kind.starts_fresh:
            model = copy.deepcopy(start)
        config = task.training.model_copy(update={"seed": seed})
        if name == "replay" and number > 1:
            config = config.model_copy(update={"batch_size": 2 * config.batch_size})

        def loop(
            network: TextNetwork, method: Strategy, step: Experience, config: TrainingConfig = config
        ) -> Iterator[Any]:
            yield from train(network, method, step, config, device=CPU)

        experience = _experience(number, part, task)
        for _ in strategy.learn(model, experience, loop):
            pass
        strategy.end_experience(model, experience)
        seconds += time.monotonic() - began
        matrix.append([_accuracy(predict_logits(model, other.test, CPU), other.test) for other in task.parts])
    return matrix, seconds


def _experience(number: int, part: Part, task: Task) -> Experience:
    """One step of the stream; remembered texts find their tokens by their text."""
    ids = {
        text: identity
        for other in task.parts
        for text, identity in zip(other.train.texts, other.train.ids, strict=True)
    }
    numbers = {label: position for position, label in enumerate(task.classes)}

    def encode(texts: Any, labels: Any) -> Examples:
        return Examples(
            tuple(texts),
            np.array([numbers[label] for label in labels], dtype=np.int64),
            tuple(ids[text] for text in texts),
        )

    nothing = part.train.take([])
    some = part.train.take(np.arange(min(64, len(part.train))))  # validation chooses nothing here
    return Experience(
        number=number,
        train=part.train,
        validation=some,
        past=nothing,
        past_validation=nothing,
        task=TextClassification(),
        config=ClassificationConfig(label_smoothing=0.0),
        targets=[task.classes[label] for label in part.train.targets],
        outputs=task.classes,
        encode=encode,
        known_outputs=part.known,
    )


def _accuracy(logits: Tensor, test: Examples) -> float:
    return float((logits.argmax(dim=1).numpy() == test.targets).mean())


class _PeerModel(nn.Module):
    """The same network behind one input tensor, as the peer expects; the mask is read off the padding."""

    def __init__(self, model: TextNetwork) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.model(tokens, tokens != 0)
        return logits


def _peer(name: str, task: Task, seed: int) -> tuple[list[list[float]], float]:
    """R and seconds of the peer's strategy."""
    from avalanche.benchmarks import benchmark_from_datasets
    from avalanche.benchmarks.utils.classification_dataset import _make_taskaware_classification_dataset

    random.seed(seed)
    np.random.seed(seed)
    model = _PeerModel(_model(task, seed))
    torch.manual_seed(seed)
    streams = {
        side: [
            _make_taskaware_classification_dataset(_tensors(getattr(part, side)), task_labels=0) for part in task.parts
        ]
        for side in ("train", "test")
    }
    benchmark = benchmark_from_datasets(**streams)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=task.training.learning_rate, weight_decay=task.training.weight_decay
    )
    strategy = _peer_strategy(name, model, optimizer, task)
    matrix, seconds = [], 0.0
    for experience in benchmark.train_stream:
        began = time.monotonic()
        strategy.train(experience, num_workers=0)
        seconds += time.monotonic() - began
        network = strategy.model.model
        matrix.append([_accuracy(predict_logits(network, other.test, CPU), other.test) for other in task.parts])
    return matrix, seconds


def _tensors(examples: Examples) -> Any:
    from torch.utils.data import TensorDataset

    tokens = torch.zeros((len(examples), LENGTH), dtype=torch.int64)
    for row, ids in enumerate(examples.ids):
        tokens[row, : len(ids)] = torch.tensor(ids[:LENGTH])
    dataset = TensorDataset(tokens, torch.from_numpy(examples.targets))
    dataset.targets = examples.targets.tolist()  # type: ignore[attr-defined]
    return dataset


def _peer_strategy(name: str, model: nn.Module, optimizer: torch.optim.Optimizer, task: Task) -> Any:
    from avalanche.training import supervised
    from avalanche.training.plugins import EvaluationPlugin, SupervisedPlugin

    class Schedule(SupervisedPlugin):
        """Warm-up, linear decay and clipping, as in this project's loop."""

        def before_training_exp(self, strategy: Any, **_: Any) -> None:
            self.steps = len(strategy.dataloader) * task.training.epochs
            self.step = 0
            strategy.optimizer.state.clear()

        def before_update(self, strategy: Any, **_: Any) -> None:
            warmup = max(1, round(self.steps * task.training.warmup))
            factor = min((self.step + 1) / warmup, max(0.0, (self.steps - self.step) / max(1, self.steps - warmup)))
            for group in strategy.optimizer.param_groups:
                group["lr"] = task.training.learning_rate * factor
            nn.utils.clip_grad_norm_(strategy.model.parameters(), task.training.gradient_clip)
            self.step += 1

    own = {
        "finetune": {},
        "replay": {"mem_size": task.memory},
        "ewc": {"ewc_lambda": 1000.0, "mode": "separate"},
        "lwf": {"alpha": 1.0, "temperature": 2.0},
        "agem": {"patterns_per_exp": task.memory // len(task.parts), "sample_size": task.training.batch_size},
        "gdumb": {"mem_size": task.memory},
    }[name]
    return getattr(supervised, PEERS[name])(
        model=model,
        optimizer=optimizer,
        criterion=nn.CrossEntropyLoss(),
        train_mb_size=task.training.batch_size,
        train_epochs=task.training.epochs,
        eval_mb_size=128,
        device=CPU,
        plugins=[Schedule()],
        evaluator=EvaluationPlugin(),
        **own,
    )


def _print(asked: argparse.Namespace, task: Task, results: dict[str, Any]) -> None:
    sizes = ", ".join(str(len(part.train)) for part in task.parts)
    print(f"\n{asked.data.name}, {len(task.parts)} experiences ({sizes} rows), {len(task.classes)} labels, ", end="")
    print(f"small Transformer, {task.training.epochs} epochs, memory {task.memory}, {asked.seeds} seeds\n")
    print(
        "| strategy | average accuracy, here | Avalanche | forgetting, here | Avalanche | seconds, here | Avalanche |"
    )
    print("|---|---|---|---|---|---|---|")
    for strategy, sides in results.items():
        cells = []
        for measure in (average_accuracy, forgetting):
            cells += [_spread([100 * measure(matrix) for matrix, _ in sides[side]]) for side in ("ours", "peer")]
        cells += [_spread([seconds for _, seconds in sides[side]]) for side in ("ours", "peer")]
        print(f"| {strategy} | {' | '.join(cells)} |")


def _spread(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


if __name__ == "__main__":
    main()
