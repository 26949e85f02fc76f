"""What groups need of their own: fitted with shrinkage to what all share, kept only where rows that were not fitted on say so.

Every group gets a vector that is added to its logits or, with features, a small head; a ridge penalty of one strength for all
groups pulls them to nothing, as a normal prior around the shared model would (empirical Bayes). The strength is chosen by
cross-validation inside of the rows that are fitted on, and each row is answered by settings that were fitted without it, so what
a group gains is measured on rows that chose nothing. That folds share most of their rows makes the test a little optimistic;
tests on frozen rows, which are never used here, stand beside it in the report.

Knows nothing of texts, versions and files.

References
----------
B. Efron, C. Morris (1975), "Data Analysis Using Stein's Estimator and its Generalizations".
T. Evgeniou, M. Pontil (2004), "Regularized Multi-Task Learning", KDD: a shared model plus a penalised part for each task.
M. Hardt, E. Price, N. Srebro (2016), "Equality of Opportunity in Supervised Learning": thresholds by group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.statistics.exact import fewer_hits
from core.statistics.intervals import Estimate, Floats, rate_of
from core.statistics.paired import mcnemar, paired_rate_difference
from core.statistics.permutation import holm

Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

FOLDS = 5
LEVEL = 0.05  # of all groups together
STRENGTHS = (1e4, 1e3, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)  # of the ridge penalty, strongest first
PRIOR_ROWS = (
    1e4,
    1000.0,
    300.0,
    100.0,
    30.0,
    10.0,
)  # of all groups that count along with a group's own, for its false positives
STEPS = 60  # of the optimiser: the penalty makes the problem well conditioned


@dataclass(frozen=True, eq=False)
class Labelled:
    """Rows with what the shared model says of them.

    Parameters
    ----------
    logits
        Logarithms of the shared probabilities, (rows, outputs).
    truth
        Number of the true output of each row, (rows,).
    group
        Number of the group of each row, (rows,); −1 for rows of none that could have settings.
    groups
        How many groups there are.
    design
        What the parameters of a group are multiplied by, (rows, width): a column of ones and, for heads, features.
    """

    logits: Floats
    truth: Integers
    group: Integers
    groups: int
    design: Floats

    def take(self, rows: Integers) -> Labelled:
        """Some of the rows."""
        return replace(
            self, logits=self.logits[rows], truth=self.truth[rows], group=self.group[rows], design=self.design[rows]
        )

    def joined(self, other: Labelled) -> Labelled:
        """These rows and others."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("logits", "truth", "group", "design"))
        logits, truth, group, design = (np.concatenate(pair) for pair in pairs)
        return Labelled(logits, truth, group, self.groups, design)

    def shifted(self, parameters: Floats) -> Floats:
        """The logits with what each row's group adds, (rows, outputs), for parameters (groups, outputs, width)."""
        result = self.logits.copy()
        for number in range(self.groups):
            rows = self.group == number
            result[rows] += self.design[rows] @ parameters[number].T
        return result

    def surprise(self, parameters: Floats) -> float:
        """The sum of −log p(truth) over the rows of groups."""
        own = self.group >= 0
        return -float(_log_softmax(self.shifted(parameters))[np.arange(len(own)), self.truth][own].sum())


@dataclass(frozen=True)
class GroupResult:
    """What settings of its own would do for a group, on rows that they were not fitted on.

    Parameters
    ----------
    score
        The name of what is compared: ``"accuracy"``, or ``"false_positive_rate"`` of a label.
    shared, personal
        The score with what all share, and with settings of its own.
    difference
        Personal − shared on the same rows.
    accuracy
        The paired difference of accuracy, what equal false positives cost.
    p_value
        Chance of so clear a gain (or, for false positives, of so different a rate), were there none; corrected by Holm for all
        groups.
    """

    rows: int
    score: str
    shared: Estimate
    personal: Estimate
    difference: Estimate
    accuracy: Estimate
    p_value: float
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "score": self.score,
            **{name: getattr(self, name).to_dict() for name in ("shared", "personal", "difference", "accuracy")},
            "p_value": self.p_value,
            "kept": self.kept,
        }


@dataclass(frozen=True, eq=False)
class Fitted:
    """The settings of all groups, and what each gains.

    Parameters
    ----------
    parameters
        What is added, (groups, outputs, width); of groups that keep nothing too.
    strength
        The penalty that cross-validation chose, or the prior rows.
    held_out
        Probabilities of each row, answered without having been fitted on, (rows, outputs); of groups that keep nothing the shared
        ones.
    """

    parameters: Floats
    strength: float
    results: tuple[GroupResult, ...]
    held_out: Floats


