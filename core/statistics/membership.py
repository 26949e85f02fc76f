"""Can it be told from a model whether a row was learned? A likelihood-ratio attack, what it proves of ε, and canaries.

Shadow models learn a random half of the rows each, by a fair coin for each shadow and row. In turn each of them is the target,
and the others tell how confident a model is of a row that it learned, and of one that it did not: two Gaussians a row, whose
variances are pooled over rows, since few shadows say nothing of a single row's. All arrays have shape ``(shadows, rows)``.

Knows nothing of models; a confidence is any number that is higher the better a model knows a row.

References
----------
N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis, F. Tramèr (2022), "Membership inference attacks from first principles".
M. Jagielski, J. Ullman, A. Oprea (2020), "Auditing differentially private machine learning: how private is private SGD?".
M. Nasr, J. Hayes, T. Steinke, B. Balle, et al. (2023), "Tight auditing of differentially private machine learning".
N. Carlini, C. Liu, Ú. Erlingsson, J. Kos, D. Song (2019), "The secret sharer".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from core.statistics.intervals import MINIMUM_ROWS, Z95, Estimate, Floats, estimate, rate_estimate

Flags = NDArray[np.bool_]

FALSE_ALARMS = 0.01  # the rate of false alarms at which an attack is told
THRESHOLDS = 200  # of which the best is taken
CURVE_POINTS = 120
FEWEST_SHADOWS = 3  # a target and two others
CHANCE_EXPOSURE = 1 / np.log(2)  # bits, the mean of a text that was not learned, among many others


@dataclass(frozen=True)
class Bound:
    """What an attack proves of ε.

    Parameters
    ----------
    value
        ε is at least that, 0 or more, with the confidence that was asked for.
    most
        What could have been proved at most by so many rows and shadows, had every guess been right.
    """

    value: float
    most: float

    def to_dict(self) -> dict[str, float]:
        return {"value": self.value, "most": self.most}


@dataclass(frozen=True)
class Attack:
    """How well members are told from others.

    Parameters
    ----------
    auc
        The chance that a row scores higher where it was learned than another where it was not; 0.5 is guessing.
    hits
        The share of members that are recognised when 1 in 100 others is taken for one.
    bound
        None where there are too few guesses to prove anything.
    curve
        Rates of false alarms and of hits, each ascending, for a chart.
    """

    rows: int
    shadows: int
    auc: Estimate
    hits: Estimate
    bound: Bound | None
    curve: tuple[list[float], list[float]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "shadows": self.shadows,
            "auc": self.auc.to_dict(),
            "hits": self.hits.to_dict(),
            "bound": None if self.bound is None else self.bound.to_dict(),
            "curve": {"false_alarms": self.curve[0], "hits": self.curve[1]},
        }


def attack(confidence: Floats, learned: Flags, *, delta: float = 0.0, certainty: float = 0.95) -> Attack | None:
    """Attack each shadow by means of the others; None with fewer than 30 rows or 3 shadows, of which nothing can be said.

    Parameters
    ----------
    confidence
        How sure each shadow is of each row.
    learned
        Whether it learned the row.
    delta, certainty
        As `lower_bound` takes them.
    """
    shadows, rows = confidence.shape
    if shadows < FEWEST_SHADOWS or rows < MINIMUM_ROWS or learned.all() or not learned.any():
        return None
    scores = likelihood_ratios(confidence, learned)
    bound = lower_bound(scores, learned, delta=delta, certainty=certainty)
    return Attack(rows, shadows, area(scores, learned), hit_rate(scores, learned), bound, roc(scores, learned))


def likelihood_ratios(confidence: Floats, learned: Flags) -> Floats:
    """The logarithm of how much likelier each confidence is where the row was learned than where it was not."""
    shadows = np.arange(len(confidence))
    others = [shadows != target for target in shadows]
    return np.stack(
        [_ratios(confidence[rest], learned[rest], confidence[target]) for target, rest in enumerate(others)]
    )


def _ratios(references: Floats, learned: Flags, target: Floats) -> Floats:
    """The same of one target, ``(rows,)``; a side that no reference shows of a row is as far off as in other rows."""
    sides = (learned, ~learned)
    counts = [side.sum(axis=0) for side in sides]
    inside, outside = (
        (references * side).sum(axis=0) / np.maximum(count, 1) for side, count in zip(sides, counts, strict=True)
    )
    both = (counts[0] > 0) & (counts[1] > 0)
    gap = float((inside - outside)[both].mean()) if both.any() else 0.0
    means = (np.where(counts[0] > 0, inside, outside + gap), np.where(counts[1] > 0, outside, inside - gap))
    least = 1e-6 * float(references.var()) + 1e-12
    likelihoods = []
    for side, count, mean in zip(sides, counts, means, strict=True):
        freedom = max(int(np.maximum(count - 1, 0).sum()), 1)
        pooled = float((((references - mean) ** 2 * side)[:, count > 1]).sum()) / freedom
        variance = max(pooled, least) * (1 + 1 / np.maximum(count, 1))  # the mean is not known exactly either
        likelihoods.append(-0.5 * ((target - mean) ** 2 / variance + np.log(variance)))
    return np.asarray(likelihoods[0] - likelihoods[1])


def area(scores: Floats, learned: Flags) -> Estimate:
    """The area below the ROC curve of all guesses, ties counted half, 0 to 1.

    The interval knows that guesses of a row, and those of a shadow, have things in common (DeLong's components, clustered both
    ways as in Cameron, Gelbach and Miller 2011).
    """
    members, others = scores[learned], scores[~learned]
    placed = np.zeros(scores.shape)
    placed[learned] = _share_below(members, others)
    placed[~learned] = 1 - _share_below(others, members)
    value = float(placed[learned].mean())
    influence = (placed - value) / np.where(learned, len(members), len(others))
    half = Z95 * _deviation(influence)
    return estimate(value, value - half, value + half)


def _share_below(values: Floats, others: Floats) -> Floats:
    ordered = np.sort(others)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / (2 * len(others))


def _deviation(influence: Floats) -> float:
    """The standard deviation of a sum of influences, where those of a row belong together, and those of a shadow."""
    by_row, by_shadow = (float((influence.sum(axis=axis) ** 2).sum()) for axis in (0, 1))
    return float(np.sqrt(max(by_row, by_shadow, by_row + by_shadow - float((influence**2).sum()))))


def roc(scores: Floats, learned: Flags) -> tuple[list[float], list[float]]:
    """Rates of false alarms and of hits at some thresholds, evenly spaced on a logarithmic axis, from the strictest on."""
    members, others = np.sort(scores[learned])[::-1], np.sort(scores[~learned])[::-1]
    alarms = np.unique(np.geomspace(1, len(others), CURVE_POINTS).astype(np.int64))
    hits = np.searchsorted(-members, -others[alarms - 1], "right") / len(members)
    return (alarms / len(others)).tolist(), hits.tolist()


def hit_rate(scores: Floats, learned: Flags, *, false_alarms: float = FALSE_ALARMS) -> Estimate:
    """The share of members above the threshold that so few others exceed, with Wilson's interval."""
    members, others = scores[learned], np.sort(scores[~learned])
    threshold = others[len(others) - 1 - int(false_alarms * len(others))]
    return rate_estimate(int((members > threshold).sum()), len(members))


