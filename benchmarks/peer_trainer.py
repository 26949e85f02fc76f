"""Fine-tuning beside transformers.Trainer: same encoder, rows, batch size, epochs and learning rate, on this CPU.

    python benchmarks/peer_trainer.py --data ../shared/data

SST-2 with all-MiniLM-L6-v2. Each run is a process of its own, the two sides in turn. The peer runs as its documentation shows it
(padding by batch, otherwise its defaults); ours with our defaults: batches of similar length, bfloat16 where the processor
has it, frozen word embeddings, and memory that is kept. Seconds are those of learning one epoch. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import torch

RATE, BATCH, LENGTH = 5e-5, 32, 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/sst2.csv")
    parser.add_argument("--rows", type=int, default=6920, help="training rows")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--side", choices=SIDES, help="run one side once and print its figures; used by the other calls"
    )
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.side:
        table = pd.read_csv(asked.data / "en" / "sst2.csv")
        train = table[table["split"] == "train"].sample(frac=1.0, random_state=0).head(asked.rows)
        seconds, accuracy = SIDES[asked.side](train, table[table["split"] == "validation"], asked.seed)
        print(json.dumps({"seconds": seconds, "accuracy": accuracy}))
        return
    results: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for seed in range(asked.repeat):
        for side in SIDES:
            results[side].append(_run(asked, side, seed))
    print(
        f"| {asked.rows:,} rows, 1 epoch, {torch.get_num_threads()} threads | seconds | validation accuracy |\n|---|---|---|"
    )
    for side, runs in results.items():
        print(
            f"| {side} | {_spread([run['seconds'] for run in runs])} | {_spread([100 * run['accuracy'] for run in runs])} |"
        )
    ratios = [
        ours["seconds"] / theirs["seconds"] for ours, theirs in zip(results["ours"], results["trainer"], strict=True)
    ]
    print(f"| ours ÷ trainer | {_spread(ratios, 2)} | |")


def _run(asked: Any, side: str, seed: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--data", str(asked.data), "--rows", str(asked.rows)]
    done = subprocess.run([*command, "--side", side, "--seed", str(seed)], capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _spread(values: list[float], digits: int = 1) -> str:
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def _folder() -> Path:
    from core.base.config import home
    from core.networks.pretrained import EncoderStore

    return EncoderStore(home()).folder("packaged:all-minilm-l6-v2")


def ours(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> tuple[float, float]:
    from core.base.allocator import keep_freed_memory
    from core.base.config import home
    from core.base.events import EpochDone
    from core.continual.methods import StrategyConfig
    from core.networks.sources import open_sources
    from core.training.objectives.supervised import train as learn
    from core.workflows.learn.learners import first_learner, make_experience, make_strategy
    from core.workflows.requests import resolve_settings

    keep_freed_memory()
    asked = {
        "encoder": "packaged:all-minilm-l6-v2",
        "epochs": 1,
        "seed": seed,
        "batch_size": BATCH,
        "max_length": LENGTH,
    }
    settings = resolve_settings("encoder", {**asked, "encoder_learning_rate": RATE})
    parts = [(list(part["text"]), [str(label) for label in part["label"]]) for part in (train, validation)]
    classes = tuple(sorted(set(parts[0][1])))
    learner = first_learner("encoder", parts[0][0], classes, settings, open_sources(home()))
    step, strategy = make_experience(1, learner, *parts), make_strategy("finetune", StrategyConfig(), settings)
    epoch = next(
        event for event in learn(learner.model, strategy, step, settings.training) if isinstance(event, EpochDone)
    )
    return epoch.seconds, epoch.scores["accuracy"]


def trainer(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> tuple[float, float]:
    from transformers import (
        AutoModelForSequenceClassification,
        DataCollatorWithPadding,
        PreTrainedTokenizerFast,
        Trainer,
        TrainingArguments,
    )

    folder = _folder()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
    numbers = {label: number for number, label in enumerate(sorted(set(map(str, train["label"]))))}

    def rows(part: pd.DataFrame) -> list[dict[str, Any]]:
        read = tokenizer(list(part["text"]), truncation=True, max_length=LENGTH)
        labels = [numbers[str(label)] for label in part["label"]]
        return [
            {"input_ids": ids, "attention_mask": mask, "labels": label}
            for ids, mask, label in zip(read["input_ids"], read["attention_mask"], labels, strict=True)
        ]

    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            num_train_epochs=1,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            seed=seed,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
        )
        peer = Trainer(
            model=model, args=arguments, train_dataset=rows(train), data_collator=DataCollatorWithPadding(tokenizer)
        )
        began = time.perf_counter()
        peer.train()
        seconds = time.perf_counter() - began
        held_back = rows(validation)
        answers = peer.predict(held_back).predictions.argmax(axis=1)
    return seconds, float(np.mean(answers == np.array([row["labels"] for row in held_back])))


SIDES = {"ours": ours, "trainer": trainer}

if __name__ == "__main__":
    main()