Fit = Callable[[Labelled, float, "Floats | None"], Floats]  # rows, strength, where the search may begin → parameters
Loss = Callable[[Labelled, Floats], float]


def fit_accuracy(rows: Labelled, further: Labelled | None = None) -> Fitted:
    """Settings with which each group's truth surprises least; a group keeps them where more of its answers are right.

    Parameters
    ----------
    further
        Rows that are only fitted on, such as training rows with logits of a model that did not learn from them. They count where
        cross-validation on the others finds that they help.
    """
    ways: list[Fit] = [_ridge]
    if further is not None:
        ways.append(lambda part, strength, start: _ridge(part.joined(further), strength, start))
    (parameters, strength, held_out), right = _cross_fitted(rows, ways, STRENGTHS, Labelled.surprise), _right(rows)
    answers = held_out.argmax(axis=1) == rows.truth
    raw = [mcnemar(right[own], answers[own]) for own in _members(rows)]
    results = []
    for own, p_value in zip(_members(rows), holm(raw), strict=True):
        difference = paired_rate_difference(right[own], answers[own])
        kept = p_value < LEVEL and difference.value > 0
        shared, personal = rate_of(right[own]), rate_of(answers[own])
        results.append(
            GroupResult(int(own.sum()), "accuracy", shared, personal, difference, difference, float(p_value), kept)
        )
    return _fitted(rows, parameters, strength, results, held_out)


def fit_false_positives(rows: Labelled, label: int) -> Fitted:
    """Settings with which a label is given wrongly equally often in each group, as often as it is over all rows today.

    A group keeps them where its rate differs from that of all others beyond chance, and comes closer to the target on rows that
    they were not fitted on.
    """
    target = _false_positive_rate(rows, label)

    def fit(part: Labelled, strength: float, start: Floats | None) -> Floats:
        return _equal(part, label, strength)

    def loss(part: Labelled, parameters: Floats) -> float:
        return _distance(part, label, parameters, target)

    parameters, strength, held_out = _cross_fitted(rows, [fit], PRIOR_ROWS, loss)
    right, negative, given = _right(rows), rows.truth != label, rows.logits.argmax(axis=1) == label
    answers, moved = held_out.argmax(axis=1) == rows.truth, held_out.argmax(axis=1) == label
    members = _members(rows)
    raw = []
    for own in members:
        inside, outside = own & negative, ~own & negative
        sides = [(int(given[side].sum()), int(side.sum())) for side in (outside, inside)]
        raw.append(min(1.0, 2 * min(fewer_hits(sides[0], sides[1]), fewer_hits(sides[1], sides[0]))))
    results = []
    for own, p_value in zip(members, holm(raw), strict=True):
        inside = own & negative
        shared, personal = rate_of(given[inside]), rate_of(moved[inside])
        closer = abs(personal.value - target) < abs(shared.value - target)
        results.append(
            GroupResult(
                int(inside.sum()),
                "false_positive_rate",
                shared,
                personal,
                paired_rate_difference(given[inside], moved[inside]),
                paired_rate_difference(right[own], answers[own]),
                float(p_value),
                bool(p_value < LEVEL and closer),
            )
        )
    return _fitted(rows, parameters, strength, results, held_out)


def _fitted(
    rows: Labelled, parameters: Floats, strength: float, results: Sequence[GroupResult], held_out: Floats
) -> Fitted:
    kept = np.array([*(result.kept for result in results), False])  # the last for rows of no group
    answered = np.where(kept[rows.group][:, None], held_out, rows.logits)
    return Fitted(parameters, strength, tuple(results), np.exp(_log_softmax(answered)))


def _cross_fitted(
    rows: Labelled, ways: Sequence[Fit], strengths: Sequence[float], loss: Loss
) -> tuple[Floats, float, Floats]:
    """The parameters fitted on all rows, the strength that was chosen for them, and logits of each row without it.

    The fit without folds f and g serves both as the inner one of f with g held out and the other way round.
    """
    fold = folds(rows.group)
    choices = [(way, strength) for way in ways for strength in strengths]
    losses = np.zeros((FOLDS, FOLDS, len(choices)))  # held out, asked
    for first in range(FOLDS):
        for second in range(first, FOLDS):
            part = rows.take(np.flatnonzero((fold != first) & (fold != second)))
            parameters = None
            for number, (way, strength) in enumerate(choices):
                parameters = way(part, strength, parameters)
                for out, asked in {(first, second), (second, first)}:
                    losses[out, asked, number] = loss(rows.take(np.flatnonzero(fold == asked)), parameters)
    held_out = rows.logits.copy()
    for out in range(FOLDS):
        inner = [asked for asked in range(FOLDS) if asked != out]
        way, strength = choices[int(losses[out, inner].sum(axis=0).argmin())]
        own = np.flatnonzero(fold == out)
        held_out[own] = rows.take(own).shifted(way(rows.take(np.flatnonzero(fold != out)), strength, None))
    way, strength = choices[int(np.einsum("ffc->c", losses).argmin())]
    return way(rows, strength, None), strength, held_out


