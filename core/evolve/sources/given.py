"""The new rows of what a source gives, as a file that is then read like one of the watched folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow
import pyarrow.parquet

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.columns import ColumnRoles
from core.evolve.sources.met import Hashes, hash_rows, is_in, mark_of

MOST_ROWS = 50_000  # new ones at a look; those beyond come with the next
MOST_BYTES = 100_000_000


@dataclass(frozen=True, eq=False)
class Given:
    """What a source gave at one look.

    Parameters
    ----------
    path
        Where the new rows are, as Parquet; no file where there are none.
    hashes
        Of the new rows.
    met, twice
        Rows that it gave at an earlier look, and those that it gave twice at this one; both are left out.
    more
        Whether it has more new rows than a look takes.
    """

    path: Path
    hashes: Hashes
    met: int
    twice: int
    more: bool

    @property
    def mark(self) -> str:
        return mark_of(self.hashes)


def columns_of(roles: ColumnRoles) -> list[str]:
    """The columns that a model learns from; in which part a row is, is decided anew."""
    return list(dict.fromkeys(column for role, column in roles.columns().items() if role != "split"))


def target_columns(roles: ColumnRoles) -> list[str]:
    """Those of them that make a row what it is: its text and what is to be answered."""
    return [column for column in columns_of(roles) if column not in (roles.group, roles.time)]


def fitting(table: pyarrow.Table, roles: ColumnRoles) -> pyarrow.Table:
    """The columns that a model learns from, also where a database writes their names in other letters.

    Raises
    ------
    DataError
        When one is missing.
    """
    wanted = columns_of(roles)
    names = missing_columns(table.column_names, wanted)
    problem = names.problem(table.column_names, wanted)
    if problem is not None:
        raise DataError(problem.key, problem.text, **problem.facts)
    return table.select(names.found).rename_columns(wanted)


@dataclass(frozen=True)
class Matched:
    """Columns by name: those found, as they are written, and those that are not there."""

    found: list[str]
    missing: list[str]

    def problem(self, columns: Sequence[str], wanted: Sequence[str]) -> Message | None:
        """What is missing of what a model learned from, and how it is given."""
        if not self.missing:
            return None
        return message(
            "evolve.columns_missing",
            "The column '{column}' is missing; there are: {columns}. The model learned from {wanted}: name them so, such as "
            "SELECT … AS {column}.",
            column=self.missing[0],
            columns=list(columns),
            wanted=list(wanted),
        )


def missing_columns(columns: Sequence[str], wanted: Sequence[str]) -> Matched:
    """Which columns are meant by these names: the very same, or the same in other letters."""
    lower = {column.lower(): column for column in columns}
    meant = {name: name if name in columns else lower.get(name.lower(), "") for name in wanted}
    return Matched(list(filter(None, meant.values())), [name for name in wanted if not meant[name]])


def gather(chunks: Iterable[pyarrow.Table], roles: ColumnRoles, path: Path, *, met: Hashes, key: str) -> Given:
    """Write the rows that are new into a file.

    Parameters
    ----------
    met
        Rows that were given at earlier looks, ascending.
    key
        What rows are hashed with.
    """
    seen: set[int] = set()
    kept: list[Hashes] = []
    writer, before, twice, size, more = None, 0, 0, 0, False
    try:
        for chunk in chunks:
            table = fitting(chunk, roles)
            hashes = hash_rows([table[name].to_pylist() for name in target_columns(roles)], key)
            known = is_in(hashes, met)
            before += int(known.sum())
            new = _first(hashes, ~known, seen)
            twice += int((~known).sum() - new.sum())
            more = len(seen) > MOST_ROWS
            if more:
                new[np.flatnonzero(new)[MOST_ROWS - sum(map(len, kept)) :]] = False
            rows = table.filter(pyarrow.array(new))
            if len(rows):
                writer = writer or pyarrow.parquet.ParquetWriter(path, rows.schema)
                writer.write_table(rows)
                kept.append(hashes[new])
                size += rows.nbytes
            if more := more or size > MOST_BYTES:
                break
    finally:
        if writer is not None:
            writer.close()
    return Given(path, np.concatenate(kept) if kept else np.zeros(0, np.uint64), before, twice, more)


def _first(hashes: Hashes, candidates: npt.NDArray[np.bool_], seen: set[int]) -> npt.NDArray[np.bool_]:
    """Which of the candidates are there for the first time; notes them."""
    new = np.zeros(len(hashes), dtype=bool)
    for row in np.flatnonzero(candidates).tolist():
        number = int(hashes[row])
        if number not in seen:
            seen.add(number)
            new[row] = True
    return new
