"""The first rows of a query, for whoever writes it, and which of its columns the model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from core.base.messages import Message
from core.data.dataset.columns import ColumnRoles
from core.evolve.sources.address import check_source
from core.evolve.sources.given import columns_of, missing_columns
from core.evolve.sources.query import rows_of

FIRST = 5
SECONDS = 15.0
CELL = 200  # characters


@dataclass(frozen=True)
class Tried:
    """What a query gives.

    Parameters
    ----------
    meant
        Column that the model learns from → the query's column.
    problem
        That a column is missing; none otherwise.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    meant: dict[str, str]
    problem: Message | None


def try_query(database: str, query: str, roles: ColumnRoles, *, rows: int = FIRST) -> Tried:
    """Put a query to a database and look at its first rows; nothing is kept.

    Raises
    ------
    CoreError
        As `check_source` and `rows_of` do.
    """
    check_source(database, query)
    with closing(rows_of(database, query, seconds=SECONDS, chunk=rows)) as chunks:
        table = next(chunks)
    names = missing_columns(table.column_names, wanted := columns_of(roles))
    there = [name for name in wanted if name not in names.missing]
    return Tried(
        tuple(table.column_names),
        tuple(tuple(_cell(row, table.column_names)) for row in table.slice(0, rows).to_pylist()),
        dict(zip(there, names.found, strict=True)),
        names.problem(table.column_names, wanted),
    )


def _cell(row: dict[str, str | None], columns: Sequence[str]) -> list[str]:
    return [(row[name] or "")[:CELL] for name in columns]
