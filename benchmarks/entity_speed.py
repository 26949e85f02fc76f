"""How fast entities are marked, beside ``transformers.pipeline("token-classification")`` with the same encoder; and whether
the file marks what PyTorch does.

    python benchmarks/entity_speed.py --data ../shared/data/ner --table conllpp_en

Training is short: speed does not depend on what the weights are. The pipeline puts pieces together
(``aggregation_strategy="simple"``) and reads batches of 16 sorted by length, as is best for it; both run on the CPU with as many
threads. Every round takes the methods one after the other. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles, guess_roles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.networks.pretrained.store import EncoderStore
from core.networks.standalone.extract import Extractor
from core.tasks import TASKS
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace

TASK = TASKS["token_classification"]
ENCODER = "packaged:multilingual-e5-small"
PEER = "transformers"
BATCH = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--table", default="conllpp_en")
    parser.add_argument("--models", default=",".join(TASK.networks()))
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000, help="training texts")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    table = read_table(asked.data / f"{asked.table}_train.tsv")
    dataset, _ = build_dataset(table, guess_roles(table))
    tested = read_table(asked.data / f"{asked.table}_test.tsv")
    texts = list(build_dataset(tested, guess_roles(tested), batch=True)[0].texts[: asked.texts])
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        roles = ColumnRoles(text="text", label="entities", spans=True)
        stored = workspace.datasets.save(dataset.take(np.arange(asked.rows)), name=asked.table, roles=roles).id
        folders = {model: _trained(workspace, stored, model) for model in asked.models.split(",")}
        engines: dict[str, Any] = {model: Extractor(folder.path) for model, folder in folders.items()}
        engines[PEER] = _peer(EncoderStore(Path(home)).folder(ENCODER), len(next(iter(folders.values())).outputs))
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(texts):,} texts of {asked.table}\n")
        print("| method | texts a second | ÷ transformers | one text: p50 / p95, ms | texts marked as by PyTorch |")
        print("|---|---|---|---|---|")
        rates = {name: [] for name in engines}
        for _ in range(asked.rounds):
            for name, engine in engines.items():
                rates[name].append(len(texts) / _seconds(engine, texts))
        for name, engine in engines.items():
            each = [1000 * _seconds(engine, [text]) for text in texts[:200]]
            ratio = [own / peer for own, peer in zip(rates[name], rates[PEER], strict=True)]
            cells = [
                name,
                f"{np.median(rates[name]):,.0f} ({min(rates[name]):,.0f}–{max(rates[name]):,.0f})",
                f"{np.median(ratio):.1f} ({min(ratio):.1f}–{max(ratio):.1f})",
                f"{np.median(each):.1f} / {np.quantile(each, 0.95):.1f}",
                _alike(folders[name], engine, texts) if name in folders else "",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


def _trained(workspace: Workspace, dataset: str, model: str) -> VersionFolder:
    settings = {"epochs": 1} if model != "crf" else {}
    if model == "encoder":
        settings |= {"encoder": ENCODER, "frozen_encoder_layers": 10}
    request = TrainRequest(classifier=model, dataset=dataset, model=model, task=TASK.name, settings=settings)
    ended = last_of(train_classifier(request, workspace))
    return VersionFolder(workspace.registry.folder(model, ended.version))


def _peer(folder: Path, outputs: int) -> Any:
    from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedTokenizerFast, pipeline

    config = AutoConfig.from_pretrained(folder, num_labels=outputs)
    model = AutoModelForTokenClassification.from_pretrained(folder, config=config).eval()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token="<pad>", model_max_length=512
    )
    return pipeline(
        "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple", device="cpu"
    )


def _seconds(engine: Any, texts: list[str]) -> float:
    began = time.monotonic()
    if isinstance(engine, Extractor):
        engine.entities(texts)
    else:
        engine(sorted(texts, key=len), batch_size=BATCH)
    return time.monotonic() - began


def _alike(folder: VersionFolder, engine: Extractor, texts: list[str]) -> str:
    _, share = TASK.compared(folder.load_model(), engine, texts)
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
