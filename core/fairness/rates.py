"""How differently groups of rows are treated: rates by group, and the gaps between groups, with intervals.

An answer either is the positive one, the label that somebody cares about, such as "toxic" or "hire", or it is not; so several
labels are looked at one against all others. What is computed of a row is what Fairlearn's `MetricFrame` computes; a row that is
in several groups counts in each. Knows nothing of models and files.

References
----------
M. Hardt, E. Price, N. Srebro (2016), "Equality of opportunity in supervised learning": equalised odds.
S. Bird et al. (2020), "Fairlearn: a toolkit for assessing and improving fairness in AI".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.fairness.groups import Grouping
from core.statistics.exact import fewer_hits
from core.statistics.intervals import MINIMUM_ROWS, Estimate, Floats, estimate, percentiles, rate_of, ratio
from core.statistics.permutation import holm
from core.statistics.slices import LEVEL
from core.tasks.text_classification.calibration import calibration_error

Bools = NDArray[np.bool_]
Measure = Literal["selection", "tpr", "fpr", "accuracy"]
Gap = Literal["selection", "odds", "tpr", "fpr", "accuracy"]

MEASURES: tuple[Measure, ...] = ("selection", "tpr", "fpr", "accuracy")
GAPS: tuple[Gap, ...] = ("selection", "odds", "fpr", "tpr", "accuracy")
CALIBRATION_ROWS = 150  # ten for each of the fifteen bins
RESAMPLES = 1000
DEALS = 499  # the smallest p-value of a gap is then 0.002
_FAIRLEARN = {
    "selection": "selection_rate",
    "tpr": "true_positive_rate",
    "fpr": "false_positive_rate",
}


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows with what is true and what was answered, each bool, ``(rows,)``.

    Parameters
    ----------
    truth, answered
        Whether the positive label is the true one, and whether it was answered.
    right
        Whether the whole answer is right; of several labels that says more than the other two.
    probability
        Probability of the positive label, ``(rows,)``; None where there is none.
    """

    truth: Bools
    answered: Bools
    right: Bools
    probability: Floats | None = None

    def counted(self, measure: Measure) -> Bools:
        """The rows that a measure is a share of."""
        return {"tpr": self.truth, "fpr": ~self.truth}.get(measure, np.ones(len(self.truth), dtype=bool))

    def hits(self, measure: Measure) -> Bools:
        return self.right if measure == "accuracy" else self.answered


@dataclass(frozen=True)
class GroupRates:
    """One group: its rows, and its rates, each None where too few rows (30) count for it.

    Parameters
    ----------
    calibration
        Expected calibration error of the positive label's probability; of 150 rows or more.
    worse
        Measures on which the group is worse than all other rows beyond chance, with the p-value of Fisher's exact test,
        corrected by Holm over all groups and measures that were tested.
    """

    name: str
    rows: int
    positives: int
    negatives: int
    selection: Estimate | None
    tpr: Estimate | None
    fpr: Estimate | None
    accuracy: Estimate | None
    calibration: Estimate | None
    worse: Mapping[str, float]

    @property
    def enough(self) -> bool:
        """Whether it has rows enough to be compared at all."""
        return self.rows >= MINIMUM_ROWS

    def to_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("name", "rows", "positives", "negatives")}
        rates = {name: getattr(self, name) for name in (*MEASURES, "calibration")}
        return {
            **plain,
            **{name: rate.to_dict() if rate is not None else None for name, rate in rates.items()},
            "worse": dict(self.worse),
        }


@dataclass(frozen=True)
class GroupGap:
    """The largest rate of any group minus the smallest, 0 to 1, lower is better.

    Parameters
    ----------
    p_value
        How often groups dealt at random, among rows that are alike in truth where that counts, are as far apart.
    highest, lowest
        The groups that are farthest apart.
    """

    gap: Estimate
    p_value: float
    highest: str
    lowest: str

    def to_dict(self) -> dict[str, Any]:
        return {**self.gap.to_dict(), "p_value": self.p_value, "highest": self.highest, "lowest": self.lowest}