def lower_bound(
    scores: Floats, learned: Flags, *, delta: float = 0.0, certainty: float = 0.95, seed: int = 0
) -> Bound | None:
    """What the guesses prove of ε; None with fewer than 30 guesses of a kind in each half of the rows.

    Whoever guesses by a threshold has hits H and false alarms F for which differential privacy asks H ≤ e^ε F + δ, and the same
    of those who guess that a row was not learned. Threshold and kind of guess are chosen on one half of the rows; H and F are
    counted on the other, and taken at the unfavourable ends of Clopper and Pearson's intervals. Guesses are counted as
    independent of each other.

    Parameters
    ----------
    delta
        The δ of the promise.
    certainty
        How sure the bound is, such as 0.95.
    """
    order = np.random.default_rng(seed).permutation(scores.shape[1])
    choosing, counting = np.array_split(order, 2)
    kinds = [learned[:, half] for half in (choosing, counting)]
    if min(min(int(kind.sum()), int((~kind).sum())) for kind in kinds) < MINIMUM_ROWS:
        return None
    doubt = (1 - certainty) / 2  # for each of the two rates
    thresholds = np.unique(np.quantile(scores[:, choosing], np.linspace(0, 1, THRESHOLDS)))
    tried = _proved(scores[:, choosing], kinds[0], thresholds, delta, doubt)
    guess, best = np.unravel_index(int(tried.argmax()), tried.shape)
    value = _proved(scores[:, counting], kinds[1], thresholds[best : best + 1], delta, doubt)[guess, 0]
    sizes = int(kinds[1].sum()), int((~kinds[1]).sum())
    most = max(_epsilon(size, size, 0, other, delta, doubt) for size, other in (sizes, sizes[::-1]))
    return Bound(max(0.0, float(value)), max(0.0, float(most)))


