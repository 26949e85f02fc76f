"""What noise costs and what it buys: from mechanisms to ε and back.

Neighbouring are two sets of rows where one has one row (or one group) more than the other. A `Mechanism` knows how often and with
how much noise sums over such rows were told; what it was told about does not matter here.

References
----------
Abadi et al. 2016, "Deep Learning with Differential Privacy" (subsampled Gaussian noise). Gopi et al. 2021, "Numerical
Composition of Differential Privacy" (the PRV accountant, Opacus's). Balle & Wang 2018, "Improving the Gaussian Mechanism for
Differential Privacy" (the exact δ of Gaussian noise).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import log_ndtr

TOLERANCE = 1e-3  # of ε, where the noise for it is looked for
MOST_LOOKS = 12
HALVINGS = 60


@dataclass(frozen=True)
class Mechanism:
    """Noisy sums that were told of rows.

    Parameters
    ----------
    kind
        ``"dp-sgd"``: a sum of clipped gradients in each of ``steps``, over rows each of which takes part with the chance
        ``sample_rate``; ``"gaussian"``: one sum over all rows.
    noise_multiplier
        Standard deviation of the noise, over how far one row can move the sum.
    """

    kind: Literal["dp-sgd", "gaussian"]
    noise_multiplier: float
    sample_rate: float = 1.0
    steps: int = 1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Mechanism:
        return Mechanism(**stored)


def epsilon_of(mechanisms: Sequence[Mechanism], delta: float) -> float:
    """ε of all of them together, told of the same rows; 0 for none.

    Plain Gaussian noise composes exactly; as soon as rows were sampled, Opacus's PRV accountant bounds ε from above.
    """
    if not mechanisms:
        return 0.0
    if all(mechanism.sample_rate >= 1 for mechanism in mechanisms):
        told = sum(mechanism.steps / mechanism.noise_multiplier**2 for mechanism in mechanisms)
        return _gaussian_epsilon(told**-0.5, delta)
    from opacus.accountants import PRVAccountant

    accountant = PRVAccountant()
    accountant.history = [(each.noise_multiplier, each.sample_rate, each.steps) for each in mechanisms]
    # Its logarithm of 1 − the sample rate, where that is 1; and it warns of a rough bound that it only begins from.
    with np.errstate(divide="ignore"), warnings.catch_warnings(action="ignore", category=UserWarning):
        return float(accountant.get_epsilon(delta))


def gaussian_noise(epsilon: float, delta: float) -> float:
    """The smallest noise multiplier at which one sum over all rows costs no more than ε."""
    return _least_noise(lambda noise: _gaussian_delta(noise, epsilon) <= delta)


def sampled_noise(epsilon: float, delta: float, sample_rate: float, steps: int) -> float:
    """The noise multiplier at which so many steps over sampled rows cost no more than ε, and hardly less."""
    if sample_rate >= 1:
        return gaussian_noise(epsilon, delta) * math.sqrt(steps)

    def short(noise: float) -> float:
        """How much of ε is left, in powers of e."""
        return math.log(epsilon / epsilon_of([Mechanism("dp-sgd", noise, sample_rate, steps)], delta))

    high = 1.0
    while (slack := short(high)) < 0:
        high *= 2
    low = high
    while (lack := short(low)) >= 0:
        high, slack, low = low, lack, 0.7 * low
    for _ in range(MOST_LOOKS):
        if slack <= TOLERANCE:
            break
        middle = high - (high - low) * (slack - TOLERANCE / 2) / (slack - lack)
        left = short(middle)
        low, lack, high, slack = (low, lack, middle, left) if left >= 0 else (middle, left, high, slack)
    return high


def usual_delta(rows: int) -> float:
    """δ where nobody asked for another: 1 / n^1.1 of n rows or groups."""
    return math.pow(max(rows, 2), -1.1)


def _gaussian_delta(noise: float, epsilon: float) -> float:
    """The exact δ of Gaussian noise at ε (Balle & Wang 2018, theorem 8)."""
    half, far = 1 / (2 * noise), epsilon * noise
    return math.exp(float(log_ndtr(half - far))) - math.exp(epsilon + float(log_ndtr(-half - far)))


def _gaussian_epsilon(noise: float, delta: float) -> float:
    low, high = 0.0, 1.0
    if _gaussian_delta(noise, low) <= delta:
        return 0.0
    while _gaussian_delta(noise, high) > delta:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _gaussian_delta(noise, middle) > delta else (low, middle)
    return high


def _least_noise(enough: Any) -> float:
    low, high = 0.0, 1.0
    while not enough(high):
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
