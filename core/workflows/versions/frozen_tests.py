"""Frozen tests: scored through the exported file, the way a user will be answered, never through PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from core.continual.gate.evidence import (
    CalibrationChange,
    GateEvidence,
    StratumChange,
    TestChange,
    measure_change,
    measure_strata,
)
from core.networks.standalone.predict import Classifier
from core.tasks.text_classification.calibration import calibration_difference, expected_calibration_error
from core.tasks.text_classification.pairs import paired_difference
from core.tasks.text_classification.row_statistics import ACCURACY, answered
from core.tasks.text_classification.scores import Report, evaluate_predictions
from core.workflows.versions.folder import VersionFolder

RANDOM_START = 0  # in a history: a model that has learned nothing
AVERAGES = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")
# In a table of predictions, how each row was answered after experience 0, 1, 2, …; editions before had a column each.
_HISTORY, _EACH = "right", "right_"
_RIGHT, _WRONG, _UNKNOWN = b"x", b".", b" "


@dataclass(frozen=True)
class FrozenTest:
    """The test rows of one experience.

    Parameters
    ----------
    truth
        Label of each text, as a name.
    before
        Labels that the base version answers, as names; None at a first training.
    before_confidence
        Probability of each of the base version's answers, 0 to 1; None when nobody needs to know.
    history
        Rows that earlier versions answered rightly, bool, by the experience each had learned last.
    figures
        What the base version's answers are worth, as its report has it (`averages`); None where it must be computed.
    """

    number: int
    name: str
    texts: tuple[str, ...]
    truth: tuple[str, ...]
    before: tuple[str, ...] | None = None
    before_confidence: tuple[float, ...] | None = None
    history: Mapping[int, np.ndarray] = field(default_factory=dict)
    figures: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Scores:
    """A version on one frozen test: its answers, how sure it is of each (0 to 1), and what they are worth.

    ``probabilities`` has the shape (rows, classes).
    """

    test: FrozenTest
    report: Report
    before: Mapping[str, Any] | None
    change: TestChange | None
    predicted: tuple[str, ...]
    confidence: tuple[float, ...]
    probabilities: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``report.json``."""
        stored: dict[str, Any] = {
            "experience": self.test.number,
            "name": self.test.name,
            "rows": len(self.test.texts),
            "report": self.report.to_dict(),
            "before": self.before,
        }
        if self.change is not None and self.test.before is not None:
            truth, before, after = _numbers(self.test.truth, self.test.before, self.predicted)
            macro = paired_difference(truth, before, after, metric="macro_f1")
            stored["difference"] = {"accuracy": self.change.difference.to_dict(), "macro_f1": macro.to_dict()}
        return stored


def score_tests(
    classifier: Classifier, tests: Sequence[FrozenTest], classes: tuple[str, ...], folder: VersionFolder
) -> list[Scores]:
    """Answer every frozen test and write the answers beside the version."""
    # All at once: texts of one length then go together, whichever test they are from.
    stated = classifier.predict_proba([text for test in tests for text in test.texts])
    ends = np.cumsum([len(test.texts) for test in tests])[:-1]
    parts = np.split(stated, ends)
    return [_score(part, test, classes, folder) for part, test in zip(parts, tests, strict=True)]


def _score(stated: np.ndarray, test: FrozenTest, classes: tuple[str, ...], folder: VersionFolder) -> Scores:
    names = tuple(classes[position] for position in stated.argmax(axis=1))
    answers = prediction_table(test.texts, test.truth, names, stated)
    folder.save_predictions(test.number, answers.assign(**{_HISTORY: _history_column(test.history, len(answers))}))
    return measure(test, names, stated, classes)


def measure(test: FrozenTest, answers: tuple[str, ...], stated: np.ndarray, classes: tuple[str, ...]) -> Scores:
    """What a version's answers to a test are worth, and how they differ from the base version's.

    Parameters
    ----------
    answers
        Labels as names.
    stated
        Probabilities, shape (rows, classes).
    """
    number = {name: position for position, name in enumerate(classes)}
    truth, predicted = (np.array([number[name] for name in names], dtype=np.int64) for names in (test.truth, answers))
    report = evaluate_predictions(truth, predicted, classes)
    sure = tuple(float(value) for value in stated.max(axis=1))
    if test.before is None:
        return Scores(test, report, None, None, answers, sure, stated)
    before = np.array([number[name] for name in test.before], dtype=np.int64)
    change = measure_change(test.name, answered(truth, before, predicted, classes=len(classes)), ACCURACY)
    figures = test.figures or averages(evaluate_predictions(truth, before, classes))
    return Scores(test, report, figures, change, answers, sure, stated)


def stored_tests(
    folder: VersionFolder, report: Mapping[str, Any], keep: Mapping[int, np.ndarray] | None = None
) -> list[FrozenTest]:
    """Every frozen test of a version as it stands, with that version's answers.

    Parameters
    ----------
    report
        The version's.
    keep
        Rows to take, by the number of the test; all rows of tests that are not named.
    """
    tests, records = [], folder.experiences()
    measured = {test["experience"]: test for test in report["tests"]}
    for record in records:
        table = folder.predictions(record.number)
        if keep is not None and record.number in keep:
            table = table[keep[record.number]].reset_index(drop=True)
        texts, truth, answers = (tuple(table[column]) for column in ("text", "truth", "predicted"))
        history = read_history(table, len(records))
        figures = _figures(measured.get(record.number), len(table))
        tests.append(FrozenTest(record.number, record.name, texts, truth, answers, confidence(table), history, figures))
    return tests


def _figures(measured: Mapping[str, Any] | None, rows: int) -> dict[str, Any] | None:
    """The averages that a report has of a test; None where it is of other rows, or of an edition that knew fewer."""
    if measured is None or measured["rows"] != rows or not measured["report"].keys() >= set(AVERAGES):
        return None
    return {name: measured["report"][name] for name in AVERAGES}


