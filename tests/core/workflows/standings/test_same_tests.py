"""Versions on the same tests, over made-up folders whose answers are chosen so that every figure can be counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.base.errors import RegistryError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.registry import PromotionDecision, VersionInfo
from core.tasks import DEFAULT
from core.workflows.standings import AnswerStore, answers, known_to, today
from core.workflows.standings.tests import rows_key

TESTS = {1: ("Old", 10), 2: ("New", 10), 3: ("Newest", 10)}
SURE = {1: {1: 9}, 2: {1: 8, 2: 10}, 3: {1: 8, 2: 9, 3: 10}}  # version → test → rows that it answers rightly
ASKED_RIGHT = 3  # of ten rows of a test that is newer than a version


class Registry:
    """What `today` asks of a registry."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.made: dict[int, VersionInfo] = {}
        self.serving: int | None = None
        self.gone: set[int] = set()

    def versions(self, name: str) -> list[VersionInfo]:
        return [self.made[number] for number in sorted(self.made)]

    def champion(self, name: str) -> VersionInfo | None:
        return None if self.serving is None else self.made[self.serving]

    def folder_of(self, version: VersionInfo) -> Path:
        if version.number in self.gone:
            raise RegistryError("registry.files_missing", "gone")
        return self.home / f"v{version.number}"


def texts(test: int) -> list[str]:
    return [f"text {row} of test {test}" for row in range(TESTS[test][1])]


