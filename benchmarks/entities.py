"""Entities on public data, beside CRFsuite and a dictionary of the training rows, on the same rows, through the real workflow.

    python benchmarks/entities.py --data ../shared/data/ner --models bilstm_crf,encoder
    python benchmarks/entities.py --data ../shared/data/ner --tables weibo_zh --models bilstm_crf --set epochs=20

Each table is given in three files, ``<name>_train.tsv``, ``<name>_dev.tsv`` and ``<name>_test.tsv``; nothing is chosen on tests.
The difference to CRFsuite is paired over the test texts, with its 95 % interval. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles, guess_roles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.splitting import split_rows
from core.data.reading.tables import read_table
from core.tasks import TASKS
from core.tasks.token_classification.baseline import CrfSuite, Dictionary
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace

TABLES = ("conllpp_en", "cluener_zh", "weibo_zh")
TASK = TASKS["token_classification"]
PARTS = {"train": "train", "dev": "validation", "test": "test"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--models", default=",".join(TASK.networks()))
    parser.add_argument("--rows", type=int, default=0, help="training texts at most, drawn by chance")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of all models")
    asked = parser.parse_args()
    settings = dict(_setting(each) for each in asked.set)
    print("| data | method | micro-F1 (95 %) | macro-F1 | over CRFsuite (95 %) | seconds |")
    print("|---|---|---|---|---|---|", flush=True)
    for table in asked.tables.split(","):
        _compare(table, _read(asked.data, table, asked.rows), asked.models.split(","), settings)


def _setting(written: str) -> tuple[str, Any]:
    name, _, value = written.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _read(folder: Path, name: str, most: int) -> TextDataset:
    """The three files as one dataset that is divided as they are."""
    texts: list[str] = []
    targets: list[str] = []
    splits: list[str] = []
    for part, split in PARTS.items():
        table = read_table(folder / f"{name}_{part}.tsv")
        dataset, _ = build_dataset(table, guess_roles(table), batch=True)
        rows = np.arange(len(dataset))
        if most and part == "train":
            rows = np.random.default_rng(0).permutation(rows)[:most]
        dataset = dataset.take(rows)
        texts += dataset.texts
        targets += dataset.label_names()
        splits += [split] * len(dataset)
    classes = tuple(sorted(set(targets)))
    numbers = {target: number for number, target in enumerate(classes)}
    return TextDataset(tuple(texts), np.array([numbers[target] for target in targets]), classes, tuple(splits))


def _compare(name: str, dataset: TextDataset, models: list[str], settings: dict[str, Any]) -> None:
    split = split_rows(TASK.stratified(dataset))
    learned, test = dataset.take(split.train), dataset.take(split.test)
    truth = test.label_names()
    began = time.monotonic()
    field = CrfSuite(learned.texts, learned.label_names()).answer(test.texts)
    _tell(name, "CRFsuite", truth, field, None, time.monotonic() - began)
    began = time.monotonic()
    _tell(
        name,
        "dictionary",
        truth,
        Dictionary(learned.texts, learned.label_names()).answer(test.texts),
        field,
        began=began,
    )
    for model in models:
        with tempfile.TemporaryDirectory() as home:
            workspace = open_workspace(Path(home))
            roles = ColumnRoles(text="text", label="entities", split="split", spans=True)
            stored = workspace.datasets.save(dataset, name=name, roles=roles)
            request = TrainRequest(classifier="e", dataset=stored.id, model=model, task=TASK.name, settings=settings)
            ended = last_of(train_classifier(request, workspace))
            folder = VersionFolder(workspace.registry.folder("e", ended.version))
            answers = TASK.read(engine := TASK.engine(folder.path), engine.compute(list(test.texts)))
            _tell(name, model, truth, answers, field, float(ended.report["seconds"]))


def _tell(
    name: str,
    method: str,
    truth: list[str],
    answers: list[str],
    field: list[str] | None,
    seconds: float | None = None,
    *,
    began: float = 0.0,
) -> None:
    seconds = time.monotonic() - began if seconds is None else seconds
    scores = TASK.report(truth, answers, ()).scores
    micro = scores["micro_f1"]
    cells = [name, method, f"{micro.value:.3f} ({micro.low:.3f}–{micro.high:.3f})", f"{scores['macro_f1'].value:.3f}"]
    if field is None:
        cells.append("")
    else:
        gain = TASK.difference("micro_f1", truth, field, answers)
        cells.append(f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})")
    print(f"| {' | '.join([*cells, f'{seconds:.0f}'])} |", flush=True)


if __name__ == "__main__":
    main()
