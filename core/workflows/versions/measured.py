"""A version's figures, from its answers to the frozen tests: when it is made, and again once rows were taken out of them.

Of the rows that are left every answer is known: the version's own stand in its folder, its parent's in the parent's, and only
what the parent says to the newest test has to be asked of its file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.serving.engines.graphs import load_version
from core.statistics.additive import Score
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import (
    FrozenTest,
    Scores,
    gate_evidence,
    measure,
    pooled_report,
    stored_tests,
    values_of,
)
from core.workflows.versions.retention import measure_retention

Matrix = list[list[float | None]]


def figures_of(scores: Sequence[Scores], outputs: tuple[str, ...], matrices: Mapping[str, Matrix]) -> dict[str, Any]:
    """What a report says of the frozen tests, with R and what is read off it; ``matrices`` has R by its score."""
    return {
        "overall": pooled_report(scores, outputs).to_dict(),
        "tests": [score.to_dict() for score in scores],
        **{f"{name}_matrix": matrix for name, matrix in matrices.items()},
        **measure_retention(scores, matrices[scores[0].task.score.name], outputs),
    }


def matrices_after(parent: Mapping[str, Any] | None, scores: Sequence[Scores]) -> dict[str, Matrix]:
    """R by its score: the parent's with one more row, and one more column that begins with the parent's answer.

    A version without an experience of its own takes the place of the parent's last row.

    Parameters
    ----------
    parent
        The parent's report; None at a first training.
    """
    return {score.name: _matrix(parent, scores, score.name) for score in scores[0].task.scores}


def _matrix(parent: Mapping[str, Any] | None, scores: Sequence[Scores], name: str) -> Matrix:
    row = _newest_row(scores, name)
    if parent is None:
        return [row]
    if len(parent["experiences"]) == len(scores):
        return [*parent[f"{name}_matrix"][:-1], row]
    newest = scores[-1].before
    older: Matrix = [[*known, None] for known in parent[f"{name}_matrix"]]
    if newest is not None:
        older[-1][-1] = newest[name]["value"]
    return [*older, row]


def _newest_row(scores: Sequence[Scores], name: str) -> list[float | None]:
    return [score.report.scores[name].value for score in scores]


def stored_scores(folder: VersionFolder, report: Mapping[str, Any], parent: VersionFolder | None) -> list[Scores]:
    """A version on its frozen tests as its folder holds them, beside its parent.

    Parameters
    ----------
    parent
        The folder of the version that it was made from, on the same rows; without it nothing is compared.
    """
    own = stored_tests(folder, report)
    known = {} if parent is None else {test.number: test for test in stored_tests(parent, parent.report())}
    scores = []
    for test in own:
        table = folder.predictions(test.number)
        if parent is None:
            test = replace(test, before=None, before_confidence=None, figures=None)
        elif test.number in known and known[test.number].texts == test.texts:
            test = replace(known[test.number], history=test.history)
        else:
            test = _asked(test, parent)
        scores.append(measure(folder.task, test, tuple(table["predicted"]), values_of(table), folder.outputs))
    return scores


def _asked(test: FrozenTest, parent: VersionFolder) -> FrozenTest:
    """The test with what the parent's file answers now."""
    engine = load_version(parent.path)
    values, task = engine.compute(test.texts), parent.task
    sure = tuple(values.max(axis=1).tolist()) if task.distribution else None
    answers = tuple(task.judged(task.read(engine, values), test.truth))
    return replace(test, before=answers, before_confidence=sure, figures=None)


def lost_rows(folder: VersionFolder, report: Mapping[str, Any]) -> bool:
    """Whether a report's figures are of more rows than the frozen tests hold."""
    return any(test["rows"] != len(folder.predictions(test["experience"])) for test in report["tests"])


def measured_again(
    folder: VersionFolder, report: Mapping[str, Any], parent: VersionFolder | None
) -> tuple[dict[str, Any], list[Scores]]:
    """The figures of a report on the rows that are left, and the scores that they come from.

    The verdict of the gate stays: it is what was decided then. The baseline's figures stay, too, each with the rows that it
    is of.

    Parameters
    ----------
    parent
        The folder of the version that it was made from, whose own figures were taken again before; None where there is
        none any more, or never was.
    """
    scores = stored_scores(folder, report, parent)
    if report["parent"] is not None and parent is None:
        matrices = {score.name: _from_history(scores, score) for score in scores[0].task.scores}
    else:
        matrices = matrices_after(parent.report() if parent is not None else None, scores)
    figures = figures_of(scores, folder.outputs, matrices)
    if report.get("gate_evidence") is not None:
        evidence = gate_evidence(scores)
        # Groups stay as they were measured then: a column that tells them may be gone with its dataset.
        groups = report["gate_evidence"].get("groups")
        figures["gate_evidence"] = {**evidence.to_dict(), "groups": groups} if evidence is not None else None
    figures["baseline"] = _with_rows(report)
    figures["further"] = None  # it compared the tests with rows that are gone
    return figures, scores


def _from_history(scores: Sequence[Scores], score: Score) -> Matrix:
    """R where the parent's is gone: what the rows were worth tells the score that decides, and no other."""
    size = len(scores)
    older: Matrix = [[None] * size for _ in range(size - 1)]
    if score is scores[0].task.score:
        for column, own in enumerate(scores):
            for after, worth in own.test.history.items():
                if 0 < after < size:
                    value = worth.mean() if score.rate is not None else score.of(worth.sum(axis=0))
                    older[after - 1][column] = float(value)
    return [*older, _newest_row(scores, score.name)]


def _with_rows(report: Mapping[str, Any]) -> dict[str, Any]:
    """The baseline's figures with the number of rows that each test had when it was measured."""
    baseline: dict[str, Any] = report["baseline"]
    if "tests" not in baseline:
        return baseline
    pairs = zip(report["tests"], baseline["tests"], strict=True)
    return {**baseline, "tests": [{"rows": test["rows"], **figures} for test, figures in pairs]}
