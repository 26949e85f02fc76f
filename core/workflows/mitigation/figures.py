"""How well a model answers, and how unequally groups, as functions of sums over test rows; so each has an interval.

A group's false positive rate is the share of its rows without the positive label that were answered with it; its true positive
rate is the share of its rows with the label that were. A gap is the largest rate of any group minus the smallest, as in
Fairlearn's ``equalized_odds_difference``; 0 is best. Groups with too few rows are left out, by the truth alone.

References
----------
Hardt, Price & Srebro 2016, "Equality of Opportunity in Supervised Learning"; Dixon et al. 2018, "Measuring and Mitigating
Unintended Bias in Text Classification".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.fairness.groups import Grouping
from core.statistics.additive import Patterns, Score, estimates
from core.statistics.intervals import MINIMUM_ROWS, Estimate, Floats, ratio
from core.statistics.paired import paired_score_difference
from core.tasks.text_classification.row_statistics import ACCURACY, MACRO_F1, statistics

Integers = NDArray[np.int64]
SCORES = ("macro_f1", "accuracy", "fpr_gap", "tpr_gap")
REST = "–"  # rows that are in none of the groups


@dataclass(frozen=True, eq=False)
class MeasuredRows:
    """The rows that all trainings are measured on.

    Parameters
    ----------
    truth
        Number of each row's label, int64 (rows).
    outputs
        How many labels there are.
    positive
        Number of the label whose wrong answers do harm.
    groups
        Groups that may overlap, and last those in none of them.
    """

    truth: Integers
    outputs: int
    positive: int
    groups: Grouping

    @property
    def counted(self) -> dict[str, NDArray[np.bool_]]:
        """Which groups have rows enough for their rate to be compared, bool (groups), by score."""
        has = self.truth == self.positive
        return {
            "fpr_gap": (self.groups.members & ~has[:, None]).sum(axis=0) >= MINIMUM_ROWS,
            "tpr_gap": (self.groups.members & has[:, None]).sum(axis=0) >= MINIMUM_ROWS,
        }

    def table(self) -> list[dict[str, Any]]:
        """Each group with its rows, and how many of them have the positive label."""
        has = self.truth == self.positive
        members = self.groups.members
        return [
            {
                "name": name,
                "rows": int(members[:, column].sum()),
                "positive": int((members[:, column] & has).sum()),
                **{score: bool(counted[column]) for score, counted in self.counted.items()},
            }
            for column, name in enumerate(self.groups.names)
        ]


def with_rest(grouping: Grouping) -> Grouping:
    """The groups that have rows, and last the rows that are in none of them."""
    present = np.flatnonzero(grouping.sizes)
    members = grouping.members[:, present]
    rest = ~members.any(axis=1)
    names = tuple(grouping.names[column] for column in present)
    return Grouping((*names, REST), np.column_stack([members, rest])) if rest.any() else Grouping(names, members)


def _rows(test: MeasuredRows, answers: Sequence[Integers]) -> Floats:
    """Statistics of the rows, (rows, k): of all seeds what was answered, one after another."""
    has = (test.truth == test.positive)[:, None]
    members = test.groups.members
    blocks: list[Any] = [members & ~has, members & has]
    for given in answers:
        hit = (given == test.positive)[:, None]
        counts = statistics(test.truth, given, test.outputs)
        blocks += [
            members & ~has & hit,
            members & has & hit,
            counts if isinstance(counts, np.ndarray) else counts.toarray(),
        ]
    return np.column_stack(blocks).astype(np.float64)


def _scores(test: MeasuredRows, seeds: int) -> list[Score]:
    """Each the mean over seeds of a function of the sums."""
    groups, labels = len(test.groups.names), 3 * test.outputs
    step = 2 * groups + labels

    def blocks(sums: Floats) -> list[Floats]:
        return [sums[..., 2 * groups + seed * step : 2 * groups + (seed + 1) * step] for seed in range(seeds)]

    def mean_of(score: Score) -> Score:
        return Score(
            score.name, lambda sums: np.mean([score.of(block[..., 2 * groups :]) for block in blocks(sums)], axis=0)
        )

    def gap(name: str, first: int) -> Score:
        counted = test.counted[name]

        def of(sums: Floats) -> Floats:
            rows = sums[..., first : first + groups]
            gaps = []
            for block in blocks(sums):
                rates = ratio(block[..., first : first + groups], rows)
                largest = np.where(counted & (rows > 0), rates, -np.inf).max(axis=-1)
                smallest = np.where(counted & (rows > 0), rates, np.inf).min(axis=-1)
                gaps.append(np.maximum(largest - smallest, 0.0))
            mean: Floats = np.mean(gaps, axis=0)
            return mean

        return Score(name, of, higher_is_better=False)

    return [mean_of(MACRO_F1), mean_of(ACCURACY), gap("fpr_gap", 0), gap("tpr_gap", groups)]


def measured(test: MeasuredRows, answers: Sequence[Integers], before: Sequence[Integers] | None) -> dict[str, Any]:
    """All scores of one mitigation with intervals, and their differences to the training without.

    Parameters
    ----------
    answers
        Label numbers of the test rows, (rows) for each seed.
    before
        The same without mitigation; None where this is it.

    Returns
    -------
    dict
        ``scores`` and ``differences`` by name, None where fewer than two groups have rows enough; ``rates`` of each group;
        ``by_seed``, the scores of each seed alone.
    """
    own = _rows(test, answers)
    scores = _scores(test, len(answers))
    patterns = Patterns.of(own, stratum=test.truth)
    values = dict(zip(SCORES, estimates(patterns, scores), strict=True))
    differences: dict[str, Estimate | None] = {}
    if before is not None:
        pairs = Patterns.of(_rows(test, before), own, stratum=test.truth)
        differences = {score.name: paired_score_difference(pairs, score) for score in scores}
    alone = _scores(test, 1)
    by_seed = [dict(zip(SCORES, _values(test, given, alone), strict=True)) for given in answers]
    told = {name: name not in test.counted or test.counted[name].sum() >= 2 for name in SCORES}
    return {
        "scores": {name: values[name].to_dict() if told[name] else None for name in SCORES},
        "differences": {name: _told(difference) if told[name] else None for name, difference in differences.items()}
        or None,
        "rates": _rates(test, answers),
        "by_seed": [{name: seed[name] if told[name] else None for name in SCORES} for seed in by_seed],
    }


def _told(difference: Estimate | None) -> dict[str, float] | None:
    return None if difference is None else difference.to_dict()


def _values(test: MeasuredRows, given: Integers, scores: Sequence[Score]) -> list[float]:
    sums = _rows(test, [given]).sum(axis=0)
    return [float(score.of(sums)) for score in scores]


def _rates(test: MeasuredRows, answers: Sequence[Integers]) -> list[dict[str, Any]]:
    """False and true positive rate of each group, means over seeds; None with too few rows."""
    has = test.truth == test.positive
    hits = np.mean([given == test.positive for given in answers], axis=0)
    rates = []
    for column, name in enumerate(test.groups.names):
        inside = test.groups.members[:, column]
        rates.append(
            {
                "group": name,
                "fpr": float(hits[inside & ~has].mean()) if test.counted["fpr_gap"][column] else None,
                "tpr": float(hits[inside & has].mean()) if test.counted["tpr_gap"][column] else None,
            }
        )
    return rates
