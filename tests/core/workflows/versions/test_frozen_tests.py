"""The gate's evidence as it comes from the answers to frozen tests: numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.continual.gate.evidence import measure_change
from core.statistics.intervals import Estimate
from core.tasks.text_classification.row_statistics import ACCURACY, answered
from core.tasks.text_classification.scores import evaluate_predictions
from core.tasks.text_classification.task import TextClassification
from core.workflows.versions.frozen_tests import FrozenTest, Scores, gate_evidence

TASK = TextClassification()

CLASSES = ("a", "b")


def answered_test(
    number: int, rows: tuple[str, str, str], before: float | None, after: float, *, compared: bool = True
) -> Scores:
    """A test by the truth and both versions' answers, a letter a row, and how sure each version is of all of them."""
    truth, old, new = rows
    sure = None if before is None else (before,) * len(truth)
    test = FrozenTest(number, f"Test {number}", tuple(truth), tuple(truth), tuple(old) if compared else None, sure)
    numbers = [[CLASSES.index(name) for name in column] for column in rows]
    change = measure_change(test.name, answered(*numbers, classes=2), ACCURACY) if compared else None
    report = evaluate_predictions(numbers[0], numbers[2], CLASSES)
    return Scores(TASK, test, report, None, change, tuple(new), (after,) * len(truth), np.zeros((len(truth), 2)))


def test_evidence_is_taken_over_all_tests_and_labels_over_the_older_ones() -> None:
    # Older: of four rows of a three were right and one is, of two of b both were and one is. Newest: from none to both of b.
    older = [answered_test(1, ("aaab", "aaab", "abbb"), 0.75, 0.95), answered_test(2, ("ab", "bb", "ba"), 0.75, 0.95)]
    evidence = gate_evidence([*older, answered_test(3, ("bb", "aa", "bb"), 0.75, 0.95)])
    assert evidence is not None
    assert [(change.name, change.rows) for change in evidence.older] == [("Test 1", 4), ("Test 2", 2)]
    assert evidence.older[0].difference.value == pytest.approx(-2 / 4)
    assert evidence.newest.difference.value == pytest.approx(1.0)
    assert evidence.strata is not None
    assert [(change.name, change.rows) for change in evidence.strata] == [("a", 4), ("b", 2)]
    assert [change.difference.value for change in evidence.strata] == pytest.approx([-2 / 4, -1 / 2])
    # Of eight rows five were right, at 0.75 stated, and four are, at 0.95.
    assert evidence.calibration is not None
    assert evidence.calibration.rows == 8
    assert evidence.calibration.before == pytest.approx(0.75 - 5 / 8)
    assert evidence.calibration.after == pytest.approx(0.95 - 4 / 8)
    assert evidence.calibration.difference.value == pytest.approx(0.20 + 1 / 8)
    assert list(evidence.to_dict()) == ["labels", "calibration", "groups"]


def test_what_was_not_asked_of_the_old_version_is_no_evidence() -> None:
    rows = ("aabb", "aaab", "aabb")
    unsure = gate_evidence([answered_test(1, rows, None, 0.9), answered_test(2, rows, 0.9, 0.9)])
    assert unsure is not None
    assert unsure.calibration is None
    assert gate_evidence([answered_test(1, rows, 0.9, 0.9, compared=False)]) is None


def test_a_label_s_change_is_the_paired_one_of_its_recall() -> None:
    rows = ("a" * 40 + "b" * 10, "a" * 26 + "b" * 24, "a" * 34 + "b" * 16)
    evidence = gate_evidence([answered_test(1, rows, 0.9, 0.9), answered_test(2, rows, 0.9, 0.9)])
    assert evidence is not None
    assert evidence.strata is not None
    # Agresti and Min: 8.5 gained and 0.5 lost of 42 rows.
    centre, half = 8 / 42, 1.959964 * (9 - 64 / 42) ** 0.5 / 42
    assert evidence.strata[0].difference == Estimate(
        pytest.approx(0.2), pytest.approx(centre - half, abs=1e-6), pytest.approx(centre + half, abs=1e-6)
    )
