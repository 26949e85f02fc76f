"""Frozen tests: scored through the exported file, the way a user will be answered, never through PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from core.continual.gate.evidence import CalibrationChange, GateEvidence, TestChange, measure_change, measure_strata
from core.continual.gate.group_evidence import StratumChange
from core.tasks.answering import Answer, Engine
from core.tasks.base import Task
from core.tasks.text_classification.calibration import calibration_difference, expected_calibration_error
from core.workflows.versions.folder import VersionFolder

RANDOM_START = 0  # in a history: a model that has learned nothing
# In a table of predictions, how each row was answered after experience 0, 1, 2, …; editions before had a column each.
_HISTORY, _EACH = "right", "right_"
_WORTH = (
    "worth_"  # where an answer is more than right or wrong: a column for each experience and each of its statistics
)
_RIGHT, _WRONG, _UNKNOWN = b"x", b".", b" "


@dataclass(frozen=True)
class FrozenTest:
    """The test rows of one experience.

    Parameters
    ----------
    before
        What the base version answers; None at a first training.
    before_confidence
        Probability of each of the base version's answers, 0 to 1; None where there is none, or nobody needs to know.
    history
        What each row was worth to earlier versions (`Task.worth`), by the experience each had learned last.
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

    Parameters
    ----------
    values
        What the version's file computes, ``(rows, outputs)``.
    """

    task: Task
    test: FrozenTest
    report: Any
    before: Mapping[str, Any] | None
    change: TestChange | None
    predicted: tuple[str, ...]
    confidence: tuple[float, ...]
    values: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

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
            sides = (self.test.truth, self.test.before, self.predicted)
            stored["difference"] = {
                score.name: self.task.difference(score.name, *sides).to_dict() for score in self.task.scores
            }
        return stored


def score_tests(engine: Engine, tests: Sequence[FrozenTest], folder: VersionFolder) -> list[Scores]:
    """Answer every frozen test and write the answers beside the version."""
    # All at once: texts of one length then go together, whichever test they are from.
    values = engine.compute([text for test in tests for text in test.texts])
    ends = np.cumsum([len(test.texts) for test in tests])[:-1]
    task = folder.task
    parts = np.split(values, ends)
    return [_score(task, engine, part, test, folder) for part, test in zip(parts, tests, strict=True)]


def _score(task: Task, engine: Engine, values: np.ndarray, test: FrozenTest, folder: VersionFolder) -> Scores:
    answers, outputs = tuple(task.judged(task.read(engine, values), test.truth)), tuple(engine.labels)
    table = prediction_table(test.texts, test.truth, answers, values if task.numeric else values[:, :0])
    history = pd.DataFrame(_history_columns(test.history, len(table)), index=table.index)
    folder.save_predictions(test.number, pd.concat([table, history], axis=1))
    return measure(task, test, answers, values, outputs)


def measure(
    task: Task, test: FrozenTest, answers: tuple[str, ...], values: np.ndarray, outputs: tuple[str, ...]
) -> Scores:
    """What a version's answers to a test are worth, and how they differ from the base version's.

    Parameters
    ----------
    values
        What the answers were read from, ``(rows, outputs)``.
    """
    report = task.report(test.truth, answers, outputs, values)
    sure = tuple(float(value) for value in values.max(axis=1)) if task.distribution else ()
    if test.before is None:
        return Scores(task, test, report, None, None, answers, sure, values)
    change = measure_change(test.name, task.pairs(test.truth, test.before, answers).rows, task.score)
    figures = test.figures or averages(task.report(test.truth, test.before, outputs))
    return Scores(task, test, report, figures, change, answers, sure, values)


def stored_tests(
    folder: VersionFolder, report: Mapping[str, Any], keep: Mapping[int, np.ndarray] | None = None
) -> list[FrozenTest]:
    """Every frozen test of a version as it stands, with that version's answers.

    Parameters
    ----------
    keep
        Rows to take, by the number of the test; all rows of tests that are not named.
    """
    tests, records, task = [], folder.experiences(), folder.task
    measured = {test["experience"]: test for test in report["tests"]}
    for record in records:
        table = folder.predictions(record.number)
        if keep is not None and record.number in keep:
            table = table[keep[record.number]].reset_index(drop=True)
        texts, truth, answers = (tuple(table[column]) for column in ("text", "truth", "predicted"))
        history = read_history(table, len(records), task)
        figures = _figures(measured.get(record.number), len(table), task)
        sure = confidence(table) if task.distribution else None
        tests.append(FrozenTest(record.number, record.name, texts, truth, answers, sure, history, figures))
    return tests


def _figures(measured: Mapping[str, Any] | None, rows: int, task: Task) -> dict[str, Any] | None:
    """The averages that a report has of a test; None where it is of other rows, or of an edition that knew fewer."""
    if measured is None or measured["rows"] != rows or not measured["report"].keys() >= set(task.averages):
        return None
    return {name: measured["report"][name] for name in task.averages}


def confidence(table: pd.DataFrame) -> tuple[float, ...]:
    """The probability of each answer in a table of predictions."""
    return tuple(values_of(table).max(axis=1, initial=0.0).tolist())


def values_of(table: pd.DataFrame) -> np.ndarray:
    """What answers were read from, in a table of predictions, ``(rows, outputs)``: of a classifier the probabilities."""
    columns = [column for column in table.columns if column.startswith("p_")]
    return table[columns].to_numpy(dtype=np.float64)


def read_history(table: pd.DataFrame, number: int, task: Task) -> dict[int, np.ndarray]:
    """What each row of a frozen test was worth to each version of a line, by the experience it had learned last.

    Parameters
    ----------
    number
        The experience that it had learned last.
    """
    newest = {number: task.worth(table["truth"].tolist(), table["predicted"].tolist())}
    if task.score.rate is None:
        return {**_read_worth(table), **newest}
    names = [name for name in table.columns if name.startswith(_EACH)]
    known = {int(name.removeprefix(_EACH)): table[name].to_numpy(dtype=bool) for name in names}
    if _HISTORY in table and (signs := "".join(table[_HISTORY])):
        marks = np.frombuffer(signs.encode(), dtype="S1").reshape(len(table), -1)
        known |= {after: marks[:, after] == _RIGHT for after in range(marks.shape[1]) if marks[0, after] != _UNKNOWN}
    return {**known, **newest}


def _read_worth(table: pd.DataFrame) -> dict[int, np.ndarray]:
    columns: dict[int, list[str]] = {}
    for name in table.columns:
        if name.startswith(_WORTH):
            columns.setdefault(int(name.split("_")[1]), []).append(name)
    return {after: table[names].to_numpy(dtype=np.float64) for after, names in columns.items()}


def _history_columns(history: Mapping[int, np.ndarray], rows: int) -> dict[str, Any]:
    """The history as `read_history` takes it: where rows are hits or not, one sign for each experience in one column."""
    statistics = {
        f"{_WORTH}{after}_{index}": worth[:, index]
        for after, worth in history.items()
        if worth.ndim == 2
        for index in range(worth.shape[1])
    }
    if statistics:
        return statistics
    marks = np.full((rows, max(history, default=-1) + 1), _UNKNOWN)
    for number, right in history.items():
        marks[:, number] = np.where(right, _RIGHT, _WRONG)
    return {_HISTORY: [row.tobytes().decode() for row in marks]}


def gate_evidence(scores: Sequence[Scores]) -> GateEvidence | None:
    """What the gate judges an update by; None at a first training, which has nothing to be compared with."""
    changes = [score.change for score in scores if score.change is not None]
    if len(changes) < len(scores):
        return None
    *older, newest = changes
    strata = _strata_changes(scores[:-1])
    return GateEvidence(tuple(older), newest, strata, _calibration_change(scores), scores[-1].task.strata_are)


def _strata_changes(older: Sequence[Scores]) -> tuple[StratumChange, ...] | None:
    """The deciding score on the rows of each stratum of all older tests; of a label's rows, accuracy is its recall.

    None where a task makes no difference between rows.
    """
    if not older:
        return ()
    task = older[0].task
    sides = ([name for score in older for name in _answers(score)[side]] for side in range(3))
    if not task.has_strata:
        return None
    pairs, score = task.changes(*sides)
    return measure_strata(pairs.rows, pairs.strata, score)


def _answers(score: Scores) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """The truth, and what both versions say."""
    return score.test.truth, score.test.before or (), score.predicted


def _calibration_change(scores: Sequence[Scores]) -> CalibrationChange | None:
    if any(score.test.before_confidence is None or not score.task.distribution for score in scores):
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
    texts: Sequence[str], truth: Sequence[str], predicted: Sequence[str], values: np.ndarray
) -> pd.DataFrame:
    """Texts with their target, the answer, and what the file computes as ``p_<i>``, such as the probability of each class."""
    table = pd.DataFrame({"text": list(texts), "truth": list(truth), "predicted": list(predicted)})
    columns = pd.DataFrame(values, columns=[f"p_{column}" for column in range(values.shape[1])])
    return pd.concat([table, columns], axis=1)


def pooled_report(scores: Sequence[Scores], outputs: tuple[str, ...]) -> Any:
    """All frozen tests as one: what a user of this version meets."""
    return scores[0].task.report(
        [name for score in scores for name in score.test.truth],
        [name for score in scores for name in score.predicted],
        outputs,
        np.concatenate([score.values for score in scores]),
    )


def baseline_reports(
    task: Task, answer: Answer, tests: Sequence[FrozenTest], outputs: tuple[str, ...]
) -> dict[str, Any]:
    """A baseline's figures over all tests together, and its averages on each."""
    answers = iter(answer([text for test in tests for text in test.texts]))
    predicted = [task.judged([*islice(answers, len(test.texts))], test.truth) for test in tests]
    pooled = task.report(
        [name for test in tests for name in test.truth], [name for part in predicted for name in part], outputs
    )
    each = [task.report(test.truth, part, outputs) for test, part in zip(tests, predicted, strict=True)]
    return {"report": pooled.to_dict(), "tests": [averages(report) for report in each]}


def averages(report: Any) -> dict[str, Any]:
    """The figures of a report that are one number, as plain values."""
    return {name: score.to_dict() for name, score in report.scores.items()}
