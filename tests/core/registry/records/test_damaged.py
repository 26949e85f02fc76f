"""A file that is no JSON, or nested deeper than Python reads, hides no other file and no page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.base.integrity import read_record
from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import LabellingStore
from core.data.loading.column_memory import ColumnMemory
from core.networks.pretrained import EncoderStore
from core.networks.vectors import VectorStore
from core.registry.records.comparisons import ComparisonStore
from core.registry.records.inspections import InspectionStore
from core.registry.records.receipts import receipts
from core.registry.records.searches import SearchStore

DEEP = "[" * 100_000
DAMAGED = [DEEP, '{"a":' * 100_000, "{", "null", "3", '"text"', "[]", "\x00"]
READERS: dict[str, Callable[[Path], Any]] = {
    "datasets/aaaaaaaaaaaaaaaa.json": lambda home: DatasetStore(home).list(),
    "columns.json": lambda home: [ColumnMemory(home).get(["text"])][:0],
    "comparisons/aa-bb.json": lambda home: ComparisonStore(home).list(),
    "searches/aa-bb.json": lambda home: SearchStore(home).list(),
    "receipts/aa-bb.json": receipts,
    "inspections/aaaaaaaaaaaaaaaa.json": lambda home: [InspectionStore(home).get("a" * 16)][1:],
    "labelling/20250101-000000-aaaaaa/session.json": lambda home: LabellingStore(home).list(),
    "artifacts/version.json": lambda home: read_record(home / "artifacts"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "text", [DEEP, '{"a":' * 100_000, "{", "null", "3", '"text"', "[]", "\x00"], ids=lambda text: repr(text[:6])
)
def test_it_is_as_if_it_were_not_there(evergreen_home: Path, name: str, text: str) -> None:
    path = evergreen_home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert not READERS[name](evergreen_home)


@pytest.mark.parametrize("text", [DEEP, "{"])
def test_sets_of_vectors_and_encoders_are_listed_without_it(evergreen_home: Path, text: str) -> None:
    before = len(VectorStore(evergreen_home).list()), len(EncoderStore(evergreen_home).list())
    for name in ("vectors/mine/vectors.json", "encoders/mine/encoder.json"):
        path = evergreen_home / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    assert (len(VectorStore(evergreen_home).list()), len(EncoderStore(evergreen_home).list())) == before
