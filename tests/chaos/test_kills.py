from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.base.faults import POINTS
from tests.chaos import marks
from tests.chaos.forked import Forker
from tests.chaos.operations import NAME, OPERATIONS, SECOND

ROOT = Path(__file__).resolve().parents[2]
CASES = [(operation, point) for operation, known in OPERATIONS.items() for point in known.points]
if (
    os.environ.get("EVERGREEN_CHAOS") != "all"
):  # `make chaos` kills each operation wherever it can; here each point has its turn once
    CASES = list({point: (operation, point) for operation, point in reversed(CASES)}.values())[::-1]
# What an operation comes to, whenever it was killed: versions, champion.
ENDS = {
    "train": ([1], 1),
    "update": ([1, 2], 2),
    "closed form": ([1, 2], 2),
    "promote": ([1, 2], 2),
    "save": ([], None),
    "delete": ([], None),
    "delete version": ([2], 2),
    "rewrite": ([1, 2], 1),
    "forget": ([1, 2, 3], 2),
    "tidy": ([1], 1),
}


@pytest.fixture(scope="module")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    running = Forker(tmp_path_factory.mktemp("chaos"))
    yield running
    running.close()


@pytest.mark.parametrize(("operation", "point"), CASES, ids=[f"{name}-{point}" for name, point in CASES])
def test_a_process_killed_here_loses_nothing_and_is_gone_on_with(forker: Forker, operation: str, point: str) -> None:
    home = forker.workspace(OPERATIONS[operation].base, "killed")
    told = forker.ask(home, "run", operation, fault=point)
    assert told["killed"], told
    outcome = look(forker, home, operation)
    assert outcome["killed"]["wrong"] == []
    assert_ended(outcome, operation)
    if operation == "forget":
        assert_forgotten(outcome, forgotten_at_once(forker))


def look(forker: Forker, home: Path, operation: str) -> dict[str, Any]:
    told = forker.ask(home, "look", operation)
    assert "trace" not in told, told["trace"]
    outcome: dict[str, Any] = told["found"]
    return outcome


def assert_ended(outcome: dict[str, Any], operation: str) -> None:
    versions, champion = ENDS[operation]
    for moment in ("done", "tidied"):
        assert outcome[moment]["wrong"] == []
        assert (outcome[moment]["versions"], outcome[moment]["champion"]) == (versions, champion), str(
            outcome[moment]["jobs"]
        )
        assert [state for state, *_ in outcome[moment]["jobs"]] in ([], ["finished"])
    assert outcome["debris"] == []
    assert {"rows 1", "rows 2"} <= set(outcome["tidied"]["datasets"])


def forgotten_at_once(forker: Forker) -> list[dict[str, Any]]:
    """The receipt of a run that nobody killed, which is made once."""
    if "receipts" not in forker.kept:
        home = forker.workspace("marked", "whole")
        marked = marks.search(home)
        assert [part for part in marks.places(home) if not any(part in path for path in marked)] == []
        told = forker.ask(home, "run", "forget")
        assert not told["killed"], told
        assert "trace" not in told, told["trace"]
        outcome = look(forker, home, "forget")
        assert_ended(outcome, "forget")
        forker.kept["receipts"] = outcome["receipts"]
        assert_forgotten(outcome, outcome["receipts"])
    receipts: list[dict[str, Any]] = forker.kept["receipts"]
    return receipts


def assert_forgotten(outcome: dict[str, Any], receipts: list[dict[str, Any]]) -> None:
    """Nothing of the texts is anywhere, every figure is of what is left, and the receipt says the same as if nothing had
    happened.

    Each of the two classifiers has one version more, which never met them.
    """
    assert outcome["marked"] == []
    assert outcome["unfit"] == []
    assert [outcome[moment]["second"] for moment in ("done", "tidied")] == [[1, 2, 3]] * 2
    assert outcome["receipts"] == receipts
    assert [receipt["state"] for receipt in receipts] == ["done"]


def test_what_is_forgotten_is_nowhere_and_the_receipt_counts_it(forker: Forker) -> None:
    (receipt,) = forgotten_at_once(forker)
    held = {(entry["classifier"], entry["version"]): entry["words"] > 0 for entry in receipt["versions"]}
    learned = [(name, version) for name in (NAME, SECOND) for version in (1, 2)]
    assert held == dict.fromkeys([*learned, (marks.WRITER, 1)], True)
    assert sum(entry["rows"] for entry in receipt["datasets"]) == len(marks.TEXTS)
    counts = [receipt[name] for name in ("corrections", "labelling", "uploads", "checkpoints", "orphans")]
    assert counts == [2, 2, 2, 1, 1]
    assert [entry["encoder"] for entry in receipt["encoders"]] == ["own:reader"]
    assert [(made["classifier"], made["version"]) for made in receipt["exact"]] == [(NAME, 3), (SECOND, 3)]


def test_every_point_in_the_code_is_known_and_every_known_one_is_killed_at() -> None:
    written = {
        name
        for path in (ROOT / "core").rglob("*.py")
        for name in re.findall(r"reached\(\"([^\"]+)\"\)", path.read_text(encoding="utf-8"))
    }
    declared = {name for names in POINTS.values() for name in names}
    assert written == declared
    killed = {point for _, point in CASES}
    # The first two are come by everywhere, and met by the random kills; tests of jobs kill at the third.
    assert declared - killed == {"files.written", "files.replaced", "job.checkpoint"}


def test_a_full_disk_while_registering_fails_the_job_in_plain_words(forker: Forker) -> None:
    home = forker.workspace("data", "full")
    told = forker.ask(home, "run", "train", fault="register.copied!ENOSPC")
    assert "trace" not in told, told["trace"]
    outcome = look(forker, home, "train")
    (state, result, error) = outcome["killed"]["jobs"][0]
    assert (state, result) == ("failed", None)
    assert error.startswith("No space is left on the disk")
    assert_ended(outcome, "train")
