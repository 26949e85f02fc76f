"""Counts of answers and a sample of them, by model, version and day, in one SQLite file that several processes write.

Of each day the rows with the smallest random keys are kept: so a sample of what every process saw is one of all, whichever rows
came first, and its size does not grow with traffic.

References
----------
E. Cohen, H. Kaplan (2007), "Summarizing Data Using Bottom-k Sketches".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from core.base.audit import AuditLog
from core.base.errors import StorageError
from core.base.files import parse_json
from core.data.dataset.same_text import key_numbers
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.records import MOST_NUMBERS, Day, Row, Sampled, Tally, as_mark, sample_size

FILE = "monitor.db"
_PATIENCE = 5.0  # seconds for which another process's writing is waited for
_EDITION = 2  # of the tables; 1 had no novelty
_TABLES = """
create table if not exists counts (
    model text, run text, version integer, day text, what text, name text, count integer not null,
    primary key (model, run, day, what, name)) without rowid;
create table if not exists rows (
    model text, run text, version integer, day text, key real, language text, answer text, numbers blob, mark integer,
    text text, truth text, novelty real);
create index if not exists rows_by_day on rows (model, run, day, key);
create index if not exists rows_by_mark on rows (mark);
create table if not exists outputs (run text primary key, names text) without rowid;
create table if not exists alarms (model text primary key, run text, day text) without rowid;
create table if not exists keeping (model text primary key, config text) without rowid;
"""


class MonitorStore:
    """The counts and samples of one workspace."""

    def __init__(self, home: Path) -> None:
        self._path = Path(home) / FILE

    # -- what may be kept

    def keeping(self, model: str) -> Keeping:
        """What is kept of a model's texts."""
        for (config,) in self._read("select config from keeping where model = ?", model):
            return Keeping(**parse_json(config))
        return Keeping()

    def keep(self, model: str, keeping: Keeping) -> None:
        """From here on so much is kept; what was kept and may be no longer goes. A change stands in the audit log."""
        before = self.keeping(model)
        with self._writing() as database:
            database.execute("insert or replace into keeping values (?, ?)", (model, keeping.model_dump_json()))
            if keeping.kept_texts in ("nothing", "marks"):
                self._without_texts(database, model, "9999", marks=keeping.kept_texts == "marks")
        self.expire(model)
        if keeping != before:
            changed = {"texts": keeping.kept_texts, "days": keeping.kept_days}
            AuditLog(self._path.parent).add("keeping_set", model=model, facts={"changed": changed})

    def expire(self, model: str, today: date | None = None) -> None:
        """Take away texts and marks that are older than they may be."""
        since = (today or date.today()) - timedelta(days=self.keeping(model).kept_days)
        with self._writing() as database:
            self._without_texts(database, model, since.isoformat())

    # -- what was answered

    def add(self, tallies: Sequence[Tally]) -> None:
        """Add what was seen since the last time, all of it or nothing."""
        with self._writing() as database:
            for tally in tallies:
                whose = (tally.model, tally.run, tally.version, tally.day.isoformat())
                database.execute("insert or ignore into outputs values (?, ?)", (tally.run, json.dumps(tally.outputs)))
                database.executemany(
                    "insert into counts values (?, ?, ?, ?, ?, ?, ?) on conflict do update set count = count + excluded.count",
                    [(*whose, what, name, count) for (what, name), count in tally.counts.items() if count],
                )
                database.executemany(
                    "insert into rows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?)",
                    [(*whose, *_cells(row)) for row in tally.rows],
                )
                last = self._last_key(database, tally)
                if last is not None and self.keeping(tally.model).kept_texts != "all":
                    database.execute(
                        "delete from rows where model = ? and run = ? and day = ? and key > ?",
                        (tally.model, tally.run, tally.day.isoformat(), last),
                    )

    def last_key(self, tally: Tally, most: int | None = None) -> float | None:
        """The largest key of a day's sample, or of its first ``most`` rows; None while there are not so many."""
        with self._open() as database:
            return self._last_key(database, tally, most)

    def days(self, model: str, since: date) -> list[Day]:
        """All days since then on which a version answered, the oldest first."""
        days: dict[tuple[str, str], Day] = {}
        counts = self._read(
            "select run, version, day, what, name, count from counts where model = ? and day >= ? order by day, version",
            model,
            since.isoformat(),
        )
        for run, version, day, what, name, count in counts:
            own = days.setdefault((day, run), Day(run, version, date.fromisoformat(day)))
            own.counts.setdefault(what, {})[name] = count
        return list(days.values())

    def outputs(self, run: str) -> tuple[str, ...]:
        """Names of what a version computes."""
        for (names,) in self._read("select names from outputs where run = ?", run):
            return tuple(parse_json(names))
        return ()

    def sample(self, model: str, run: str, since: date, most: int | None = None) -> list[Sampled]:
        """The sample of each day since then, or so many rows of each, by day and key."""
        most = most or sample_size(len(self.outputs(run)))
        rows = self._read(
            "select day, key, language, answer, numbers, mark, text, truth, novelty from (select *, row_number() over "
            "(partition by day order by key) as place from rows where model = ? and run = ? and day >= ?) "
            "where place <= ? order by day, key",
            model,
            run,
            since.isoformat(),
            most,
        )
        return [_sampled(*cells) for cells in rows]

    def texts(self, model: str, since: date, *, unlabelled: bool = False) -> list[str]:
        """All texts that are kept since then, or those whose truth nobody said; each once, in no order that says anything."""
        known = "and truth is null" if unlabelled else ""
        texts = self._read(
            f"select text from rows where model = ? and day >= ? and text is not null {known} group by mark order by min(key)",
            model,
            since.isoformat(),
        )
        return [text for (text,) in texts]

    def novel_texts(self, model: str, run: str, since: date, rate: float) -> list[str]:
        """Kept texts since then whose novelty is at most so, and whose truth nobody said; each once, the most novel first."""
        texts = self._read(
            "select text from rows where model = ? and run = ? and day >= ? and novelty <= ? and text is not null "
            "and truth is null group by mark order by min(novelty), min(key)",
            model,
            run,
            since.isoformat(),
            rate,
        )
        return [text for (text,) in texts]

    def every_text(self) -> list[str]:
        """All texts that are kept, of whichever model."""
        return [text for (text,) in self._read("select distinct text from rows where text is not null")]

    # -- what has to be looked at

    def alarm(self, model: str, run: str) -> date | None:
        """Since when a version's texts are known to have changed; None where nothing is known of that."""
        days = self._read("select day from alarms where model = ? and run = ?", model, run)
        return date.fromisoformat(days[0][0]) if days else None

    def alarms(self) -> list[str]:
        """All models with an alarm."""
        return [model for (model,) in self._read("select model from alarms order by model")]

    def note_alarm(self, model: str, run: str, day: date | None) -> None:
        """Keep what a look found, so that others need not look."""
        if self._read("select run, day from alarms where model = ?", model) == (
            [(run, day.isoformat())] if day else []
        ):
            return
        with self._writing() as database:
            database.execute("delete from alarms where model = ?", (model,))
            if day is not None:
                database.execute("insert into alarms values (?, ?, ?)", (model, run, day.isoformat()))

    # -- what is said of it later

    def tell(self, model: str, texts: Sequence[str], targets: Sequence[str]) -> int:
        """Note what texts really are, where they are known by their marks; returns how many answers that are. It stays with an
        answer when its mark has to go.
        """
        with self._writing() as database:
            return sum(
                database.execute(
                    "update rows set truth = ? where model = ? and mark = ?", (target, model, as_mark(number))
                ).rowcount
                for number, target in zip(key_numbers(texts), targets, strict=True)
            )

    # -- what goes

    def forget(self, is_wanted: Callable[[str], bool], texts: Collection[str] = ()) -> int:
        """Take out every row whose text is wanted or is one of these; returns how many there were."""
        marks = [as_mark(number) for number in key_numbers(list(texts))]
        if not self._path.exists():
            return 0
        with self._writing() as database:
            kept = database.execute("select rowid, text from rows where text is not null").fetchall()
            gone = [(number,) for number, text in kept if is_wanted(text)]
            database.executemany("delete from rows where rowid = ?", gone)
            count = len(gone)
            for mark in marks:
                count += database.execute("delete from rows where mark = ?", (mark,)).rowcount
        self._empty()
        return count

    def delete(self, model: str) -> None:
        """Remove all that is known of a model."""
        if self._path.exists():
            with self._writing() as database:
                for name in ("counts", "rows", "alarms", "keeping"):
                    database.execute(f"delete from {name} where model = ?", (model,))
            self._empty()

    # -- the file

    def _without_texts(self, database: sqlite3.Connection, model: str, before: str, *, marks: bool = False) -> None:
        """Rows of days before that one lose text and mark, and those beyond the sample go."""
        change = "text = null" if marks else "text = null, mark = null"
        database.execute(f"update rows set {change} where model = ? and day < ?", (model, before))
        for run, day in database.execute(
            "select distinct run, day from rows where model = ? and day < ?", (model, before)
        ).fetchall():
            names = database.execute("select names from outputs where run = ?", (run,)).fetchone()
            most = sample_size(len(parse_json(names[0])) if names else 0)
            database.execute(
                "delete from rows where model = ?1 and run = ?2 and day = ?3 and rowid not in "
                "(select rowid from rows where model = ?1 and run = ?2 and day = ?3 order by key limit ?4)",
                (model, run, day, most),
            )

    def _last_key(self, database: sqlite3.Connection, tally: Tally, most: int | None = None) -> float | None:
        most = min(most or MOST_NUMBERS, sample_size(len(tally.outputs)))
        last = database.execute(
            "select key from rows where model = ? and run = ? and day = ? order by key limit 1 offset ?",
            (tally.model, tally.run, tally.day.isoformat(), most - 1),
        ).fetchone()
        return None if last is None else float(last[0])

    def _read(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        if not self._path.exists():
            return []
        with self._open() as database:
            return database.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.execute("begin immediate")
            with database:
                yield database

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file with its tables; `StorageError` where it cannot be used."""
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as database:
                database.execute("pragma secure_delete = on")
                if _edition(database) < _EDITION:
                    _bring_up_to_date(database)
                yield database
        except sqlite3.Error as error:
            raise StorageError(
                "monitor.unusable",
                "What was counted of models in use cannot be read or written: {file} ({reason}). Models are not affected. If it "
                "stays so, move the file away; counting then begins anew.",
                file=str(self._path),
                reason=str(error),
            ) from error

    def _empty(self) -> None:
        """Nothing of what was deleted stays in the file or beside it."""
        with self._open() as database:
            database.execute("pragma wal_checkpoint(truncate)")


def _edition(database: sqlite3.Connection) -> int:
    return int(database.execute("pragma user_version").fetchone()[0])


def _bring_up_to_date(database: sqlite3.Connection) -> None:
    """Make the tables that are missing, and what a file of an earlier edition lacks; of several processes one does it."""
    database.execute("pragma journal_mode = wal")
    database.execute("begin immediate")
    with database:
        if _edition(database) == 1:
            database.execute("alter table rows add column novelty real")
        for statement in _TABLES.split(";"):
            database.execute(statement)
        database.execute(f"pragma user_version = {_EDITION}")


def _cells(row: Row) -> tuple[Any, ...]:
    numbers = np.asarray(row.numbers, dtype=np.float32).tobytes()
    return row.key, row.language, row.answer, numbers, row.mark, row.text, row.novelty


def _sampled(
    day: str,
    key: float,
    language: str,
    answer: str,
    numbers: bytes,
    mark: int | None,
    text: str | None,
    truth: str | None,
    novelty: float | None,
) -> Sampled:
    read = np.frombuffer(numbers, dtype=np.float32)
    return Sampled(date.fromisoformat(day), Row(key, language, answer, read, mark, text, novelty), truth)
