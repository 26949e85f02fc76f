"""A SQL query, through SQLAlchemy: read only, one statement, within a limit of time, its rows one chunk after the other.

Knows nothing of policies. SQLAlchemy and the drivers are loaded with the first query.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Any

import pyarrow

from core.base.errors import ConfigError, DataError
from core.evolve.sources.address import check_query, file_of, kind_of, resolved, unsaid

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SECONDS = 60.0  # a query with all its rows
SECONDS_TO_CONNECT = 10
SECONDS_LOCKED = 5.0  # that another program may hold a SQLite file
CHUNK = 1000  # rows
DUCKDB = {  # a query reads the tables of its file and nothing else, and cannot undo this
    "enable_external_access": "false",
    "lock_configuration": "true",
    "memory_limit": "1GB",
    "threads": 1,
}
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_LOCKED = ("database is locked", "could not set lock", "lock timeout", "database table is locked")
_FORBIDDEN = ("not authorized", "prohibited", "read-only", "readonly", "operations are disabled", "permission")
_SLOW = ("interrupt", "statement timeout")


def rows_of(
    database: str, query: str, *, seconds: float = SECONDS, chunk: int = CHUNK
) -> Generator[pyarrow.Table, None, None]:
    """What a query gives, as text, one chunk after the other; at least one chunk, which may be empty.

    Parameters
    ----------
    database, query
        As `core.evolve.sources.address` takes them.

    Raises
    ------
    CoreError
        When the database cannot be opened or reached, is locked, refuses the query, or takes too long.
    """
    check_query(query)
    address = resolved(database)
    with _told(database, seconds):
        engine = DRIVERS_OF[kind_of(address)](address)
    try:
        with (
            _told(database, seconds, opening=True),
            engine.connect() as connection,
            _told(database, seconds),
            _limited(connection, seconds),
        ):
            yield from _chunks(connection, query.strip().rstrip(";"), time.monotonic() + seconds, chunk)
    finally:
        engine.dispose()


def _chunks(connection: Connection, query: str, latest: float, chunk: int) -> Iterator[pyarrow.Table]:
    result = connection.exec_driver_sql(
        query, execution_options={"stream_results": True, "max_row_buffer": chunk, "no_parameters": True}
    )
    try:
        columns = list(map(str, result.keys()))
        again = next((name for name in columns if columns.count(name) > 1), None)
        if again is not None:
            raise DataError(
                "evolve.query_twice", "The query gives two columns '{name}'. Give one of them another name.", name=again
            )
        rows: Sequence[Any] = result.fetchmany(chunk)
        yield _table(columns, rows)
        while rows := result.fetchmany(chunk):
            if time.monotonic() > latest:
                raise TimeoutError
            yield _table(columns, rows)
    finally:
        result.close()


def _table(columns: Sequence[str], rows: Sequence[Any]) -> pyarrow.Table:
    cells = zip(*rows, strict=True) if rows else [()] * len(columns)
    texts = (pyarrow.array(map(_text, column), pyarrow.string()) for column in cells)
    return pyarrow.table(dict(zip(columns, texts, strict=True)))


def _text(value: Any) -> str | None:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return None if value is None else str(value)


def _sqlite(address: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    def opened() -> sqlite3.Connection:
        uri = f"{file_of(address).as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, timeout=SECONDS_LOCKED, isolation_level=None)

    return create_engine("sqlite://", creator=opened, poolclass=NullPool)


def _duckdb(address: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import URL
    from sqlalchemy.pool import NullPool

    url = URL.create("duckdb", database=str(file_of(address)))
    return create_engine(url, connect_args={"read_only": True, "config": DUCKDB}, poolclass=NullPool)


def _server(address: str) -> Engine:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    url = make_url(address).set(drivername=kind_of(address))
    options = {"connect_timeout": SECONDS_TO_CONNECT, "application_name": "evergreen"}
    return create_engine(url, connect_args=options, poolclass=NullPool, hide_parameters=True)


DRIVERS_OF: dict[str, Callable[[str], Engine]] = {
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "postgresql+psycopg": _server,
}


@contextmanager
def _limited(connection: Connection, seconds: float) -> Iterator[None]:
    """End a query that takes longer; a server is told so, and that nothing is to be written."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, round(1000 * seconds))}")
        yield
        return
    raw: Any = connection.connection.driver_connection
    if isinstance(raw, sqlite3.Connection):  # not sooner: SQLAlchemy asks the file for its settings first
        raw.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY)
    timer = Timer(seconds, raw.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _told(database: str, seconds: float, *, opening: bool = False) -> Iterator[None]:
    """What a database or its driver has against it, as a sentence without secrets."""
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise ConfigError(
            "evolve.database_driver",
            "The driver for this database is not installed: {reason}. PostgreSQL's: pip install -r requirements-postgresql.txt; "
            "others: pip install -r requirements.txt.",
            reason=unsaid(_first_line(error), database),
        ) from None
    except (SQLAlchemyError, OSError, ValueError, sqlite3.Error, pyarrow.ArrowException) as error:
        reason = unsaid(_first_line(getattr(error, "orig", None) or error), database)
        lower = reason.lower()
        if isinstance(error, TimeoutError) or any(word in lower for word in _SLOW):
            raise DataError(
                "evolve.query_slow",
                "The query took longer than {seconds:.0f} seconds and was ended. Ask for fewer rows, such as those of the last "
                "week.",
                seconds=seconds,
            ) from None
        if any(word in lower for word in _LOCKED):
            raise DataError(
                "evolve.database_locked",
                "Another program has locked the database: {reason}. It is asked again soon.",
                reason=reason,
            ) from None
        if opening:
            raise DataError(
                "evolve.database_unreachable",
                "The database cannot be opened: {reason}. Check its address, the name and password, and that it runs.",
                reason=reason,
            ) from None
        if any(word in lower for word in _FORBIDDEN):
            raise DataError(
                "evolve.query_forbidden",
                "The database refuses the query, which may do nothing but read its own tables: {reason}.",
                reason=reason,
            ) from None
        raise DataError(
            "evolve.query_failed",
            "The database refuses the query: {reason}. Check its tables and columns.",
            reason=reason,
        ) from None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