@dataclass(frozen=True)
class Rates:
    """All groups, the rows that are in none of them, the gaps that can be measured, and the group with the lowest accuracy."""

    groups: tuple[GroupRates, ...]
    rest: GroupRates
    gaps: Mapping[str, GroupGap]
    worst: str | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "groups": [group.to_dict() for group in self.groups],
            "rest": self.rest.to_dict(),
            "gaps": {name: gap.to_dict() for name, gap in self.gaps.items()},
            "worst": self.worst,
        }


def rates_of(judged: Judged, grouping: Grouping, *, seed: int = 0) -> Rates:
    """Measure every group, and how far apart groups with at least 30 rows that count are.

    A gap whose groups are fewer than two is left out.
    """
    worse = _worse(judged, grouping)
    groups = tuple(
        _group(judged, name, grouping.members[:, number], worse.get(name, {}))
        for number, name in enumerate(grouping.names)
    )
    rest = _group(judged, "", ~grouping.members.any(axis=1), {})
    gaps: dict[str, GroupGap] = {}
    for measure in MEASURES:
        if (gap := _gap(judged, grouping, (measure,), seed)) is not None:
            gaps[measure] = gap
    if (odds := _gap(judged, grouping, ("tpr", "fpr"), seed)) is not None:
        gaps["odds"] = odds
    known = [group for group in groups if group.accuracy is not None]
    worst = min(known, key=lambda group: group.accuracy.value if group.accuracy else 1.0).name if known else None
    return Rates(groups, rest, {name: gaps[name] for name in GAPS if name in gaps}, worst)


def judged_groups(judged: Judged, grouping: Grouping, measure: Measure) -> NDArray[np.int64]:
    """Numbers of the groups with at least 30 rows that count for a measure."""
    return np.flatnonzero(grouping.members[judged.counted(measure)].sum(axis=0) >= MINIMUM_ROWS)


def gap_of(sums: Floats, trials: Floats) -> Floats:
    """The largest rate minus the smallest, ``(…)``, of hits and trials of each group, ``(…, groups)``."""
    rates = ratio(sums, trials)
    gaps: Floats = rates.max(axis=-1) - rates.min(axis=-1)
    return gaps


def widest(value: float, drawn: Floats, p_value: float) -> Estimate:
    """A gap with its 95 % interval, of redrawn gaps.

    Redrawn groups are farther apart than the tested ones for chance alone, as those are against the truth. So the interval is
    mirrored at the value (the basic bootstrap), never made narrower than the percentile interval, and reaches to 0 where
    groups dealt at random would often be as far apart.
    """
    low, high = percentiles(drawn)
    low, high = min(low, 2 * value - high), max(high, 2 * value - low)
    return estimate(value, 0.0 if p_value >= LEVEL else low, high)


def _group(judged: Judged, name: str, member: Any, worse: Mapping[str, float]) -> GroupRates:
    rates: dict[str, Estimate | None] = {}
    for measure in MEASURES:
        rows = judged.counted(measure) & member
        rates[measure] = rate_of(judged.hits(measure)[rows]) if rows.sum() >= MINIMUM_ROWS else None
    calibration = None
    if judged.probability is not None and member.sum() >= CALIBRATION_ROWS:
        calibration = calibration_error(judged.probability[member], judged.truth[member])
    positives = int((judged.truth & member).sum())
    rows_in = int(member.sum())
    return GroupRates(name, rows_in, positives, rows_in - positives, **rates, calibration=calibration, worse=worse)


def _worse(judged: Judged, grouping: Grouping) -> dict[str, dict[str, float]]:
    """Group → measures on which it is worse than all other rows: more false positives, fewer true ones, fewer right answers."""
    tested: list[tuple[str, Measure, float]] = []
    measures: tuple[Measure, ...] = ("fpr", "tpr", "accuracy")
    for measure in measures:
        counted = judged.counted(measure)
        good = ~judged.answered if measure == "fpr" else judged.hits(measure)
        for number, name in enumerate(grouping.names):
            inside, outside = counted & grouping.members[:, number], counted & ~grouping.members[:, number]
            if min(inside.sum(), outside.sum()) >= MINIMUM_ROWS:
                sides = [(int(good[rows].sum()), int(rows.sum())) for rows in (outside, inside)]
                tested.append((name, measure, fewer_hits(*sides)))
    worse: dict[str, dict[str, float]] = {}
    for (name, measure, _), adjusted in zip(tested, holm([p_value for *_, p_value in tested]), strict=True):
        if adjusted < LEVEL:
            worse.setdefault(name, {})[measure] = adjusted
    return worse


