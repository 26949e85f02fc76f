"""A workspace whose names, labels, texts, columns and files hold everything that a screen might take for more than text."""

from __future__ import annotations

import copy
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.base.files import write_json
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import Item, LabellingStore
from core.jobs.files import CLAIM, JOB, PROGRESS
from core.networks.vectors import SkipGramConfig, VectorStore
from core.registry.records import BenchmarkStore, SearchStore, save_receipt
from core.workflows.inspect.run import InspectRequest, inspect_dataset
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.dashboard.lab import lab_comparison
from tests.dashboard.train.search.test_page import SEARCH
from tests.dashboard.use.speed.test_page import MEASUREMENT

HOST = "evil.example"  # nobody must ask it
# What stands before each word in the file must stand before it on the screen.
SIGNS = {
    "qqbold": "**", "qqem": "_", "qqcode": "`", "qqtag": "<b>", "qqmath": "$", "qqred": ":red[", "skull": ":material/",
    "qqlink": "[", "qqpic": "![", "qqsite": "www.", "qqmail": "", "qqleft": "-> ", "qqhead": "# ", "qqstrike": "~~",
}  # fmt: skip
PICTURE, EMOJI = f"![qqpic](http://{HOST}/p.png)", "💀"
SCRIPT = "<img src=x onerror=window.qqran=1><script>window.qqran=1</script>"
NAME = "**qqbold** _qqem_ `qqcode` <b>qqtag www.qqsite.example qqmail@qq.example"  # what a classifier may be called
WRITER = "_qqem_"  # and what a language model
LABELS = (
    f"{PICTURE} :red[qqred] $qqmath$ http://{HOST}/u",
    f"<b>qqtag</b>{SCRIPT} :material/skull: :skull: -> qqleft [qqlink](http://{HOST}/l) ~~qqstrike~~",
)
FIRST, BATCH = f"=HYPERLINK(1) {NAME} {PICTURE}{SCRIPT}", f"# qqhead [qqlink](http://{HOST}/d) $qqmath$ :red[qqred]"
TEXT = f"{{}} {NAME} {PICTURE} [qqlink](http://{HOST}/t) $qqmath$ {SCRIPT} :red[qqred] :material/skull: -> qqleft {{}}"
COLUMNS = ("text **qqbold** <b>qqtag", f"label {PICTURE} :red[qqred]")
FILE = "_qqem_ `qqcode` $qqmath$ :red[qqred].csv"
COMPARISON = "20260301-120000-abc123"
ROLES = ColumnRoles(text="text", label="label")
SMALL = {"epochs": 2, "embedding_size": 8, "buckets": 1024, "learning_rate": 0.05, "batch_size": 32}
TINY = {"epochs": 1, "embedding_size": 16, "layers": 1, "heads": 2, "memory_size": 20}


def rows(words: tuple[str, str], count: int) -> TextDataset:
    """Two labels, each with a word of its own, and a little noise."""
    texts = tuple(TEXT.format(words[number % 2], number) for number in range(count))
    labels = np.array([(number % 2) ^ (number % 9 == 0) for number in range(count)], dtype=np.int64)
    return TextDataset(texts, labels, LABELS)


def table() -> pd.DataFrame:
    dataset = rows(("bad", "good"), 40)
    return pd.DataFrame(dict(zip(COLUMNS, (dataset.texts, dataset.label_names()), strict=True)))