def folds(group: Integers) -> Integers:
    """A fold for each row, (rows,), dealt by chance and evenly within each group."""
    order = np.lexsort((np.random.default_rng(0).permutation(len(group)), group))
    fold = np.empty(len(group), dtype=np.int64)
    fold[order] = np.arange(len(group)) % FOLDS
    return fold


def _ridge(rows: Labelled, strength: float, start: Floats | None) -> Floats:
    """Minimise −Σ log p(truth) + λ/2 ‖θ‖² over the parameters of all groups, (groups, outputs, width)."""
    from scipy.optimize import minimize

    rows = rows.take(np.argsort(rows.group, kind="stable"))
    shape = (rows.groups, rows.logits.shape[1], rows.design.shape[1])
    ends = np.searchsorted(rows.group, np.arange(rows.groups + 1))
    parts = [slice(first, last) for first, last in pairwise(ends.tolist())]

    def value_and_slope(flat: Floats) -> tuple[float, Floats]:
        parameters = flat.reshape(shape)
        slope, value = strength * parameters, strength / 2 * float(flat @ flat)
        for number, part in enumerate(parts):
            logs = _log_softmax(rows.logits[part] + rows.design[part] @ parameters[number].T)
            row, truth = np.arange(len(logs)), rows.truth[part]
            value -= float(logs[row, truth].sum())
            residual = np.exp(logs)
            residual[row, truth] -= 1
            slope[number] += residual.T @ rows.design[part]
        return value, slope.ravel()

    solved = minimize(
        value_and_slope, np.zeros(np.prod(shape)), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    )
    return np.asarray(solved.x, dtype=np.float64).reshape(shape)


def _equal(rows: Labelled, label: int, prior: float) -> Floats:
    """Move a label in each group until its false positives are as frequent as over all rows; a group's own rate counts along with
    that of all rows, as if it had ``prior`` further rows with that.
    """
    margin, negative = _margin(rows.logits, label), rows.truth != label
    parameters = np.zeros((rows.groups, rows.logits.shape[1], rows.design.shape[1]))
    everywhere = margin[negative]
    if not len(everywhere):
        return parameters
    target = (everywhere > 0).mean()
    for number in range(rows.groups):
        own = margin[negative & (rows.group == number)]
        if not len(own):
            continue
        share = len(own) / (len(own) + prior)
        margins = np.concatenate([own, everywhere])
        weights = np.concatenate(
            [np.full(len(own), share / len(own)), np.full(len(everywhere), (1 - share) / len(everywhere))]
        )
        order = np.argsort(-margins)
        margins, rates = margins[order], np.concatenate([[0.0], weights[order].cumsum()])
        # Between two margins the rate stays as it is; moved by −(their mean), exactly the rows above are given the label.
        borders = np.concatenate([[margins[0] + 1], (margins[1:] + margins[:-1]) / 2, [margins[-1] - 1]])
        apart = np.abs(rates - target)
        nearest = np.flatnonzero(apart <= apart.min() + 1e-12)
        parameters[number, label, 0] = -borders[nearest[np.abs(borders[nearest]).argmin()]]
    return parameters


def _distance(rows: Labelled, label: int, parameters: Floats, target: float) -> float:
    """How far the groups' false positive rates are from the target: the sum of squares, each weighted by its rows."""
    given, negative = _margin(rows.shifted(parameters), label) > 0, rows.truth != label
    total = 0.0
    for own in _members(rows):
        inside = own & negative
        if inside.any():
            total += float(inside.sum()) * (float(given[inside].mean()) - target) ** 2
    return total


def _false_positive_rate(rows: Labelled, label: int) -> float:
    negative = rows.truth != label
    return float((rows.logits.argmax(axis=1) == label)[negative].mean()) if negative.any() else 0.0


def _margin(logits: Floats, label: int) -> Floats:
    """How far a label's logit stands above the highest of the others, (rows,)."""
    others = np.delete(logits, label, axis=1)
    return np.asarray(logits[:, label] - others.max(axis=1), dtype=np.float64)


def _members(rows: Labelled) -> list[Bools]:
    return [np.asarray(rows.group == number) for number in range(rows.groups)]


def _right(rows: Labelled) -> Bools:
    return np.asarray(rows.logits.argmax(axis=1) == rows.truth)


def _log_softmax(logits: Floats) -> Floats:
    top = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(top - np.log(np.exp(top).sum(axis=1, keepdims=True)), dtype=np.float64)
