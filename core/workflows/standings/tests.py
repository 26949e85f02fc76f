"""The frozen tests in a version's folder: where they lie, and when two of them are the same.

Knows the names of two of a version's files, so that nobody needs torch to look at its tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.base.files import read_json
from core.base.integrity import reading

_BETWEEN = b"\x00"  # no text holds it


@dataclass(frozen=True, eq=False)
class FrozenRows:
    """The rows of one frozen test as a version's folder holds them, with that version's answers.

    Parameters
    ----------
    number
        The experience that brought the test, counted from 1.
    key
        Key that is the same for the same rows, whichever version keeps them, and another once rows were taken out.
    predicted
        The version's answer to each row, as a label's name.
    """

    number: int
    name: str
    key: str
    texts: tuple[str, ...]
    truth: tuple[str, ...]
    predicted: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def experience_records(folder: Path) -> list[dict[str, Any]]:
    """The steps of a version's stream, as its folder records them."""
    with reading(folder, "experiences.json"):
        records: list[dict[str, Any]] = read_json(folder / "experiences.json")
    return records


def predictions_path(folder: Path, number: int) -> Path:
    """Where a version keeps the frozen test of an experience with its answers."""
    return folder / "predictions" / f"test_{number}.parquet"


def rows_path(folder: Path, number: int) -> Path:
    """Where a version keeps what became of each row of an experience's dataset."""
    return folder / "experiences" / f"{number}.parquet"


def rows_key(texts: Sequence[str], truth: Sequence[str]) -> str:
    """What makes two frozen tests the same: their texts and labels, in their order."""
    digest = hashlib.blake2b(digest_size=12)
    for column in (texts, truth):
        for value in column:
            digest.update(value.encode("utf-8", "surrogatepass"))
            digest.update(_BETWEEN)
    return digest.hexdigest()


def read_test(folder: Path, number: int, name: str) -> FrozenRows:
    """Read one frozen test of a version."""
    table = pd.read_parquet(predictions_path(folder, number), columns=["text", "truth", "predicted"])
    texts, truth, predicted = (tuple(str(value) for value in table[column]) for column in table.columns)
    return FrozenRows(number, name, rows_key(texts, truth), texts, truth, predicted)
