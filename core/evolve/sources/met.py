"""Rows that a source has given before, as keyed hashes of text and target; one file for each table that came in.

A file counts only where the ledger names its table: whoever is killed between the two finds the rows again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.files import writing

Hashes = npt.NDArray[np.uint64]
_BETWEEN = "\x1f"  # between the cells of a row
_NAME = 32  # first signs of a table's mark


def hash_rows(columns: Sequence[Sequence[object]], key: str) -> Hashes:
    """A number for each row, of its cells in these columns; without the key nobody can try texts."""
    known = key.encode()[:64]
    rows = (
        _BETWEEN.join("" if cell is None else str(cell).strip() for cell in row) for row in zip(*columns, strict=True)
    )
    digests = (hashlib.blake2b(row.encode("utf-8", "replace"), digest_size=8, key=known).digest() for row in rows)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def mark_of(hashes: Hashes) -> str:
    """What tells a table from others by its rows, in whatever order they came."""
    return hashlib.sha256(np.sort(hashes).astype("<u8").tobytes()).hexdigest()


def read_met(folder: Path, marks: Iterable[str]) -> Hashes:
    """The rows of these tables, ascending."""
    paths = [folder / f"{mark[:_NAME]}.npy" for mark in set(marks)]
    known = [np.load(path, allow_pickle=False) for path in paths if path.is_file()]
    return np.unique(np.concatenate(known)) if known else np.zeros(0, np.uint64)


def write_met(folder: Path, mark: str, hashes: Hashes) -> None:
    """Keep the rows of a table, before the ledger names it."""
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / f"{mark[:_NAME]}.npy") as part, part.open("wb") as file:
        np.save(file, hashes, allow_pickle=False)


def is_in(hashes: Hashes, ascending: Hashes) -> npt.NDArray[np.bool_]:
    """Which of these numbers are among those."""
    if not len(ascending):
        return np.zeros(len(hashes), dtype=bool)
    places = np.minimum(np.searchsorted(ascending, hashes), len(ascending) - 1)
    return np.asarray(ascending[places] == hashes)
