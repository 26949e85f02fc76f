"""Transfer learning: pretrained encoders and word vectors against random start, on public data, with real workflows.

    python benchmarks/transfer.py --data ../shared/data                     everything (hours on two cores)
    python benchmarks/transfer.py --data ../shared/data --only sst2,clinc

Needs the packages of requirements-encoders.txt. Default settings unless a row says otherwise; nothing is chosen on test
rows. Prints one Markdown row as soon as it is measured.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from core.base.allocator import keep_freed_memory
from core.base.config import home
from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.networks.standalone.predict import Classifier
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace

E5, MINILM, GLOVE = "packaged:multilingual-e5-small", "packaged:all-minilm-l6-v2", "packaged:glove-6b-50d"
FOURIER = {
    "random_features": "fourier",
    "feature_count": 4096,
    "kernel_width": 4.0,
}  # chosen on validation rows of SST-2
# Chosen on validation rows of CLINC150.
INTENTS = {"random_features": "relu", "feature_count": 4096, "ridge_penalty": 30.0}
INTENT_LAYERS = 5
INTENT_ROLES = ColumnRoles(text="text", label="label", split="split")
SST2 = ("en/sst2.csv", ColumnRoles(text="text", label="label", split="split"))
TAKEAWAY = ("zh/takeaway.csv", ColumnRoles(text="text", label="label"))
SHOPPING = ("zh/shopping_6_categories.csv", ColumnRoles(text="评论", label="label"))
DOMAINS = ("en/reviews_8_domains.csv", ColumnRoles(text="text", label="label", split="split"))
GROUP, EXPERIENCES = 15, 10

Table = tuple[str, ColumnRoles]


class Bench:
    """A throw-away workspace, with the encoders of the real one, which take long to convert."""

    def __init__(self, data: Path, folder: Path, seeds: int) -> None:
        self.data, self.seeds = data, seeds
        (folder / "encoders").symlink_to(_encoders(), target_is_directory=True)
        self.workspace: Workspace = open_workspace(folder)

    def save(self, table: pd.DataFrame, roles: ColumnRoles, name: str = "table") -> str:
        dataset, _ = build_dataset(table, roles)
        return self.workspace.datasets.save(dataset, name=name, roles=roles).id

    def train(self, table: Table, model: str, settings: dict[str, Any], strategy: str = "finetune") -> Trained:
        """Train on a file of the data folder."""
        return self.learn(self.save(read_table(self.data / table[0]), table[1], table[0]), model, settings, strategy)

    def learn(self, dataset: str, model: str, settings: dict[str, Any], strategy: str = "finetune") -> Trained:
        """Train; the seconds are those of the processor for the whole run, from rows to a version that serves."""
        name = f"run {time.time_ns()}"
        request = TrainRequest(classifier=name, dataset=dataset, model=model, strategy=strategy, settings=settings)
        began = time.process_time()
        completed = last_of(train_classifier(request, self.workspace))
        return Trained(name, completed.version, completed.report, time.process_time() - began)


class Trained:
    """A version that was trained here."""

    def __init__(self, name: str, version: int, report: dict[str, Any], seconds: float) -> None:
        self.name, self.version, self.report, self.seconds = name, version, report, seconds

    @property
    def accuracy(self) -> float:
        return 100 * float(self.report["overall"]["accuracy"]["value"])


def _encoders() -> Path:
    folder = home() / "encoders"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/ and zh/")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    keep_freed_memory()
    print(
        "| data | what | test rows | accuracy | processor seconds, all of it | ONNX parity |\n|---|---|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="evergreen-") as folder:
        bench = Bench(asked.data, Path(folder), asked.seeds)
        for part in asked.only.split(","):
            PARTS[part](bench)


def _row(table: str, what: str, runs: list[Trained]) -> None:
    rows = f"{runs[0].report['overall']['rows']:,}"
    parity = f"{max(run.report['parity']['max_abs_diff'] for run in runs):.0e}"
    figures = [_spread([run.accuracy for run in runs]), _spread([run.seconds for run in runs], 0)]
    print(f"| {table} | {what} | {rows} | {' | '.join(figures)} | {parity} |", flush=True)


def _spread(values: list[float], digits: int = 1) -> str:
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


# -- the parts


def sst2(bench: Bench) -> None:
    """The English encoder and the bilingual one, fine-tuned."""
    runs = [bench.train(SST2, "encoder", {"encoder": MINILM, "seed": seed}) for seed in range(bench.seeds)]
    _row(SST2[0], "MiniLM, fine-tuned", runs)
    _row(SST2[0], "e5, fine-tuned", [bench.train(SST2, "encoder", {"encoder": E5})])


def frozen(bench: Bench) -> None:
    """The bilingual encoder as it is, under a head in closed form; features are computed once and then kept."""
    for strategy in ("ridge", "slda"):
        settings = {"encoder": E5, "tuning": "frozen", **FOURIER}
        _row(
            SST2[0],
            f"e5, frozen, {strategy} on 4,096 Fourier features",
            [bench.train(SST2, "encoder", settings, strategy)],
        )


def vectors(bench: Bench) -> None:
    """A BiLSTM that begins from GloVe, and the same from random numbers."""
    for what, settings in (("BiLSTM from random start", {}), ("BiLSTM from GloVe, 50 values", {"word_vectors": GLOVE})):
        runs = [bench.train(SST2, "bilstm", {**settings, "seed": seed}) for seed in range(bench.seeds)]
        _row(SST2[0], what, runs)


def takeaway(bench: Bench) -> None:
    """Chinese, short texts."""
    _row(TAKEAWAY[0], "e5, fine-tuned, 2 epochs", [bench.train(TAKEAWAY, "encoder", {"encoder": E5, "epochs": 2})])


def shopping(bench: Bench) -> None:
    """Chinese, longer texts."""
    _row(SHOPPING[0], "e5, fine-tuned, 2 epochs", [bench.train(SHOPPING, "encoder", {"encoder": E5, "epochs": 2})])


def across(bench: Bench) -> None:
    """Learned from English reviews alone, asked about Chinese ones."""
    run = bench.train(DOMAINS, "encoder", {"encoder": E5, "epochs": 1, "max_length": 64})
    _row(DOMAINS[0], "e5, fine-tuned, 1 epoch, 64 tokens of each text", [run])
    table = pd.read_csv(bench.data / SHOPPING[0])
    table = table[table["评论"].astype(str).str.strip() != ""]
    classifier = Classifier(bench.workspace.registry.folder(run.name, run.version))
    predicted = classifier.predict([str(text) for text in table["评论"]])
    right = np.mean(
        [_meaning(answer) == _meaning(other) for answer, other in zip(predicted, table["label"], strict=True)]
    )
    print(
        f"| {SHOPPING[0]} | the same, never having seen a Chinese review | {len(table):,} | {100 * right:.1f} | | |",
        flush=True,
    )


def _meaning(label: object) -> str:
    """Both tables say good or bad, in words of their own."""
    return {"positive": "good", "好评": "good", "negative": "bad", "差评": "bad"}[str(label)]


def few(bench: Bench) -> None:
    """16 rows of each label, three draws: from pairs first, plainly, and with the encoder left as it is."""
    table = pd.read_csv(bench.data / "en" / "customer_reviews.csv").dropna().drop_duplicates("text")
    table = table.sample(frac=1.0, random_state=7).reset_index(drop=True)
    ways = {
        "pairs, then the head": {"tuning": "contrastive"},
        "fine-tuned, 15 epochs, rate 1e-4": {"tuning": "full", "epochs": 15, "encoder_learning_rate": 1e-4},
        "frozen, 50 epochs": {"tuning": "frozen", "epochs": 50},
    }
    runs: dict[str, list[Trained]] = {what: [] for what in ways}
    for draw in range(bench.seeds):
        dataset = bench.save(_sixteen(table, draw), ColumnRoles(text="text", label="label", split="split"))
        for what, way in ways.items():
            settings = {"encoder": MINILM, "patience": 0, "memory_size": 0, "seed": draw, **way}
            runs[what].append(bench.learn(dataset, "encoder", settings))
    for what, scores in runs.items():
        _row("en/customer_reviews.csv, 16 rows a label", f"MiniLM, {what}", scores)


def _sixteen(table: pd.DataFrame, draw: int) -> pd.DataFrame:
    """The first 1,000 rows as test, and 16 of each label from the rest; as many again, of which nothing is learned."""
    rest = table[1000:].groupby("label").sample(32, random_state=draw)
    number = rest.groupby("label").cumcount()
    rest = rest.assign(split=np.where(number < 16, "train", "validation"))
    return pd.concat([table[:1000].assign(split="test"), rest])


def clinc(bench: Bench) -> None:
    """150 intents in ten experiences of 15, without any kept text, beside all labels at once."""
    parts = _intents(bench)
    frozen = {"encoder": MINILM, "tuning": "frozen", "feature_layers": INTENT_LAYERS, "memory_size": 0, **INTENTS}
    what = f"MiniLM, frozen, {INTENT_LAYERS} layers, ridge on 4,096 ReLU features, no text kept"
    _stream(bench, parts, what, "ridge", frozen)
    joint = bench.save(_in_scope(bench), INTENT_ROLES, "all intents")
    _stream(bench, [joint], "the same, all labels at once", "ridge", frozen)


def clinc_trained(bench: Bench) -> None:
    """The same stream for two ways that train the encoder."""
    parts = _intents(bench)
    for strategy, kept in (("finetune", 0), ("replay", 1500)):
        tuned = {"encoder": MINILM, "memory_size": kept}
        _stream(bench, parts, f"MiniLM, {strategy}, {kept:,} texts kept", strategy, tuned)


def _in_scope(bench: Bench) -> pd.DataFrame:
    table = pd.read_csv(bench.data / "en" / "clinc150.csv")
    return table[table["label"] != "oos"]


def _intents(bench: Bench) -> list[str]:
    """The ten experiences, labels in the order in which they first appear among the training rows."""
    table = _in_scope(bench)
    labels = list(dict.fromkeys(table[table["split"] == "train"]["label"]))
    parts = []
    for number in range(EXPERIENCES):
        group = labels[GROUP * number : GROUP * (number + 1)]
        parts.append(bench.save(table[table["label"].isin(group)], INTENT_ROLES, f"intents {number + 1}"))
    return parts


def _stream(bench: Bench, parts: list[str], what: str, strategy: str, settings: dict[str, Any]) -> None:
    name, began = f"run {time.time_ns()}", time.process_time()
    asked = TrainRequest(classifier=name, dataset=parts[0], model="encoder", strategy=strategy, settings=settings)
    completed = last_of(train_classifier(asked, bench.workspace))
    for part in parts[1:]:
        own = {key: value for key, value in settings.items() if key in {*FOURIER, *INTENTS}}
        update = UpdateRequest(classifier=name, dataset=part, strategy=strategy, settings=own, promote="always")
        completed = last_of(update_classifier(update, bench.workspace))
    _row("en/clinc150.csv", what, [Trained(name, completed.version, completed.report, time.process_time() - began)])


PARTS: dict[str, Callable[[Bench], None]] = {
    part.__name__: part for part in (sst2, frozen, vectors, takeaway, shopping, across, few, clinc, clinc_trained)
}

if __name__ == "__main__":
    main()