def confidence(table: pd.DataFrame) -> tuple[float, ...]:
    """The probability of each answer in a table of predictions."""
    return tuple(probabilities(table).max(axis=1, initial=0.0).tolist())


def probabilities(table: pd.DataFrame) -> np.ndarray:
    """The probability of each class in a table of predictions, shape (rows, classes)."""
    columns = [column for column in table.columns if column.startswith("p_")]
    return table[columns].to_numpy(dtype=np.float64)


def read_history(table: pd.DataFrame, number: int) -> dict[int, np.ndarray]:
    """Which rows of a frozen test each version of a line answered rightly: bool, by the experience it had learned last.

    Parameters
    ----------
    table
        The newest version's predictions.
    number
        The experience that it had learned last.
    """
    names = [name for name in table.columns if name.startswith(_EACH)]
    known = {int(name.removeprefix(_EACH)): table[name].to_numpy(dtype=bool) for name in names}
    if _HISTORY in table and (signs := "".join(table[_HISTORY])):
        marks = np.frombuffer(signs.encode(), dtype="S1").reshape(len(table), -1)
        known |= {after: marks[:, after] == _RIGHT for after in range(marks.shape[1]) if marks[0, after] != _UNKNOWN}
    return {**known, number: (table["predicted"] == table["truth"]).to_numpy(dtype=bool)}


def _history_column(history: Mapping[int, np.ndarray], rows: int) -> list[str]:
    """One sign for each experience that a version has learned since the stream began, as `read_history` takes it."""
    marks = np.full((rows, max(history, default=-1) + 1), _UNKNOWN)
    for number, right in history.items():
        marks[:, number] = np.where(right, _RIGHT, _WRONG)
    return [row.tobytes().decode() for row in marks]


def gate_evidence(scores: Sequence[Scores]) -> GateEvidence | None:
    """What the gate judges an update by; None at a first training, which has nothing to be compared with."""
    changes = [score.change for score in scores if score.change is not None]
    if len(changes) < len(scores):
        return None
    *older, newest = changes
    return GateEvidence(tuple(older), newest, _label_changes(scores[:-1]), _calibration_change(scores))


def _label_changes(older: Sequence[Scores]) -> tuple[StratumChange, ...]:
    truth, before, after = ([name for score in older for name in _answers(score)[side]] for side in range(3))
    names = list(dict.fromkeys([*truth, *before, *after]))
    true, old, new = _numbers(names, truth, before, after)[1:]
    # Among the rows of one label, accuracy is its recall.
    return measure_strata(answered(true, old, new, classes=max(len(names), 1)), names, ACCURACY)


def _answers(score: Scores) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """The truth, and what both versions say."""
    return score.test.truth, score.test.before or (), score.predicted


def _calibration_change(scores: Sequence[Scores]) -> CalibrationChange | None:
    if any(score.test.before_confidence is None for score in scores):
        return None
    truth, before, after = (np.array([name for score in scores for name in _answers(score)[k]]) for k in range(3))
    sure_before = [value for score in scores for value in score.test.before_confidence or ()]
    sure_after = [value for score in scores for value in score.confidence]
    old, new = (sure_before, before == truth), (sure_after, after == truth)
    return CalibrationChange(
        rows=len(truth),
        before=expected_calibration_error(*old),
        after=expected_calibration_error(*new),
        difference=calibration_difference(old, new),
    )


def prediction_table(
    texts: Sequence[str], truth: Sequence[str], predicted: Sequence[str], probabilities: np.ndarray
) -> pd.DataFrame:
    """Texts with their label, the answer, and the probability ``p_<i>`` of each class."""
    table = pd.DataFrame({"text": list(texts), "truth": list(truth), "predicted": list(predicted)})
    columns = pd.DataFrame(probabilities, columns=[f"p_{column}" for column in range(probabilities.shape[1])])
    return pd.concat([table, columns], axis=1)


def pooled_report(scores: Sequence[Scores], classes: tuple[str, ...]) -> Report:
    """All frozen tests as one: what a user of this version meets."""
    return _report_of(
        [name for score in scores for name in score.test.truth],
        [name for score in scores for name in score.predicted],
        classes,
    )


def baseline_reports(
    answer: Callable[[Sequence[str]], Sequence[str]], tests: Sequence[FrozenTest], classes: tuple[str, ...]
) -> dict[str, Any]:
    """A baseline's figures over all tests together, and its averages on each.

    Parameters
    ----------
    answer
        Texts → names of labels.
    """
    answers = iter(answer([text for test in tests for text in test.texts]))
    predicted = [[*islice(answers, len(test.texts))] for test in tests]
    pooled = _report_of(
        [name for test in tests for name in test.truth], [name for part in predicted for name in part], classes
    )
    each = [_report_of(test.truth, part, classes) for test, part in zip(tests, predicted, strict=True)]
    return {"report": pooled.to_dict(), "tests": [averages(report) for report in each]}


def averages(report: Report) -> dict[str, Any]:
    """The figures of a report that are no label's own, as plain values."""
    return {name: getattr(report, name).to_dict() for name in AVERAGES}


def _report_of(truth: Sequence[str], predicted: Sequence[str], classes: tuple[str, ...]) -> Report:
    number = {name: position for position, name in enumerate(classes)}
    return evaluate_predictions([number[name] for name in truth], [number[name] for name in predicted], classes)


def _numbers(*columns: Sequence[str]) -> list[np.ndarray]:
    number: dict[str, int] = {}
    for column in columns:
        for name in column:
            number.setdefault(name, len(number))
    return [np.array([number[name] for name in column], dtype=np.int64) for column in columns]
