"""What answers of several labels are worth on one test: scores, those of each label, and pairs of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from core.data.dataset.label_sets import labels_of
from core.statistics.additive import Patterns, estimates
from core.statistics.intervals import MINIMUM_ROWS, Estimate
from core.tasks.multilabel_classification.row_statistics import (
    MACRO_F1,
    MACRO_PRECISION,
    MACRO_RECALL,
    MICRO_F1,
    RANKING,
    SUBSET_ACCURACY,
    WHOLE,
    parts_of,
)
from core.tasks.text_classification.row_statistics import F1, PRECISION, RECALL
from core.tasks.text_classification.scores import ClassScores

SCORES = (MACRO_F1, MICRO_F1, SUBSET_ACCURACY)
FURTHER = (MACRO_PRECISION, MACRO_RECALL)
MOST_PAIRS = 30


@dataclass(frozen=True)
class LabelPair:
    """Two labels and in how many rows they met.

    Parameters
    ----------
    right
        Rows of these in which both were given; of confused labels 0.
    """

    first: str
    second: str
    rows: int
    right: int = 0

    def to_list(self) -> list[Any]:
        return [self.first, self.second, self.rows, self.right]


@dataclass(frozen=True, eq=False)
class MultilabelReport:
    """Everything measured on one test; all scores between 0 and 1, higher is better.

    Parameters
    ----------
    scores
        The figures that are one number, by name; ``ranking_precision`` only where probabilities are known.
    per_label
        Scores of each label, in the order of ``outputs``.
    together
        Labels that rows have together, the most frequent pairs first.
    confused
        The label that a row has and was not given, and one that it was given and does not have.
    """

    rows: int
    outputs: tuple[str, ...]
    scores: Mapping[str, Estimate]
    per_label: Mapping[str, ClassScores]
    together: tuple[LabelPair, ...]
    confused: tuple[LabelPair, ...]

    @property
    def too_few(self) -> bool:
        """Whether the test has too few rows to judge anything by it."""
        return self.rows < MINIMUM_ROWS

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` gives back the same figures."""
        return {
            "rows": self.rows,
            **{name: score.to_dict() for name, score in self.scores.items()},
            "per_label": {label: scores.to_dict() for label, scores in self.per_label.items()},
            "together": [pair.to_list() for pair in self.together],
            "confused": [pair.to_list() for pair in self.confused],
        }

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> MultilabelReport:
        names = [score.name for score in (*SCORES, *FURTHER, RANKING) if score.name in stored]
        return MultilabelReport(
            rows=int(stored["rows"]),
            outputs=tuple(stored["per_label"]),
            scores={name: Estimate.from_dict(stored[name]) for name in names},
            per_label={label: ClassScores.from_dict(scores) for label, scores in stored["per_label"].items()},
            together=tuple(LabelPair(*pair) for pair in stored["together"]),
            confused=tuple(LabelPair(*pair) for pair in stored["confused"]),
        )


def label_scores(patterns: Patterns, labels: Sequence[str]) -> dict[str, ClassScores]:
    """Precision, recall and F1 of each label, with intervals, from the sums over rows."""
    (sums,) = patterns.sums()
    precision, recall, f1 = (kind.measured(sums[:-WHOLE]) for kind in (PRECISION, RECALL, F1))
    support = parts_of(sums)[0]
    return {
        label: ClassScores(precision.of(index), recall.of(index), f1.of(index), int(support[index]))
        for index, label in enumerate(labels)
    }


def pairs_of(truth: Sequence[str], answers: Sequence[str]) -> tuple[tuple[LabelPair, ...], tuple[LabelPair, ...]]:
    """Labels that rows have together, and labels given in place of others; the most frequent pairs of each."""
    together: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    confused: Counter[tuple[str, str]] = Counter()
    for (target, answer), rows in Counter(zip(truth, answers, strict=True)).items():
        has, given = set(labels_of(target)), set(labels_of(answer))
        for pair in combinations(sorted(has), 2):
            together[pair] += rows
            right[pair] += rows * (given >= set(pair))
        for pair in product(sorted(has - given), sorted(given - has)):
            confused[pair] += rows
    return (
        tuple(LabelPair(*pair, rows, right[pair]) for pair, rows in _most(together)),
        tuple(LabelPair(*pair, rows) for pair, rows in _most(confused)),
    )


def _most(pairs: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:MOST_PAIRS]


def ranking_estimate(rows: np.ndarray) -> Estimate:
    """The mean of `ranking_rows` with its interval."""
    return estimates(Patterns.of(rows), [RANKING])[0]
