"""Queries on real databases: rows come in chunks, nothing is written, and what goes wrong is said with the cure.

PostgreSQL is tried where its server is installed (Debian: ``apt install postgresql``).
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.base.errors import ConfigError, CoreError, DataError
from core.evolve.sources import query as module
from core.evolve.sources.query import rows_of

ROWS = [(f"thing {number}", number % 2) for number in range(25)]
VARIABLE = "EVERGREEN_TEST_PASSWORD"
PASSWORD = "p@ss/w%rd"
Database = tuple[str, Callable[[], int]]  # its address, and how many rows its table has


def _sqlite(folder: Path) -> Database:
    path = folder / "shop ü.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE rows (text, label)")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", ROWS)
    connection.close()

    def count() -> int:
        counting = sqlite3.connect(path)
        number = int(counting.execute("SELECT COUNT(*) FROM rows").fetchone()[0])
        counting.close()
        return number

    return f"sqlite:///{path}", count


def _duckdb(folder: Path) -> Database:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("duckdb_engine")
    path = folder / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE rows (text VARCHAR, label INTEGER)")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", ROWS)

    def count() -> int:
        with duckdb.connect(str(path), read_only=True) as counting:
            return int(counting.execute("SELECT COUNT(*) FROM rows").fetchone()[0])

    return f"duckdb:///{path}", count


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a PostgreSQL server of its own, which another user than root runs."""
    pytest.importorskip("psycopg")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL's server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="postgresql"))
    program = programs[-1].parent
    own = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if own:
        folder.chmod(0o755)
        shutil.chown(folder, "postgres")
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data = ["-D", str(folder / "data")]
    made = [*own, str(program / "initdb"), *data, "-A", "scram-sha-256", f"--pwfile={secret}", "-U", "reader"]
    subprocess.run(made, check=True, capture_output=True, cwd="/")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    control = [*own, str(program / "pg_ctl"), *data, "-l", str(folder / "log"), "-w"]
    begin = [*control, "-o", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1", "start"]
    subprocess.run(begin, check=True, stdout=subprocess.DEVNULL, cwd="/")
    yield port
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    shutil.rmtree(folder, ignore_errors=True)


def _postgresql(port: int) -> Database:
    psycopg = pytest.importorskip("psycopg")
    facts = f"host=127.0.0.1 port={port} user=reader dbname=postgres password='{PASSWORD}'"
    with psycopg.connect(facts) as connection:
        connection.execute("DROP TABLE IF EXISTS rows")
        connection.execute("CREATE TABLE rows (text VARCHAR, label INTEGER)")
        connection.cursor().executemany("INSERT INTO rows VALUES (%s, %s)", ROWS)

    def count() -> int:
        with psycopg.connect(facts) as counting:
            return int(counting.execute("SELECT COUNT(*) FROM rows").fetchone()[0])

    return f"postgresql://reader:${{{VARIABLE}}}@127.0.0.1:{port}/postgres", count


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    if request.param == "postgresql":
        return _postgresql(request.getfixturevalue("server"))
    return {"sqlite": _sqlite, "duckdb": _duckdb}[request.param](tmp_path)


def refused(database: str, query: str, *, seconds: float = 20.0) -> CoreError:
    with pytest.raises(CoreError) as caught:
        list(rows_of(database, query, seconds=seconds))
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_rows_come_in_chunks_as_text(database: Database) -> None:
    tables = list(rows_of(database[0], "SELECT text, label FROM rows ORDER BY label, text LIMIT 25;", chunk=10))
    assert [len(table) for table in tables] == [10, 10, 5]
    assert tables[0].column_names == ["text", "label"]
    assert {(row["text"], row["label"]) for table in tables for row in table.to_pylist()} == {
        (text, str(label)) for text, label in ROWS
    }
    (none,) = rows_of(database[0], "SELECT text, NULL AS label FROM rows WHERE text LIKE '%nothing%'")
    assert (len(none), none.column_names) == (0, ["text", "label"])


REFUSED = ("evolve.query_failed", "evolve.query_forbidden")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM rows",
        "SELECT 1; DELETE FROM rows",
        "SELECT 1; COMMIT; DELETE FROM rows; SELECT 2",
        "WITH gone AS (DELETE FROM rows RETURNING *) SELECT * FROM gone",
        "DROP TABLE rows",
        "CREATE TABLE more AS SELECT 1 AS a",
    ],
)
def test_the_database_itself_is_held_to_read_one_statement(
    database: Database, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the words of a query would have let it through."""
    monkeypatch.setattr(module, "check_query", lambda query: None)
    key = refused(database[0], query).message.key
    assert key in REFUSED
    if (
        query.split()[0] != "WITH" and ";" not in query and not database[0].startswith("postgresql")
    ):  # there no queries at all
        assert key == "evolve.query_forbidden"
    assert database[1]() == len(ROWS)


def test_other_files_are_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "check_query", lambda query: None)
    secret, made = tmp_path / "secret.csv", tmp_path / "made.db"
    secret.write_text("text\nsecret\n")
    address, _ = _sqlite(tmp_path)
    for query in (f"ATTACH '{made}' AS other", f"VACUUM INTO '{made}'", "SELECT load_extension('x')"):
        assert refused(address, query).message.key in REFUSED
    address, _ = _duckdb(tmp_path)
    for query in (f"FROM read_csv('{secret}')", f"COPY rows TO '{made}'", f"ATTACH '{made}'", "SET threads = 9"):
        assert refused(address, query).message.key in REFUSED
    assert not made.exists()


def test_a_table_that_is_missing_is_said_in_the_words_of_the_database(database: Database) -> None:
    error = refused(database[0], "SELECT * FROM absent")
    assert error.message.key == "evolve.query_failed"
    assert "absent" in str(error)
    assert refused(database[0], "SELECT 1 AS a, 2 AS a").message.key == "evolve.query_twice"


def test_what_takes_too_long_is_ended(database: Database) -> None:
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 - 1 FROM c) SELECT COUNT(*) FROM c"
    assert refused(database[0], endless, seconds=0.3).message.key == "evolve.query_slow"


def test_a_locked_file_is_told_and_read_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_LOCKED", 0.05)
    address, _ = _sqlite(tmp_path)
    holder = sqlite3.connect(tmp_path / "shop ü.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert refused(address, "SELECT * FROM rows").message.key == "evolve.database_locked"
    holder.execute("ROLLBACK")
    holder.close()
    assert sum(map(len, rows_of(address, "SELECT * FROM rows"))) == len(ROWS)


def test_a_duckdb_file_that_another_process_writes_is_told(tmp_path: Path) -> None:
    address, _ = _duckdb(tmp_path)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "shop.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert refused(address, "FROM rows").message.key == "evolve.database_locked"
        holder.communicate()


def test_a_wrong_password_and_a_server_that_is_not_there_are_told(server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"postgresql://reader:${{{VARIABLE}}}@127.0.0.1:{server}/postgres"
    monkeypatch.setenv(VARIABLE, "another-one")
    error = refused(address, "SELECT 1")
    assert error.message.key == "evolve.database_unreachable"
    assert "another-one" not in str(error)
    gone = refused(address.replace(str(server), "1"), "SELECT 1")
    assert gone.message.key == "evolve.database_unreachable"


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(b"no database" * 1000)
    error = refused(f"sqlite:///{path}", "SELECT 1 FROM rows")
    assert isinstance(error, DataError)
    assert "not a database" in str(error)


def test_a_driver_that_is_not_installed_is_named_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"pip install -r requirements-postgresql\.txt") as caught:
        list(rows_of("postgresql://reader@127.0.0.1:1/shop", "SELECT 1"))
    assert caught.value.message.key == "evolve.database_driver"