def truth(test: int) -> list[str]:
    return ["up", "down"] * (TESTS[test][1] // 2)


def flipped(labels: Sequence[str], right: int) -> list[str]:
    """The first rows right, the others wrong."""
    return [label if row < right else {"up": "down", "down": "up"}[label] for row, label in enumerate(labels)]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Which folder was asked how many texts, instead of running a file."""
    calls: list[tuple[str, int]] = []

    class Fake:
        task, labels = DEFAULT, ("down", "up")

        def __init__(self, folder: Path) -> None:
            self.name = folder.name

        def compute(self, wanted: Sequence[str]) -> np.ndarray:
            calls.append((self.name, len(wanted)))
            answers = flipped(truth(int(wanted[0].split()[-1])), ASKED_RIGHT)
            return np.array([[float(answer == label) for label in self.labels] for answer in answers])

    monkeypatch.setattr(answers, "load_version", Fake)
    return calls


def make(registry: Registry, number: int, *, parent: int | None, tests: Sequence[int], dataset: str = "") -> None:
    """Write the folder of a version whose stream brought these tests."""
    folder = registry.home / f"v{number}"
    (folder / "predictions").mkdir(parents=True)
    (folder / "experiences").mkdir()
    records = [{"number": place, "name": TESTS[test][0], "dataset": dataset} for place, test in enumerate(tests, 1)]
    (folder / "experiences.json").write_text(json.dumps(records))
    (folder / "labels.json").write_text('["down", "up"]')
    (folder / "config.json").write_text("{}")
    for place, test in enumerate(tests, 1):
        right = SURE.get(number, {}).get(test, 5)
        table = pd.DataFrame({"text": texts(test), "truth": truth(test), "predicted": flipped(truth(test), right)})
        table.to_parquet(folder / "predictions" / f"test_{place}.parquet")
        parts = pd.DataFrame({"row": [0, 1, 2], "part": ["train", "validation", "test"]})
        parts.to_parquet(folder / "experiences" / f"{place}.parquet")
    created = f"2026-01-0{number}T00:00:00+00:00"
    registry.made[number] = VersionInfo("Shop", number, parent, created, f"run{number}")


def look(registry: Registry, **options: Any) -> Any:
    return today(known_to(registry, "Shop"), registry.home, **options)  # type: ignore[arg-type]


@pytest.fixture
def line(registry: Registry) -> Registry:
    """Version 1, and version 2 that serves: better on the new test, a little worse on the old."""
    make(registry, 1, parent=None, tests=[1])
    make(registry, 2, parent=1, tests=[1, 2])
    registry.serving = 2
    return registry


def test_a_gain_on_a_new_test_is_no_fall(line: Registry, asked: list[tuple[str, int]]) -> None:
    same = look(line)
    assert (same.reference, same.rows, same.names) == (2, 20, ["Old", "New"])
    # Each on its own tests, 9 of 10 and 18 of 20, there would be no change at all.
    assert same.report(1).accuracy.value == pytest.approx((9 + 3) / 20)
    assert same.report(2).accuracy.value == pytest.approx((8 + 10) / 20)
    change = same.difference(1, 2)
    assert change.value == pytest.approx(6 / 20)
    assert change.low > 0
    assert same.difference(1, 2, test=1).value == pytest.approx(-1 / 10)
    assert same.difference(1, 2, test=2).value == pytest.approx(7 / 10)


def test_only_what_is_missing_is_asked_and_only_once(line: Registry, asked: list[tuple[str, int]]) -> None:
    look(line)
    assert asked == [("v1", 10)]
    look(line)
    assert asked == [("v1", 10)]
    make(line, 3, parent=2, tests=[1, 2, 3])
    look(line)
    assert asked == [("v1", 10), ("v1", 10), ("v2", 10)]  # each the newest test alone, however long the history


def test_after_a_rollback_the_tests_of_the_newest_stay(line: Registry, asked: list[tuple[str, int]]) -> None:
    line.serving = 1
    assert look(line).reference == 2


@pytest.mark.parametrize(
    ("gate", "decision", "reference"),
    [
        ("keep", None, 1),  # refused, and nobody has overruled the gate
        ("promote", None, 2),  # it waits for a decision
        ("promote", PromotionDecision(promoted=False), 1),  # kept back
        ("keep", PromotionDecision(promoted=True, against_gate=True), 2),  # it served, and was rolled back
    ],
)
def test_the_batch_of_a_version_that_never_served_is_no_test_of_the_others(
    line: Registry, asked: list[tuple[str, int]], gate: str, decision: PromotionDecision | None, reference: int
) -> None:
    line.serving = 1
    line.made[2] = replace(line.made[2], summary={"gate": gate}, decision=decision)
    assert look(line).reference == reference


def test_a_version_of_another_line_brings_no_tests(line: Registry, asked: list[tuple[str, int]]) -> None:
    DatasetStore(line.home).save(rows_of("other"), name="x", roles=ColumnRoles("text", "label"))
    make(line, 3, parent=None, tests=[3], dataset=DatasetStore(line.home).list()[0].id)
    same = look(line)
    assert same.reference == 2
    assert same.report(3).accuracy.value == pytest.approx((ASKED_RIGHT * 2) / 20)


def test_nobody_is_asked_where_only_looking_is_allowed(line: Registry, asked: list[tuple[str, int]]) -> None:
    same = look(line, ask=False)
    assert asked == []
    assert same.absent == {1: "waiting"}
    assert same.report(1) is None
    assert same.difference(1, 2) is None


def test_a_version_without_files_is_absent_unless_it_answered_before(
    line: Registry, asked: list[tuple[str, int]]
) -> None:
    line.gone = {1}
    assert look(line).absent == {1: "files"}
    line.gone = set()
    look(line)
    line.gone = {1}
    assert look(line).report(1).accuracy.value == pytest.approx(12 / 20)


def test_with_the_newest_files_gone_the_next_brings_the_tests(line: Registry, asked: list[tuple[str, int]]) -> None:
    line.gone = {2}
    same = look(line)
    assert (same.reference, same.rows, same.absent) == (1, 10, {2: "files"})
    line.gone = {1, 2}
    assert look(line) is None


def rows_of(*wanted: str) -> TextDataset:
    return TextDataset((*wanted, "y", "z"), np.array([0] * (len(wanted) + 1) + [1]), ("down", "up"))


@pytest.fixture
def other_line(line: Registry) -> Callable[[TextDataset], Registry]:
    """A third version, trained from the start on the first two of these rows."""

    def make_it(dataset: TextDataset) -> Registry:
        stored = DatasetStore(line.home).save(dataset, name="x", roles=ColumnRoles("text", "label"))
        make(line, 3, parent=None, tests=[1], dataset=stored.id)
        return line

    return make_it


def test_a_version_is_not_judged_by_rows_that_it_has_learned(
    other_line: Callable[[TextDataset], Registry], asked: list[tuple[str, int]]
) -> None:
    # In other case and spacing: the same text. Row 0 was learned, row 1 chose the best epoch, row 2 was tested on.
    same = look(other_line(rows_of("TEXT 0  of test 1", "text 1 of test 1")))
    assert same.rows_of(3) == 18
    assert same.report(3).rows == 18
    assert same.difference(2, 3).value == pytest.approx((8 - 2 + ASKED_RIGHT - (8 - 2 + 10)) / 18)


def test_deleted_data_leave_it_open_what_a_version_has_learned(
    other_line: Callable[[TextDataset], Registry], asked: list[tuple[str, int]]
) -> None:
    registry = other_line(rows_of("a", "b"))
    store = DatasetStore(registry.home)
    store.delete(store.list()[0].id)
    assert look(registry).absent == {3: "data"}


def test_the_newest_test_is_answered_by_its_parent_when_the_update_says_so(
    line: Registry, asked: list[tuple[str, int]]
) -> None:
    """As an update does, which has these answers at hand."""
    key = rows_key(texts(2), truth(2))
    AnswerStore(line.home).add(line.made[1], {key: answers.TestAnswers(tuple(flipped(truth(2), 4)))})
    assert look(line, ask=False).report(1).accuracy.value == pytest.approx((9 + 4) / 20)
    assert asked == []


def test_no_text_is_kept(line: Registry, asked: list[tuple[str, int]]) -> None:
    look(line)
    kept = (line.home / "answers" / "run1.json").read_text()
    assert "text" not in kept


def test_a_damaged_record_is_answered_again(line: Registry, asked: list[tuple[str, int]]) -> None:
    look(line)
    (line.home / "answers" / "run1.json").write_text('{"tests": {"x": {"labels"')
    assert look(line).report(1).rows == 20
    assert len(asked) == 2


def test_answers_that_cannot_be_kept_are_given_all_the_same(line: Registry, asked: list[tuple[str, int]]) -> None:
    """As in a workspace that can only be read; a file where the folder should be keeps even root from writing."""
    (line.home / "answers").write_text("")
    same = look(line)
    assert same.absent == {}
    assert same.report(1).rows == 20
    assert same.difference(1, 2) is not None