def _gap(judged: Judged, grouping: Grouping, measures: Sequence[Measure], seed: int) -> GroupGap | None:
    """The largest gap of some measures: of one, or of both that equalised odds asks for."""
    numbers = [judged_groups(judged, grouping, measure) for measure in measures]
    if any(len(each) < 2 for each in numbers):
        return None
    frames = [
        _by_group(judged, grouping, measure, own.tolist()) for measure, own in zip(measures, numbers, strict=True)
    ]
    rates = max(frames, key=lambda each: max(each.values()) - min(each.values()))
    value = max(rates.values()) - min(rates.values())
    drawn = np.max([_drawn(judged, grouping, measure, seed) for measure in measures], axis=0)
    dealt = np.max([_dealt(judged, grouping, measure, seed) for measure in measures], axis=0)
    p_value = float(1 + (dealt >= value - 1e-9).sum()) / (1 + DEALS)
    highest, lowest = max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__)
    return GroupGap(widest(value, drawn, p_value), p_value, highest, lowest)


def _by_group(judged: Judged, grouping: Grouping, measure: Measure, numbers: Sequence[int]) -> dict[str, float]:
    """Group → its rate, as Fairlearn has it."""
    import sklearn.metrics
    from fairlearn import metrics  # with scikit-learn behind it, for which no page should wait

    rows, groups = np.nonzero(grouping.members[:, numbers])  # a row in several groups stands there several times
    truth = np.ones(len(rows), dtype=bool) if measure == "accuracy" else judged.truth[rows]
    function = sklearn.metrics.accuracy_score if measure == "accuracy" else getattr(metrics, _FAIRLEARN[measure])
    frame = metrics.MetricFrame(
        metrics=function, y_true=truth, y_pred=judged.hits(measure)[rows], sensitive_features=groups
    )
    return {grouping.names[numbers[int(group)]]: float(rate) for group, rate in frame.by_group.items()}


def _patterns(judged: Judged, grouping: Grouping, measure: Measure) -> tuple[Bools, Bools, Floats]:
    """Rows that are alike, counted: members of the judged groups ``(patterns, groups)``, hits and counts ``(patterns,)``."""
    counted = judged.counted(measure)
    members = grouping.members[counted][:, judged_groups(judged, grouping, measure)]
    table = np.column_stack([members, judged.hits(measure)[counted]])
    table = table[members.any(axis=1)]
    distinct, counts = np.unique(table, axis=0, return_counts=True)
    return distinct[:, :-1], distinct[:, -1], counts.astype(np.float64)


def _drawn(judged: Judged, grouping: Grouping, measure: Measure, seed: int) -> Floats:
    """Gaps of redrawn rows, ``(resamples,)``."""
    members, hits, counts = _patterns(judged, grouping, measure)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(int(counts.sum()), counts / counts.sum(), RESAMPLES).astype(np.float64)
    return gap_of((weights * hits) @ members, weights @ members)


def _dealt(judged: Judged, grouping: Grouping, measure: Measure, seed: int) -> Floats:
    """Gaps of rows whose hits were dealt at random, ``(deals,)``: among equals in truth, since that is what a rate is of."""
    members, hits, counts = _patterns(judged, grouping, measure)
    combinations, where = np.unique(members, axis=0, return_inverse=True)
    sizes = np.bincount(where.ravel(), weights=counts).astype(np.int64)
    generator = np.random.default_rng([seed, 1])
    dealt = generator.multivariate_hypergeometric(sizes, int(counts @ hits), size=DEALS, method="marginals")
    return gap_of(dealt.astype(np.float64) @ combinations, (sizes @ combinations).astype(np.float64))
