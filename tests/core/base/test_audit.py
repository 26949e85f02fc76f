"""The audit log: what is written stays as it was, and whoever changes it is told of."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from core.base import audit
from core.base.audit import FILE, HEAD, AuditLog, act_as, as_csv, as_lines
from core.base.errors import DataError


def log(home: Path, count: int = 5) -> AuditLog:
    made = AuditLog(home)
    for number in range(count):
        made.add("threshold_set", model="reviews", version=number + 1, reason="因为 \udc80", facts={"threshold": 0.5})
    return made


def lines(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / FILE).read_text(encoding="utf-8").splitlines()]


def write(home: Path, entries: list[dict[str, Any]]) -> None:
    (home / FILE).write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")


def test_entries_follow_each_other_and_say_who(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit.entries, "_acting", audit.PROGRAM)  # and as it was afterwards
    assert AuditLog(tmp_path).verify().entries == 0
    act_as("page")
    made = log(tmp_path)
    entries = made.entries()
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert {entry.who for entry in entries} == {"page"}
    assert entries[0].reason == "因为 ?"
    verified = made.verify()
    assert (verified.entries, verified.last, verified.faults) == (5, entries[-1].hash, ())
    assert made.verify(entries[2].hash).faults == ()


@pytest.mark.parametrize("name", ["at", "who", "did", "model", "version", "reason", "facts", "hash"])
def test_a_change_of_any_part_is_told(tmp_path: Path, name: str) -> None:
    made = log(tmp_path)
    entries = lines(tmp_path)
    entries[2][name] = {"version": 9, "facts": {"threshold": 0.9}}.get(name, "x")
    write(tmp_path, entries)
    keys = [fault.key for fault in made.verify().faults]
    assert "audit.changed" in keys
    assert keys.count("audit.broken") == (name == "hash")


def test_what_is_taken_out_slipped_in_or_cut_off_is_told(tmp_path: Path) -> None:
    made = log(tmp_path)
    whole, last = lines(tmp_path), made.verify().last
    write(tmp_path, [*whole[:2], *whole[3:]])
    assert [fault.key for fault in made.verify().faults] == ["audit.broken"]
    write(tmp_path, [*whole[:2], whole[1], *whole[2:]])
    assert [fault.key for fault in made.verify().faults] == ["audit.broken"]
    write(tmp_path, whole[2:])
    assert [fault.key for fault in made.verify().faults] == ["audit.begins_late"]
    write(tmp_path, whole[:3])
    (cut,) = made.verify().faults
    assert str(cut).startswith("Entry 5 was written and is not there as it was; the audit log ends with entry 3")
    assert [fault.key for fault in made.verify(last).faults] == ["audit.ends_early", "audit.cut"]
    (tmp_path / HEAD).unlink()  # only who noted the last hash can tell that both were changed
    assert made.verify().faults == ()
    assert [fault.key for fault in made.verify(last).faults] == ["audit.cut"]
    (tmp_path / FILE).write_text("no json\n")
    assert [fault.key for fault in made.verify().faults] == ["audit.unreadable"]


def test_a_removed_log_is_told_also_when_another_has_begun(tmp_path: Path) -> None:
    made = log(tmp_path, 3)
    (tmp_path / FILE).unlink()
    assert [fault.key for fault in made.verify().faults] == ["audit.ends_early"]
    log(tmp_path, 7)
    (fault,) = made.verify().faults
    assert (fault.key, fault.facts["noted"], fault.facts["number"]) == ("audit.ends_early", 3, 7)
    with pytest.raises(DataError, match="not as it was written"):
        made.shorten("9999-01-01", "to hide it")
    (tmp_path / HEAD).write_text("[]")
    assert [fault.key for fault in made.verify().faults] == ["audit.note_unreadable"]
    (tmp_path / HEAD).unlink()
    made.add("kept_back", model="reviews", version=1)
    assert made.verify().faults == ()
    assert json.loads((tmp_path / HEAD).read_text())["number"] == 8


def test_who_dies_between_an_entry_and_its_note_has_cut_off_nothing(tmp_path: Path) -> None:
    made = log(tmp_path, 2)
    before = (tmp_path / HEAD).read_text()
    log(tmp_path, 1)
    (tmp_path / HEAD).write_text(before)
    assert made.verify().faults == ()
    made.add("kept_back", model="reviews", version=1)
    assert (json.loads((tmp_path / HEAD).read_text())["number"], made.verify().faults) == (4, ())


def test_a_line_that_a_killed_process_left_torn_was_never_an_entry(tmp_path: Path) -> None:
    made = log(tmp_path)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"number": 6, "at": "20')
    assert made.verify().entries == 5
    made.add("kept_back", model="reviews", version=1)
    assert [entry.number for entry in made.entries()] == [1, 2, 3, 4, 5, 6]
    assert made.verify().faults == ()


def test_what_is_finished_twice_is_told_once(tmp_path: Path) -> None:
    made = AuditLog(tmp_path)
    for _ in range(2):
        made.add("model_deleted", model="reviews", once="intent", who="page")
    (entry,) = made.entries()
    assert entry.who == "page"


def test_moves_that_nobody_has_written_down_come_first(tmp_path: Path) -> None:
    made = AuditLog(tmp_path)
    moves = [{"version": number, "at": f"2026-01-0{number}T00:00:00+00:00", "reason": "r"} for number in (1, 2, 3)]
    made.add_moves("reviews", moves[:2], "promoted", {"from": 1})
    made.add_moves("reviews", moves, "rolled_back", {"from": 2})
    entries = made.entries()
    assert [(entry.version, entry.did, "late" in entry.facts) for entry in entries] == [
        (1, "promoted", True),
        (2, "promoted", False),
        (3, "rolled_back", False),
    ]
    made.add_moves("reviews", [*moves, moves[2]], "promoted", {})  # within the same second
    assert len(made.entries()) == 4


def test_old_entries_go_and_the_log_says_so(tmp_path: Path) -> None:
    made = log(tmp_path)
    entries = lines(tmp_path)
    assert made.shorten("2000-01-01", "nothing is that old") == 0
    assert made.shorten("9999-01-01", "kept for a year") == 4  # the last one stays, so that the chain goes on
    left = made.entries()
    assert [(entry.number, entry.did) for entry in left] == [(5, "threshold_set"), (6, "shortened")]
    assert left[1].facts == {"dropped": 4, "first": 5, "before": entries[3]["hash"]}
    assert made.verify(entries[4]["hash"]).faults == ()
    write(tmp_path, [asdict(entry) for entry in left[1:]])
    assert [fault.key for fault in made.verify().faults] == ["audit.begins_late"]
    with pytest.raises(DataError, match="not as it was written"):
        made.shorten("9999-01-01", "again")


def test_several_at_once_write_one_chain(tmp_path: Path) -> None:
    def add(number: int) -> None:
        AuditLog(tmp_path).add("kept_back", model="m", version=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    verified = AuditLog(tmp_path).verify()
    assert (verified.entries, verified.faults) == (40, ())


def test_an_export_has_all_of_it(tmp_path: Path) -> None:
    entries = log(tmp_path).entries()
    assert as_lines(entries) == (tmp_path / FILE).read_text(encoding="utf-8")
    table = list(csv.DictReader(as_csv(entries).splitlines()))
    assert [row["hash"] for row in table] == [entry.hash for entry in entries]
    assert json.loads(table[0]["facts"]) == {"threshold": 0.5}
