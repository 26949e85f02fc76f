"""The n-gram model beside fastText: prediction from raw text to label, and training, on the same rows and cores.

    python -m pip install --target /tmp/fasttext fasttext-wheel==0.9.2     # its own folder, never the project's environment
    python benchmarks/peer_fasttext.py --data ../shared/data --fasttext /tmp/fasttext

Prediction: fastText's `predict` takes one text after the other in one thread, so ours has one thread, too. fastText splits at
spaces alone: Chinese texts get a space between all characters, which is part of its work; a second row leaves that out.

Training: fastText at wordNgrams=2 with its defaults and a handful of other settings; the one to compare with is that of the
best mean validation accuracy. Ours at its defaults, as the bare loop (vocabulary, learning, early stopping on the same
validation rows) and as the whole workflow (also export, frozen test, baseline, registry). Sides take turns, run by run; a run
is a seed. Test rows choose nothing. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from core.base.events import EpochDone, last_of
from core.continual.methods import StrategyConfig
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.networks.encoders.batches import predict_logits
from core.networks.standalone.predict import Classifier
from core.networks.text import encode_examples
from core.statistics.speed import Spread, paired_ratio, spread
from core.training.objectives.supervised import train
from core.workflows.learn.learners import first_learner, make_experience, make_strategy
from core.workflows.requests import TrainRequest, resolve_settings
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace

TABLES = {
    "en/sst2.csv": ColumnRoles(text="text", label="label", split="split"),
    "zh/takeaway.csv": ColumnRoles(text="text", label="label"),
}
GRID: dict[str, dict[str, Any]] = {
    "defaults": {},
    "epoch 25": {"epoch": 25},
    "epoch 50": {"epoch": 50},
    "lr 0.5": {"lr": 0.5},
    "lr 0.5, epoch 10": {"lr": 0.5, "epoch": 10},
    "lr 1": {"lr": 1.0},
    "lr 0.5, our size": {"lr": 0.5, "dim": 32, "bucket": 131_072},
    "lr 0.5, epoch 25, our size": {"lr": 0.5, "epoch": 25, "dim": 32, "bucket": 131_072},
}
PARTS = ("validation", "test")
MARK = "__label__"
CPU = ["CPUExecutionProvider"]


@dataclass(frozen=True)
class Rows:
    """One table: the texts and labels of each part, the parts being those of our workflow."""

    texts: dict[str, list[str]]
    labels: dict[str, list[str]]
    classes: tuple[str, ...]
    chinese: bool

    def all_texts(self, least: int) -> list[str]:
        every = [text for part in self.texts.values() for text in part]
        return every * -(-least // len(every))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/ and zh/")
    parser.add_argument("--fasttext", type=Path, help="folder that fasttext-wheel was installed into")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--rounds", type=int, default=7, help="of prediction")
    parser.add_argument("--texts", type=int, default=40_000, help="to predict, at least; rows are repeated")
    parser.add_argument("--repeat", type=int, default=3, help="trainings of each side; 0: prediction only")
    parser.add_argument("--threads", type=int, default=1, help="of trainings, on both sides")
    asked = parser.parse_args()
    if asked.fasttext:
        sys.path.insert(0, str(asked.fasttext))
    torch.set_num_threads(asked.threads)
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} cores, 1 thread a side for predicting, {asked.threads} for training{load}.\n")
    for table in asked.tables.split(","):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            bench(asked, table, Path(scratch))


def bench(asked: argparse.Namespace, table: str, scratch: Path) -> None:
    """Both parts for one table."""
    workspace = open_workspace(scratch)
    dataset, _ = build_dataset(read_table(asked.data / table), TABLES[table])
    stored = workspace.datasets.save(dataset, name=table, roles=TABLES[table])
    folder, _ = whole_workflow(workspace, stored.id, 0)
    rows = read_rows(folder, dataset, chinese=table.startswith("zh"))
    predicting(asked, table, folder, rows, scratch)
    if asked.repeat:
        training(asked, table, rows, workspace, stored.id, scratch)


def read_rows(folder: Path, dataset: Any, *, chinese: bool) -> Rows:
    version = VersionFolder(folder)
    texts, labels = {}, {}
    for part in ("train", "validation", "test"):
        numbers = version.rows_of(1, part)
        texts[part] = [dataset.texts[row] for row in numbers]
        labels[part] = [dataset.classes[dataset.labels[row]] for row in numbers]
    return Rows(texts, labels, version.outputs, chinese)


def spaced(text: str) -> str:
    """The characters of a text apart, on one line: all that fastText can read of Chinese."""
    return " ".join("".join(text.split()))


def one_line(text: str) -> str:
    return text.replace("\n", " ")


# -- prediction


def predicting(asked: argparse.Namespace, table: str, folder: Path, rows: Rows, scratch: Path) -> None:
    texts = rows.all_texts(asked.texts)
    ours = Classifier(folder, CPU, threads=1)
    model = fit(rows, scratch, 1, 0, GRID["lr 0.5"])
    prepare = spaced if rows.chinese else one_line
    ready = [prepare(text) for text in texts]
    sides: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours.predict(texts),
        "fastText": lambda: model.predict([prepare(text) for text in texts]),
        "fastText, texts made ready before": lambda: model.predict(ready),
    }
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(asked.rounds + 1):
        for name in list(sides)[number % 3 :] + list(sides)[: number % 3]:
            took = timed(sides[name])
            if number:  # the first round warms up
                speeds[name].append(len(texts) / took)
    print(f"| {table}: raw text to label, {len(texts):,} texts, {asked.rounds} rounds | texts/s | ours ÷ this |")
    print("|---|---|---|")
    for name in sides:
        print(f"| {name} | {shown(spread(speeds[name]), 0)} | {shown(paired_ratio(speeds['ours'], speeds[name]), 2)} |")
    print(flush=True)


# -- training


def training(
    asked: argparse.Namespace, table: str, rows: Rows, workspace: Workspace, dataset: str, scratch: Path
) -> None:
    """Every side once a seed, one after the other."""
    measured: dict[str, list[tuple[float, float, float]]] = {}  # seconds, validation accuracy, test accuracy
    ways: list[list[tuple[float, float]]] = []  # of our loop, after each epoch: seconds, validation accuracy
    for seed in range(asked.repeat):
        done, way = bare_loop(rows, seed)
        measured.setdefault("ours, loop", []).append(done)
        ways.append(way)
        folder, seconds = whole_workflow(workspace, dataset, seed)
        measured.setdefault("ours, workflow", []).append(
            (seconds, *(accuracy_of(folder, rows, part) for part in PARTS))
        )
        for name, settings in GRID.items():
            took: list[Any] = []
            seconds = timed(lambda s=settings, k=seed, t=took: t.append(fit(rows, scratch, asked.threads, k, s)))
            scores = [fasttext_accuracy(took[0], rows, part) for part in PARTS]
            measured.setdefault(f"fastText, {name}", []).append((seconds, *scores))
            took.clear()
    peers = [name for name in measured if name.startswith("fastText")]
    best = max(peers, key=lambda name: statistics.mean(run[1] for run in measured[name]))
    print(f"| {table}: training, {asked.repeat} seeds | seconds | validation | test | loop ÷ this | workflow ÷ this |")
    print("|---|---|---|---|---|---|")
    for name, runs in measured.items():
        seconds_of = {side: [run[0] for run in measured[side]] for side in (name, "ours, loop", "ours, workflow")}
        ratios = [
            shown(paired_ratio(seconds_of[side], seconds_of[name]), 2) for side in ("ours, loop", "ours, workflow")
        ]
        scores = [f"{100 * statistics.mean(run[column] for run in runs):.1f}" for column in (1, 2)]
        cells = [f"**{name}**" if name == best else name, shown(spread(seconds_of[name]), 2), *scores, *ratios]
        print(f"| {' | '.join(cells)} |")
    print("\nIn bold: fastText's best on the validation rows.")
    say_when_reached(ways, measured[best])


def say_when_reached(ways: list[list[tuple[float, float]]], peer: list[tuple[float, float, float]]) -> None:
    """How long our loop takes until it is as accurate on the validation rows as the peer at its end."""
    wanted = statistics.mean(run[1] for run in peer)
    reached = [next((seconds for seconds, accuracy in way if accuracy >= wanted), None) for way in ways]
    pairs = [(ours, theirs[0]) for ours, theirs in zip(reached, peer, strict=True) if ours is not None]
    print(f"Our loop is as accurate as that ({100 * wanted:.1f}) in {len(pairs)} of {len(ways)} runs", end="")
    if pairs:
        ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
        print(f", after {shown(spread(ours), 2)} s: {shown(paired_ratio(ours, theirs), 2)} times its time", end="")
    print(".\n", flush=True)


def bare_loop(rows: Rows, seed: int) -> tuple[tuple[float, float, float], list[tuple[float, float]]]:
    """Vocabulary and learning with early stopping; nothing is exported or stored.

    Returns seconds, validation and test accuracy, then seconds and validation accuracy after each epoch.
    """
    settings = resolve_settings("ngrams", {"seed": seed})
    started = time.perf_counter()
    learner = first_learner("ngrams", rows.texts["train"], rows.classes, settings, None)
    parts = [(rows.texts[part], rows.labels[part]) for part in ("train", "validation")]
    experience = make_experience(1, learner, *parts)
    strategy = make_strategy("finetune", StrategyConfig(), settings)
    way = []
    for event in train(learner.model, strategy, experience, settings.training):
        if isinstance(event, EpochDone):
            way.append((time.perf_counter() - started, event.scores["accuracy"]))
    took = time.perf_counter() - started
    scores = []
    for part in PARTS:
        truth = np.array([rows.classes.index(label) for label in rows.labels[part]])
        logits = predict_logits(
            learner.model, encode_examples(learner.pipeline, rows.texts[part], truth), torch.device("cpu")
        )
        scores.append(float((logits.argmax(dim=1).numpy() == truth).mean()))
    return (took, scores[0], scores[1]), way


def whole_workflow(workspace: Workspace, dataset: str, seed: int) -> tuple[Path, float]:
    """A training as a user starts it: the folder of its version, and seconds."""
    started = time.perf_counter()
    request = TrainRequest(classifier=f"seed {seed}", dataset=dataset, model="ngrams", settings={"seed": seed})
    completed = last_of(train_classifier(request, workspace))
    took = time.perf_counter() - started
    return workspace.registry.folder(request.classifier, completed.version), took


def accuracy_of(folder: Path, rows: Rows, part: str) -> float:
    answers = Classifier(folder, CPU, threads=1).predict(rows.texts[part])
    return float(np.mean([answer == label for answer, label in zip(answers, rows.labels[part], strict=True)]))


def fit(rows: Rows, scratch: Path, threads: int, seed: int, settings: dict[str, Any]) -> Any:
    """fastText on the training rows, writing them into its file included."""
    import fasttext

    prepare = spaced if rows.chinese else one_line
    number = {label: index for index, label in enumerate(rows.classes)}  # labels may hold spaces
    source = scratch / "fasttext.txt"
    lines = zip(rows.labels["train"], rows.texts["train"], strict=True)
    source.write_text("\n".join(f"{MARK}{number[label]} {prepare(text)}" for label, text in lines), encoding="utf-8")
    return fasttext.train_supervised(str(source), wordNgrams=2, thread=threads, seed=seed, verbose=0, **settings)


def fasttext_accuracy(model: Any, rows: Rows, part: str) -> float:
    prepare = spaced if rows.chinese else one_line
    answers, _ = model.predict([prepare(text) for text in rows.texts[part]])
    named = [rows.classes[int(answer[0].removeprefix(MARK))] if answer else "" for answer in answers]
    return float(np.mean([answer == label for answer, label in zip(named, rows.labels[part], strict=True)]))


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def shown(spread: Spread, digits: int) -> str:
    return f"{spread.median:,.{digits}f} ({spread.low:,.{digits}f}–{spread.high:,.{digits}f})"


if __name__ == "__main__":
    main()
