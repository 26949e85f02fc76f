"""What is fuzzed: everything that reads a file which may hold anything. Only `CoreError` may come out of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.base import integrity
from core.base.errors import CoreError
from core.data.dataset.store import DatasetStore
from core.data.labelling import sessions as labelling_sessions
from core.data.labelling.sessions import LabellingStore
from core.data.loading.column_memory import ColumnMemory
from core.data.reading import parsing
from core.data.reading.isolation import wire
from core.jobs import files as job_files
from core.jobs.job import read_job
from core.registry.classifier_file import FOLDER, ClassifierFiles
from core.registry.entries import PromotionDecision
from core.registry.glance import FILE, Glance
from core.registry.history import ChampionHistory
from core.registry.records import (
    BenchmarkStore,
    ComparisonStore,
    CurveStore,
    FoldStore,
    InspectionStore,
    MembershipStore,
    SearchStore,
    receipts,
)
from core.registry.second_person import OverrideRequest
from core.registry.thresholds import Threshold

JOB: dict[str, dict[str, Any]] = {
    job_files.JOB: {
        "kind": "train",
        "title": "reviews",
        "classifier": "reviews",
        "config": {},
        "created": "2026-01-01",
    },
    job_files.CLAIM: {"queued": "2026-01-01", "pid": 1, "began": 1.0},
    job_files.PROGRESS: {"fraction": 0.5, "started": "2026-01-01"},
}
IDENTITY = "0123456789abcdef"


def table(path: Path, content: bytes) -> None:
    """Read a file in every way in which the application reads one."""
    path.write_bytes(content)
    form = None
    with suppress(CoreError):
        form = parsing.detect_format(path)
        assert type(form).from_dict(json.loads(json.dumps(form.to_dict()))) == form
    with suppress(CoreError):
        read = parsing.read_table(path, form)
        json.dumps(read.attrs)
        assert len(read) > 0
        assert len(set(read.columns)) == len(read.columns)
    with suppress(CoreError):
        parsing.parts_of(path)
    with suppress(CoreError):
        scan = parsing.scan_table(path, form)
        json.dumps(wire.scan_to_dict(scan))
        for piece in islice(parsing.table_pieces(scan, 5), 3):
            assert list(piece.columns) == scan.names


def stored(path: Path, content: bytes) -> None:
    """Let a damaged file stand wherever the application keeps one of its own."""
    home = path.parent / "home"
    for read in (_jobs, _records, _registry, _version, _data):
        with suppress(CoreError):
            read(home, content)


def _put(path: Path, content: bytes) -> Path:
    _make_folder(path.parent)
    path.write_bytes(content)
    return path


@cache
def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _jobs(home: Path, content: bytes) -> None:
    for name in JOB:
        read_job(_put(_job_folder(home, name) / name, content).parent)
    job_files.read_lines(_put(home / "jobs" / job_files.EPOCHS, content))
    job_files.read_tail(home / "jobs" / job_files.EPOCHS, 3)


@cache
def _job_folder(home: Path, damaged: str) -> Path:
    """A job of which all files but one are sound."""
    folder = home / "jobs" / damaged
    for name, value in JOB.items():
        if name != damaged:
            _put(folder / name, json.dumps(value).encode())
    return folder


def _records(home: Path, content: bytes) -> None:
    stores: Iterable[tuple[Any, Callable[[Any], object]]] = (
        (BenchmarkStore, lambda store: store.list("reviews", 1, "2026")),
        (ComparisonStore, lambda store: (store.list(), store.load("file"))),
        (CurveStore, lambda store: store.load("reviews", 1, "2026")),
        (FoldStore, lambda store: store.load("reviews", 1, "folds", "2026")),
        (MembershipStore, lambda store: store.load("reviews", 1, "2026")),
        (InspectionStore, lambda store: store.get(IDENTITY)),
        (SearchStore, lambda store: store.list()),
    )
    for path in _places_of_records(home):
        _put(path, content)
    receipts(home)
    for store, look in stores:
        with suppress(CoreError):
            look(store(home))


@cache
def _places_of_records(home: Path) -> list[Path]:
    return [
        BenchmarkStore(home)._folder_of("reviews", 1) / "file.json",
        CurveStore(home)._path("reviews", 1),
        FoldStore(home)._path("reviews", 1, "folds"),
        MembershipStore(home)._path("reviews", 1),
        home / "inspections" / f"{IDENTITY}.json",
        *(home / folder / "file.json" for folder in ("comparisons", "searches", "receipts")),
    ]


def _registry(home: Path, content: bytes) -> None:
    _put(home / FILE, content)
    glance = Glance(home)
    nobody: Any = SimpleNamespace(classifiers=list, versions=lambda name: [], champion=lambda name: None)
    glance.registry = nobody
    glance.classifiers()
    glance.versions("reviews")
    glance.champion("reviews")
    facts = ClassifierFiles(home / "artifacts")
    _put(home / "artifacts" / FOLDER / facts._path("reviews").name, content)
    facts.read("reviews")
    list(facts.all())
    text = content.decode("utf-8", "replace")
    for kind in (ChampionHistory, PromotionDecision, Threshold, OverrideRequest):
        kind.from_text(text)


def _version(home: Path, content: bytes) -> None:
    folder = home / "version"
    _put(folder / integrity.RECORD, content)
    integrity.read_record(folder)
    integrity.damaged(folder)
    with suppress(CoreError):
        integrity.check_serving(folder)


def _data(home: Path, content: bytes) -> None:
    _put(home / "columns.json", content)
    ColumnMemory(home).get(["text", "label"])
    datasets = DatasetStore(home)
    _put(datasets._path(IDENTITY, "json"), content)
    with suppress(CoreError):
        datasets.info(IDENTITY)
    sessions = LabellingStore(home)
    _put(sessions._folder_of("20260101-000000-abcdef") / labelling_sessions.SESSION, content)
    with suppress(CoreError):
        sessions.info("20260101-000000-abcdef")


TARGETS: dict[str, Callable[[Path, bytes], None]] = {"tables": table, "stored": stored}