def _proved(scores: Floats, learned: Flags, thresholds: Floats, delta: float, doubt: float) -> Floats:
    """What guesses at each threshold prove, ``(2, thresholds)``: of those above that they were learned, of those below not."""
    members, others = np.sort(scores[learned]), np.sort(scores[~learned])
    below = [np.searchsorted(part, thresholds, "left") for part in (members, others)]
    inside, outside = len(members), len(others)
    above = _epsilon(inside - below[0], inside, outside - below[1], outside, delta, doubt)
    return np.stack([above, _epsilon(below[1], outside, below[0], inside, delta, doubt)])


def _epsilon(hits: Any, trials: int, alarms: Any, others: int, delta: float, doubt: float) -> Any:
    """The logarithm of (hits − δ) / false alarms at the ends of one-sided intervals; −∞ where δ alone explains the hits."""
    low = np.where(np.asarray(hits) > 0, special.betaincinv(np.maximum(hits, 1), trials - hits + 1, doubt), 0.0)
    high = np.where(
        np.asarray(alarms) < others, special.betaincinv(alarms + 1, np.maximum(others - alarms, 1), 1 - doubt), 1.0
    )
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(low - delta, 0.0)) - np.log(high)


@dataclass(frozen=True)
class Exposure:
    """How far canaries stand out among texts of their kind that no shadow learned, in bits; higher is more exposed.

    Parameters
    ----------
    inserted, absent
        Means over the shadows that learned a canary, and over those that did not.
    most
        What a canary has that every shadow knows better than all others.
    """

    canaries: int
    inserted: Estimate
    absent: Estimate
    most: float

    def to_dict(self) -> dict[str, Any]:
        inserted, absent = self.inserted.to_dict(), self.absent.to_dict()
        return {"canaries": self.canaries, "inserted": inserted, "absent": absent, "most": self.most}


def exposures(canaries: Floats, references: Floats) -> Floats:
    """The exposure of each canary in one model, ``(canaries,)`` bits: log₂ of how many texts there are for one of its rank.

    Parameters
    ----------
    canaries
        How sure the model is of each canary, ``(canaries,)``.
    references
        How sure it would be of each text that was never learned in the canary's place, ``(canaries, references)``.
    """
    above = (references > canaries[:, None]).sum(axis=1) + 0.5 * (references == canaries[:, None]).sum(axis=1)
    return np.asarray(np.log2(references.shape[1] + 1) - np.log2(1 + above))


def mean_exposure(exposed: Floats, learned: Flags, references: int) -> Exposure | None:
    """The means with their 95 % intervals; None where no canary was learned or none was left out."""
    if learned.all() or not learned.any():
        return None
    most = float(np.log2(references + 1))
    inserted, absent = (_mean(exposed, side, most) for side in (learned, ~learned))
    return Exposure(exposed.shape[1], inserted, absent, most)


def _mean(values: Floats, side: Flags, largest: float) -> Estimate:
    value = float(values[side].mean())
    half = Z95 * _deviation(np.where(side, values - value, 0.0) / side.sum())
    return estimate(value, value - half, value + half, largest=largest)
