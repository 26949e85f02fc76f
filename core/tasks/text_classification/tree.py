"""Labels that stand below others, such as "Food > Pizza" below "Food": a tree that the names of labels tell.

A text may be labelled with a label that has others below it: then it is not known which of those it is. Whoever learns from
it learns that it is one of them; a test that knows no more judges an answer as far as it knows.

References
----------
S. Kiritchenko, S. Matwin, R. Nock, F. Famili (2006), "Learning and evaluation in the presence of class hierarchies" (the F1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.networks.standalone.predict import BELOW, above, resolved
from core.statistics.additive import Patterns, Score, estimates
from core.statistics.intervals import Estimate, Floats, rate_estimate, ratio, wilson

Numbers = NDArray[np.int64]


def _known_without_redrawing(sums: Floats) -> tuple[float, float]:
    """F1 = 2J / (1 + J) with J the share of nodes that truth and answer have in common: taken as a rate of so many rows."""
    shared, given, true, rows = sums
    low, high = wilson(rows * shared / (given + true - shared), rows)
    return float(2 * low / (1 + low)), float(2 * high / (1 + high))


HIERARCHICAL_F1 = Score(
    "hierarchical_f1",
    lambda sums: ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2]),
    implied=_known_without_redrawing,
)


def is_tree(labels: Sequence[str]) -> bool:
    """Whether any label stands below another."""
    return any(BELOW in label for label in labels)


def stands_below(label: str, other: str) -> bool:
    """Whether a label stands below another one, at any depth."""
    return label.startswith(other + BELOW)


def members(labels: Sequence[str]) -> NDArray[np.bool_]:
    """Which labels, ``(labels, labels)``, a text may have that is labelled with each: itself, and those below it."""
    number = {label: position for position, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=np.bool_)
    for position, label in enumerate(labels):
        for node in above(label):
            if node in number:
                table[number[node], position] = True
    return table


def as_labelled(truth: NDArray[np.int64], stated: Floats, labels: Sequence[str]) -> tuple[NDArray[np.bool_], Floats]:
    """Which rows are answered rightly, and the probabilities with all that a row may have, ``(rows, labels)``, stated for its
    label: of a row that is labelled from further up no more is known.
    """
    if not is_tree(labels):
        return stated.argmax(axis=1) == truth, stated
    possible = members(labels)[truth]
    right = possible[np.arange(len(truth)), stated.argmax(axis=1)]
    cut = np.where(possible, 0.0, stated)
    cut[np.arange(len(truth)), truth] = (stated * possible).sum(axis=1)
    return right, cut


def split_labels(labels: Sequence[str], known: int) -> dict[int, int]:
    """New labels below a known one, and that one: the nearest, by their positions. The first ``known`` labels are known."""
    number = {label: position for position, label in enumerate(labels[:known])}
    nearest = {
        position: next((number[node] for node in reversed(above(label)) if node in number), -1)
        for position, label in enumerate(labels[known:], start=known)
    }
    return {position: parent for position, parent in nearest.items() if parent >= 0}


def as_known(answers: Sequence[str], truth: Sequence[str]) -> list[str]:
    """Answers, those that say more than the truth of their row cut back to it."""
    return [label if stands_below(answer, label) else answer for answer, label in zip(answers, truth, strict=True)]


def numbers_as_known(answers: Numbers, truth: Numbers, classes: Sequence[str]) -> Numbers:
    """The same of class numbers, int64 (rows,)."""
    return np.where(members(classes)[truth, answers], truth, answers)


def tree_statistics(truth: Sequence[str], answers: Sequence[str]) -> Floats:
    """Statistics, ``(rows, 4)``: nodes that truth and answer share, nodes of the answer, those of the truth, and 1."""
    rows = []
    for label, answer in zip(truth, answers, strict=True):
        true, given = set(above(label)), set(above(answer))
        rows.append((len(true & given), len(given), len(true), 1))
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def hierarchical_f1(
    truth: Sequence[str], answers: Sequence[str], counts: NDArray[np.float64] | None = None, *, seed: int = 0
) -> Estimate:
    """F1 over all nodes from the top down to each label, with its 95 % interval; rows of a label are redrawn together.

    Parameters
    ----------
    counts
        How many rows have each truth with its answer, ``(rows,)``; one if left out.
    """
    names = sorted(set(truth))
    stratum = np.array([names.index(label) for label in truth])
    order = np.argsort(stratum, kind="stable")
    weights = np.ones(len(stratum)) if counts is None else counts
    rows = Patterns(weights[order], (tree_statistics(truth, answers)[order],), stratum[order], len(names))
    return estimates(rows, [HIERARCHICAL_F1], seed=seed)[0]


@dataclass(frozen=True)
class Level:
    """Answers that end at one depth of the tree, 1 at the top: how many, and the share of right ones (Wilson)."""

    depth: int
    answers: int
    right: Estimate


@dataclass(frozen=True)
class Resolved:
    """What comes of letting the label above answer where the one below is too unsure.

    Parameters
    ----------
    levels
        Answers by the depth they end at; one that stands above the truth is right, and says less.
    unanswered
        Rows of which no label was sure enough.
    f1
        Hierarchical F1 of those that were answered; None where none was.
    """

    rows: int
    levels: tuple[Level, ...]
    unanswered: int
    f1: Estimate | None


def judge_resolved(
    truth: Sequence[str], probabilities: NDArray[np.float64], labels: Sequence[str], threshold: float | None
) -> Resolved:
    """What the answers of a tree are worth on a test: see `core.networks.standalone.predict.resolved`."""
    answers, _, counts = resolved(probabilities, labels, threshold)
    rows = [row for row, counts_too in enumerate(counts) if counts_too]
    true, given = [truth[row] for row in rows], [answers[row] for row in rows]
    given = as_known(given, true)
    right = np.array([given_ in above(label) for given_, label in zip(given, true, strict=True)], dtype=np.bool_)
    depth = np.array([answer.count(BELOW) + 1 for answer in given], dtype=np.int64)
    levels = tuple(
        Level(
            int(each),
            int((depth == each).sum()),
            rate_estimate(int(right[depth == each].sum()), int((depth == each).sum())),
        )
        for each in np.unique(depth)
    )
    return Resolved(len(truth), levels, len(truth) - len(rows), hierarchical_f1(true, given) if rows else None)
