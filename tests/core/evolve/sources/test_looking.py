"""A policy's query and its dataset of the Hub: each row once, trouble told and hindering nothing, kills harmless."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import datasets
import pytest

from core.base.audit import AuditLog
from core.cli.main import main
from core.evolve.ledger import Ledger, Ledgers
from core.evolve.sources import given, looking
from core.upkeep.deleting import delete_model
from tests.core.conftest import reviews
from tests.core.evolve.conftest import Evolving

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
QUERY = "SELECT text, label FROM rows"
Rows = Iterable[tuple[str, str]]


def rows_of(count: int, seed: int) -> list[tuple[str, str]]:
    made = reviews(count, seed=seed)
    return list(zip(made.texts, made.label_names(), strict=True))


def fill(path: Path, rows: Rows) -> str:
    """Add rows to a SQLite file; returns its address."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS rows (text, label)")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", list(rows))
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture
def shop(evolving: Evolving, tmp_path: Path) -> Path:
    """A database of 40 rows, and a policy that asks it; nothing is learned yet."""
    path = tmp_path / "shop.db"
    evolving.set(database=fill(path, rows_of(40, 1)), query=QUERY, least_rows=1000)
    return path


def look(evolving: Evolving, hours: float = 0.0) -> Ledger:
    return evolving.step(1, now=NOW + timedelta(hours=hours))


def trouble_of(ledger: Ledger, source: str = "query") -> str:
    stored = ledger.sources[source].get("trouble")
    return stored["key"] if stored else ""


def test_each_row_of_a_query_comes_in_once(evolving: Evolving, shop: Path) -> None:
    rows = rows_of(40, 1)
    fill(shop, rows[:3])  # twice in the table
    (taken,) = look(evolving).files
    assert (taken.name, taken.rows, taken.twice, taken.verdict) == ("query-2026-12-01-1200.parquet", 40, 3, "entered")
    assert len(evolving.workspace.datasets.load(taken.dataset)) == 40
    assert len(look(evolving, 25).files) == 1
    text, label = rows[0]
    other = "negative" if label == "positive" else "positive"
    fill(shop, [*rows_of(5, 2), (text, other)])
    ledger = look(evolving, 50)
    assert [(taken.rows, taken.met) for taken in ledger.files[1:]] == [(6, 43)]
    assert len(evolving.workspace.datasets.load(ledger.files[1].dataset)) == 6
    assert [
        entry.facts["rows"] for entry in AuditLog(evolving.workspace.home).entries() if entry.did == "rows_taken"
    ] == [
        40,
        6,
    ]


def test_what_a_query_gave_is_learned_like_a_file(evolving: Evolving, tmp_path: Path) -> None:
    evolving.set(database=fill(tmp_path / "shop.db", rows_of(100, 1)), query=QUERY)
    ledger = evolving.step(2)
    assert (ledger.batches[0].state, ledger.batches[0].rows, evolving.champion) == ("promoted", 100, 2)


def test_it_is_asked_as_often_as_the_policy_says_and_at_once_where_that_was_changed(
    evolving: Evolving, shop: Path
) -> None:
    look(evolving)
    fill(shop, rows_of(5, 2))
    assert len(look(evolving, 23).files) == 1
    assert len(look(evolving, -1).files) == 2  # the clock was set back
    fill(shop, rows_of(5, 3))
    evolving.set(query=f"{QUERY} WHERE 1 = 1")
    assert len(look(evolving, -1).files) == 3
    evolving.set(database="", query="")
    assert look(evolving).sources == {}


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("SELECT * FROM absent", "evolve.query_failed"),
        ("SELECT text FROM rows", "evolve.columns_missing"),
        ("DELETE FROM rows", "evolve.query_writes"),
        ("SELECT 1; SELECT 2", "evolve.query_several"),
    ],
)
def test_trouble_is_told_and_hinders_neither_the_folder_nor_a_later_look(
    evolving: Evolving, shop: Path, query: str, key: str
) -> None:
    evolving.set(query=query)
    evolving.put("monday.csv", reviews(30, seed=5))
    look(evolving)
    ledger = look(evolving, 0.1)
    assert trouble_of(ledger) == key
    assert [message.key for message in ledger.troubles] == [key]
    assert [taken.name for taken in ledger.files] == ["monday.csv"]
    evolving.set(query=QUERY)
    ledger = look(evolving, 0.2)
    assert (len(ledger.files), ledger.troubles) == (2, [])