def uploads() -> dict[str, bytes]:
    """Files that are dropped on the Data page: a table, and zips whose members have such names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for member in (f"{PICTURE}.csv".replace("/", "_"), "**qqbold** :red[qqred] $qqmath$.csv"):
            archive.writestr(member, "text,label\na,b\n")
    single = io.BytesIO()
    with zipfile.ZipFile(single, "w") as archive:
        archive.writestr(f"[qqlink] **qqbold** {SCRIPT}.exe".replace("/", "_"), "x")
    return {
        FILE: table().to_csv(index=False).encode(),
        "several **qqbold**.zip": packed.getvalue(),
        "program.zip": single.getvalue(),
    }


def fill(home: Path) -> str:
    """Fill a workspace; returns the id of the session of labelling."""
    workspace = open_workspace(home)
    _classifier(workspace)
    _jobs(home)
    Corrections(home).add(NAME, TEXT.format("good", "waiting"), LABELS[1], predicted=LABELS[0], version=1)
    lab_comparison.save(home, name=FIRST, labels=LABELS, identity=COMPARISON)
    _records(workspace)
    _sets(workspace)
    items = [Item(TEXT.format("new", number), LABELS[0], LABELS[1]) for number in range(12)]
    return LabellingStore(home).begin(items, kind="dataset", name=FIRST, labels=LABELS, order="doubt").id


def _classifier(workspace: Workspace) -> None:
    first = workspace.datasets.save(rows(("bad", "good"), 160), name=FIRST, roles=ROLES)
    settings = {**SMALL, "segmentation": "words"}
    list(
        train_classifier(TrainRequest(classifier=NAME, dataset=first.id, model="ngrams", settings=settings), workspace)
    )
    batch = workspace.datasets.save(rows(("awful", "great"), 120), name=BATCH, roles=ROLES)
    request = UpdateRequest(classifier=NAME, dataset=batch.id, strategy="replay", settings={"epochs": 2})
    list(update_classifier(request, workspace))
    list(inspect_dataset(InspectRequest(dataset=first.id), workspace))


def _jobs(home: Path) -> None:
    """A training that failed, and one that was stopped."""
    error = {
        "key": "search.no_dataset",
        "text": "There is no '{name}': {known}.",
        "facts": {"name": FIRST, "known": LABELS[1]},
    }
    ends = {"failed": {"error": error}, "stopped": {}}
    for number, (end, further) in enumerate(ends.items()):
        folder = home / "jobs" / f"20260301-12000{number}-aaaaaa"
        created = f"2026-03-01T12:00:0{number}+00:00"
        asked = {"kind": "train", "title": f"{number} {FIRST}", "classifier": NAME, "config": {}, "created": created}
        ended = {"ended": end, "started": created, "finished": created, "fraction": 0.5, "device": NAME, **further}
        for name, content in ((JOB, asked), (CLAIM, {"queued": created}), (PROGRESS, ended)):
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / name, content)


def _records(workspace: Workspace) -> None:
    home, (dataset, *_) = workspace.home, workspace.datasets.list()
    SearchStore(home).save({**copy.deepcopy(SEARCH), "dataset": dataset.id, "dataset_name": FIRST})
    made = workspace.registry.version(NAME, 1).created
    reason = {"key": "benchmark.not_compiled", "text": "Not here: {reason}", "facts": {"reason": FIRST}}
    missing = [{**MEASUREMENT["missing"][0], "reason": reason}]
    facts = {"classifier": NAME, "version_made": made, "source": FIRST, "missing": missing, "frozen_tests": False}
    BenchmarkStore(home).save({**copy.deepcopy(MEASUREMENT), **facts})
    version = {"classifier": NAME, "version": 1, "memory": 1, "test": 1, "train": 1}
    lost = [{"dataset": dataset.id, "name": FIRST, "rows": 2, "left": 3}]
    receipt = {
        "id": "20260301-120000-abc123",
        "created": "2026-03-01T12:00:00+00:00",
        "classifier": NAME,
        "datasets": lost,
    }
    save_receipt({**receipt, "versions": [version], "corrections": 0, "exact": None}, home)


def _sets(workspace: Workspace) -> None:
    """A language model and word vectors. The model reads harmless texts, since it would write halves of words otherwise."""
    harmless = TextDataset(
        tuple(f"a kettle number {number}" for number in range(60)), np.zeros(60, dtype=np.int64), ("any",)
    )
    dataset = workspace.datasets.save(harmless, name=f"{BATCH} 2", roles=ROLES)
    writer = TrainRequest(
        classifier=WRITER, dataset=dataset.id, task="language_modelling", model="causal", settings=TINY
    )
    list(train_classifier(writer, workspace))
    config = SkipGramConfig(vectors_size=10, vectors_epochs=1)
    texts = rows(("bad", "good"), 60).texts
    VectorStore(workspace.home).learn(texts, "**qqbold** $qqmath$ www.qqsite.example", config, source=FIRST)
