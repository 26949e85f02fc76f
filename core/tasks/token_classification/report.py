"""What marked entities are worth on one test: scores, those of each type, types that are confused, and what makes them hard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.data.spans.targets import spans_of
from core.statistics.additive import Patterns, Score, estimates
from core.statistics.intervals import MINIMUM_ROWS, Estimate, rate_estimate
from core.tasks.multilabel_classification.report import label_scores
from core.tasks.multilabel_classification.row_statistics import (
    MACRO_F1,
    MACRO_PRECISION,
    MACRO_RECALL,
    MICRO_F1,
    SUBSET_ACCURACY,
)
from core.tasks.text_classification.scores import ClassScores
from core.tasks.token_classification.row_statistics import overlapping

SCORES = (MICRO_F1, MACRO_F1)
EXACT = Score("exact_texts", SUBSET_ACCURACY.of, rate=SUBSET_ACCURACY.rate)
FURTHER = (MACRO_PRECISION, MACRO_RECALL, EXACT)
NOTHING = ""  # in place of a type: not marked at all
LENGTHS = (1, 2, 4, 8, 16, 32)  # characters from which on entities are counted together
MOST_PAIRS = 200


@dataclass(frozen=True, eq=False)
class EntityReport:
    """Everything measured on one test; all scores between 0 and 1, higher is better.

    Parameters
    ----------
    scores
        The figures that are one number, by name.
    per_type
        Scores of each type.
    confused
        Type of the truth, type of the answer, and how many entities: of those that share characters. An empty name stands for
        nothing at all.
    partial
        Share of the true entities that share characters with a marked one of their type.
    by_length
        Characters from which on, and the share that was found exactly.
    """

    rows: int
    scores: Mapping[str, Estimate]
    per_type: Mapping[str, ClassScores]
    confused: tuple[tuple[str, str, int], ...]
    partial: Estimate
    by_length: tuple[tuple[int, Estimate, int], ...]

    @property
    def too_few(self) -> bool:
        """Whether the test has too few texts to judge anything by it."""
        return self.rows < MINIMUM_ROWS

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` gives back the same figures."""
        return {
            "rows": self.rows,
            **{name: score.to_dict() for name, score in self.scores.items()},
            "per_type": {name: scores.to_dict() for name, scores in self.per_type.items()},
            "confused": [list(pair) for pair in self.confused],
            "partial": self.partial.to_dict(),
            "by_length": [[length, share.to_dict(), count] for length, share, count in self.by_length],
        }

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> EntityReport:
        names = [score.name for score in (*SCORES, *FURTHER) if score.name in stored]
        return EntityReport(
            rows=int(stored["rows"]),
            scores={name: Estimate.from_dict(stored[name]) for name in names},
            per_type={name: ClassScores.from_dict(scores) for name, scores in stored["per_type"].items()},
            confused=tuple((true, given, int(count)) for true, given, count in stored["confused"]),
            partial=Estimate.from_dict(stored["partial"]),
            by_length=tuple(
                (int(length), Estimate.from_dict(share), int(count)) for length, share, count in stored["by_length"]
            ),
        )


def measured(truth: Sequence[str], answers: Sequence[str], patterns: Patterns, types: Sequence[str]) -> EntityReport:
    """The report on answers to a test.

    Parameters
    ----------
    patterns
        Their statistics, of these types.
    """
    scores = (*SCORES, *FURTHER)
    figures = {score.name: figure for score, figure in zip(scores, estimates(patterns, scores), strict=True)}
    hits, lengths, touched = [], [], 0
    confused: Counter[tuple[str, str]] = Counter()
    for target, answer in zip(truth, answers, strict=True):
        has, given = spans_of(target), spans_of(answer)
        for span in has:
            near = overlapping(span, given)
            hits.append(span in given)
            lengths.append(span.end - span.start)
            touched += any(other.type == span.type for other in near)
            other = next((each for each in near if each == span), near[0] if near else None)
            confused[span.type, other.type if other is not None else NOTHING] += 1
        for span in given:
            if not overlapping(span, has):
                confused[NOTHING, span.type] += 1
    bins = np.digitize(lengths, LENGTHS[1:]) if lengths else np.zeros(0, dtype=np.int64)
    exact = np.array(hits, dtype=bool)
    by_length = tuple(
        (
            LENGTHS[number],
            rate_estimate(float(exact[bins == number].sum()), float((bins == number).sum())),
            int((bins == number).sum()),
        )
        for number in sorted(set(bins.tolist()))
    )
    ordered = sorted(confused.items(), key=lambda item: (-item[1], item[0]))[:MOST_PAIRS]
    return EntityReport(
        len(truth),
        figures,
        label_scores(patterns, types),
        tuple((true, given, count) for (true, given), count in ordered),
        rate_estimate(float(touched), float(max(len(hits), 1))),
        by_length,
    )


def recall_of(report: EntityReport, types: Collection[str]) -> Estimate | None:
    """The share of the entities of these types together that are found exactly; None where the test has none of them."""
    known = [scores for name, scores in report.per_type.items() if name in types and scores.support]
    support = sum(scores.support for scores in known)
    if not support:
        return None
    return rate_estimate(round(sum(scores.recall.value * scores.support for scores in known)), support)