def test_a_database_that_is_locked_is_asked_again_soon(
    evolving: Evolving, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.evolve.sources.query.SECONDS_LOCKED", 0.05)
    holder = sqlite3.connect(shop, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert trouble_of(look(evolving)) == "evolve.database_locked"
    holder.execute("ROLLBACK")
    holder.close()
    assert trouble_of(look(evolving, 0.1)) == "evolve.database_locked"  # not asked yet
    ledger = look(evolving, 0.3)
    assert (len(ledger.files), ledger.troubles) == (1, [])


def test_a_fault_of_a_driver_ends_no_step(evolving: Evolving, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("secret of a driver")

    monkeypatch.setattr(looking, "rows_of", fails)
    ledger = look(evolving)
    assert trouble_of(ledger) == "evolve.source_fault"
    assert "secret" not in str(ledger.troubles[0])


def test_a_kill_between_the_rows_and_the_ledger_loses_nothing_and_brings_nothing_twice(
    evolving: Evolving, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Ledgers.write

    def killed(self: Ledgers, ledger: Ledger) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Ledgers, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        look(evolving)
    monkeypatch.setattr(Ledgers, "write", write)
    ledgers = Ledgers(evolving.workspace.home)
    assert (ledgers.read("Shop").files, len(list(ledgers.rows_of("Shop").iterdir()))) == ([], 1)
    fill(shop, rows_of(4, 2))
    assert [taken.rows for taken in look(evolving, 1).files] == [44]
    assert len(look(evolving, 26).files) == 1

    def killed_late(self: Ledgers, ledger: Ledger) -> None:
        write(self, ledger)
        raise KeyboardInterrupt

    fill(shop, rows_of(6, 3))
    monkeypatch.setattr(Ledgers, "write", killed_late)
    with pytest.raises(KeyboardInterrupt):
        look(evolving, 52)
    monkeypatch.setattr(Ledgers, "write", write)
    assert [taken.rows for taken in look(evolving, 53).files] == [44, 6]


def test_a_limit_of_rows_is_said_and_the_others_come_with_the_next_look(
    evolving: Evolving, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "MOST_ROWS", 25)
    (taken,) = look(evolving).files
    assert (taken.rows, [message.key for message in taken.messages]) == (25, ["evolve.more_rows"])
    ledger = look(evolving, 25)
    assert [(taken.rows, taken.reasons) for taken in ledger.files[1:]] == [(15, [])]


def test_columns_are_found_in_other_letters_and_the_group_is_kept(evolving: Evolving, shop: Path) -> None:
    evolving.set(query='SELECT text AS "TEXT", label AS "Label", 1 AS more FROM rows')
    assert [taken.rows for taken in look(evolving).files] == [40]


def test_each_revision_of_a_dataset_is_read_once_and_only_its_new_rows(
    evolving: Evolving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(
        looking, "fetch_apart", lambda name, folder, **wanted: looking_fetch(name, folder, asked, **wanted)
    )
    asked: list[Any] = []
    folder = tmp_path / "reviews"
    folder.mkdir()

    def write(rows: Rows, name: str = "train.csv") -> None:
        (folder / name).write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))

    write(rows_of(30, 1))
    write(rows_of(7, 9), "test.csv")
    evolving.set(hub=str(folder), hub_split="train", least_rows=1000)
    (taken,) = look(evolving).files
    assert taken.rows == 30
    assert taken.name.startswith("reviews@")
    assert len(look(evolving, 25).files) == 1
    assert len(asked) == 1  # no new revision, nothing fetched
    write([*rows_of(30, 1), *rows_of(8, 2)])
    os.utime(folder / "train.csv", (1e9, 1e9))
    ledger = look(evolving, 50)
    assert [(taken.rows, taken.met) for taken in ledger.files[1:]] == [(8, 30)]
    evolving.set(hub=str(tmp_path / "gone"))
    assert trouble_of(look(evolving, 51), "hub") in ("data.hub_unknown", "data.hub_offline", "data.hub_failed")


def looking_fetch(name: str, folder: Path, asked: list[Any], **wanted: Any) -> Path:
    """In this process, which has a cache of its own."""
    from core.data.reading.hub import fetch_dataset

    asked.append(wanted)
    return fetch_dataset(name, folder, **wanted)


def test_rows_met_before_and_rows_twice_are_counted_apart(evolving: Evolving) -> None:
    evolving.set(least_rows=1000)
    new, learned = reviews(40, seed=1), rows_of(300, 0)[:10]
    path = evolving.put("monday.csv", new)
    rows = [*zip(new.texts[:4], new.label_names()[:4], strict=True), *learned]
    path.write_text(path.read_text() + "".join(f"{text},{label}\n" for text, label in rows))
    os.utime(path, (1e9, 1e9))
    (taken,) = evolving.step(2).files
    assert (taken.rows, taken.met, taken.twice) == (40, 10, 4)
    evolving.put("tuesday.csv", reviews(40, seed=1))
    evolving.put("wednesday.csv", reviews(41, seed=1))
    ledger = evolving.step(2)
    assert [(taken.verdict, taken.rows) for taken in ledger.files[1:2]] == [("entered", 0)]
    assert [message.key for message in ledger.files[1].messages] == []
    assert ledger.files[1].met == 40


def test_a_copy_of_a_file_is_listed_once(evolving: Evolving) -> None:
    evolving.set(least_rows=1000)
    evolving.put("monday.csv", reviews(30, seed=1))
    evolving.step(2)
    evolving.put("monday.csv", reviews(30, seed=1))  # the same again, under its own name
    evolving.put("copy.csv", reviews(30, seed=1))
    evolving.put("other.csv", reviews(30, seed=1))
    ledger = evolving.step(4)
    assert [(taken.name, taken.verdict, taken.rows) for taken in ledger.files] == [
        ("monday.csv", "entered", 30),
        ("copy.csv", "same", 0),
        ("other.csv", "same", 0),
    ]
    assert sum(taken.rows for taken in ledger.pending) == 30


def test_a_password_stands_nowhere(
    evolving: Evolving, shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = evolving.workspace.home
    literal = ["--database", "postgresql://reader:geheim@127.0.0.1:1/shop", "--query", "SELECT 1"]
    assert main(["policy", "set", "--classifier", "Shop", *literal]) == 2
    monkeypatch.setenv("SHOP_PASSWORD", "geheim")
    literal[1] = "postgresql://reader:${SHOP_PASSWORD}@127.0.0.1:1/shop"
    assert main(["policy", "set", "--classifier", "Shop", *literal]) == 0
    look(evolving)
    evolving.set(database="postgresql://reader:geheim@127.0.0.1:1/shop")  # as by hand, past all checks
    ledger = look(evolving)
    assert trouble_of(ledger) == "evolve.database_password"
    assert main(["policy", "show", "--classifier", "Shop"]) == 0
    assert main(["policy", "show", "--classifier", "Shop", "--json"]) == 0
    assert main(["policy", "set", "--classifier", "Shop", "--least-rows", "50"]) == 0
    told = capsys.readouterr()
    assert "reader:***@" in told.out
    assert "geheim" not in told.out + told.err
    evolving.set(database="")
    written = [path.read_bytes() for path in home.rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl")]
    assert written
    assert not any(b"geheim" in content for content in written)


def test_half_of_a_query_is_refused_and_a_whole_one_stands_in_the_audit_log(evolving: Evolving, shop: Path) -> None:
    def put(*words: str) -> int:
        return main(["policy", "set", "--classifier", "Shop", *words])

    assert put("--query", "") == 2
    assert put("--database", "") == 2
    assert put("--query", "SELECT text, label FROM rows LIMIT 5", "--query-hours", "2") == 0
    (entry,) = [entry for entry in AuditLog(evolving.workspace.home).entries() if entry.did == "policy_set"]
    assert entry.facts["changed"] == {"query": "SELECT text, label FROM rows LIMIT 5", "query_hours": 2.0}
    assert put("--database", "", "--query", "") == 0


def test_what_was_given_goes_with_the_model(evolving: Evolving, shop: Path) -> None:
    look(evolving)
    home = evolving.workspace.home
    folder = Ledgers(home).rows_of("Shop")
    assert len(list(folder.iterdir())) == 1
    assert b"great" not in b"".join(path.read_bytes() for path in folder.iterdir())
    delete_model(home, "Shop")
    assert not folder.exists()
    assert Ledgers(home).all() == []
