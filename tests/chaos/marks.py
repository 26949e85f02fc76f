"""A word and texts with it, put in every place of a workspace that can hold a text; and the search for what is left of them."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet

from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import Item, LabellingStore
from core.registry import Registry
from core.registry.records import receipts

MARK = "Zyxquornel"
TEXTS = tuple(f"{MARK} wrote 7{row}q that {MARK} is great" for row in range(40))
WRITER = "writer"  # a language model
SMALL = {"embedding_size": 16, "hidden_size": 32, "layers": 1, "heads": 2, "vocabulary_size": 500, "epochs": 1}
SMALL_WRITER = {**SMALL, "context": 16, "memory_size": 60}
SMALL_READER = {**SMALL, "max_length": 16}
# Where the mark stands before it is forgotten: parts of paths.
PLACES = (
    ".incoming-",
    "answers/",
    "version/predictions/test_1.parquet",
    "version/predictions/test_2.parquet",
    "version/report.json",
    "version/state.json",
    "version/t.parquet",
    "version/tokenizer.json",
    "cache/",
    "corrections/",
    f"datasets/{'0' * 16}.parquet",
    "encoders/own/reader/tokenizer.json",
    "features/",
    "inspections/",
    "checkpoint.pt",
    "log.txt",
    "labelling/",
    "uploads/aa/",
    "uploads/bb/",
    "vectors/mine/",
)
OF_THE_WRITER = ("predictions/test_1.parquet", "state.json", "tokenizer.json")  # in its version's folder
OF_ONE_RUN = ("id", "run", "created", "finished")  # of a receipt
WRITTEN = [MARK.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-16-be")]


def dead() -> str:
    """The signature of a process that cannot live: it began before all others."""
    from core.base.processes import machine

    return f"{machine()}-1-1"


def with_rows(dataset: TextDataset, texts: Sequence[str]) -> TextDataset:
    """The dataset with these texts as its last rows."""
    labels = np.concatenate([dataset.labels, np.arange(len(texts)) % 2])
    return replace(dataset, texts=(*dataset.texts, *texts), labels=labels)


def plant(home: Path, classifier: str, dataset: str) -> None:
    """Put the mark into queues, sessions, vectors, uploads, and into what killed processes and failed runs left."""
    for name in (classifier, "another"):
        Corrections(home).add(name, TEXTS[0], "good", predicted="bad", version=1)
        Corrections(home).add(name, "something else", "good", predicted="bad", version=1)
    items = [Item(TEXTS[1], "good"), Item("something else", "good"), Item(TEXTS[2])]
    session = LabellingStore(home).begin(items, kind="texts", name="x", labels=["good", "bad"], order="random")
    LabellingStore(home).answer(session.id, 1, "good")
    plant_vectors(home)
    table = pandas.DataFrame({"text": [*TEXTS[:3], "something else"]})
    for name in ("aa", "bb"):
        (home / "uploads" / name).mkdir(parents=True)
    table.to_csv(home / "uploads" / "aa" / "t.csv", index=False)
    table.to_csv(home / "uploads" / "bb" / "t.csv", index=False, encoding="utf-16")
    registry = Registry(home)
    lost = registry.start_run("train", classifier, {})
    registry.files.place_of(lost).mkdir(parents=True)
    table.to_parquet(registry.files.place_of(lost) / "t.parquet")
    registry.finish_run(lost, "failed")
    table.to_parquet(home / "datasets" / f"{'0' * 16}.parquet")
    os.utime(home / "datasets" / f"{'0' * 16}.parquet", (time.time() - 7200,) * 2)
    (home / f".incoming-{dead()}-0a").mkdir()
    table.to_parquet(home / f".incoming-{dead()}-0a" / "t.parquet")
    for folder in ("features", "answers", "cache"):
        (home / folder).mkdir(exist_ok=True)
        (home / folder / "x").write_text(MARK, encoding="utf-8")
    (home / "inspections").mkdir()
    (home / "inspections" / f"{dataset}.json").write_text(json.dumps({"note": MARK}), encoding="utf-8")


def plant_vectors(home: Path) -> None:
    """A set of word vectors as if it had been learned here."""
    from core.networks.vectors.info import VectorInfo
    from core.networks.vectors.writing import VectorWriter

    folder = home / "vectors" / "mine"
    folder.mkdir(parents=True)
    with VectorWriter(folder, 3) as writer:
        for word in ("great", MARK.lower(), "awful"):
            writer.add(word, np.ones(3, dtype=np.float32))
        writer.finish(VectorInfo("own:mine", "mine", 0, 0, (), "", "rows 1", learned=True))


def plant_run(folder: Path) -> None:
    """State and log of a run that was stopped."""
    import torch

    torch.save({"tokens": TEXTS[0]}, folder / "checkpoint.pt")
    (folder / "log.txt").write_text(f"ValueError: {TEXTS[0]}", encoding="utf-8")


def plant_temporary() -> None:
    """What a killed process left among the temporary files."""
    folder = Path(tempfile.gettempdir()) / f"evergreen-{dead()}-0d"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "t.txt").write_text("\n".join(TEXTS), encoding="utf-8")


def places(home: Path) -> list[str]:
    """Parts of paths, all of which have the mark before it is forgotten."""
    writer = Registry(home).folder(WRITER, 1).relative_to(home)
    return [*PLACES, *(f"{writer}/{name}" for name in OF_THE_WRITER)]


def search(*roots: Path) -> list[str]:
    """Every file below these folders that holds the mark, packed ones unpacked."""
    hits = []
    for root in roots:
        for path in sorted(root.rglob("*")):
            named = MARK.lower() in path.name.lower()
            if named or (path.is_file() and any(map(_is_marked, _unpacked(path.read_bytes())))):
                hits.append(str(path.relative_to(root)))
    return hits


def _is_marked(content: bytes) -> bool:
    lowered = content.lower()
    return any(written.lower() in lowered for written in WRITTEN)


def _unpacked(content: bytes) -> Iterator[bytes]:
    """The bytes of a file, and those of everything that is packed in it."""
    yield content
    if content[:4] == b"PAR1":
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        for column in table.columns:
            yield repr(column.combine_chunks().to_pylist()).encode()
        return
    if content[:2] == b"\x1f\x8b":
        yield from _unpacked(gzip.decompress(content))
    elif content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _unpacked(archive.read(name))


def receipts_of(home: Path) -> list[dict[str, Any]]:
    """All receipts, without what differs from run to run."""
    return [{key: value for key, value in receipt.items() if key not in OF_ONE_RUN} for receipt in receipts(home)]
