"""Has anything changed? A batch against rows that the model was not trained on, one question a test.

- `strata_shift`: are the strata of the targets as frequent as before? χ² of homogeneity.
- ``words``: does the batch hold more words that the model does not know?
- ``confidence``: is it as sure of its answers? Kolmogorov–Smirnov on the probability of the answer.
- ``accuracy``: does it get fewer answers right? Fisher's exact test, one-sided: it asks only whether accuracy fell. That
  it rose is said by the interval of the difference (`DriftTest.rose`).

`core.continual.drift.representation` asks two more about the texts as a whole. Every test comes with a p-value that is small
(≤ 0.05) in at most 5 % of cases when nothing changed, and `together` makes that hold for all of them at once.

Rows must be independent: one row a text (see `core.workflows.drift.run`). Knows nothing of tasks, models, tokenizers or files.

References
----------
S. Rabanser, S. Günnemann, Z. Lipton (2019), "Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from core.base.messages import Message, message
from core.statistics.exact import fewer_hits
from core.statistics.intervals import Estimate, Floats, rate_difference
from core.statistics.permutation import ROUNDS, Sides, holm, permutation_test

TestName = Literal["labels", "words", "texts", "likeness", "confidence", "accuracy"]
DriftVerdict = Literal["changed", "perhaps", "same", "unjudged"]

STRATA: TestName = "labels"  # the name is as old as the reports that have it
FALSE_ALARMS = 0.05  # the promise: of each test alone, and of all together
FEWEST_ROWS = 30  # on either side, below which no test is asked
_EXPECTED = 5.0  # smallest expected count at which χ² may be read from its curve (Cochran's rule)


@dataclass(frozen=True)
class DriftTest:
    """One question and its answer.

    Parameters
    ----------
    statistic
        What was measured; larger means more different. None when the question could not be asked.
    p_value
        How often chance alone would give as large a statistic, 0 to 1.
    effect
        How much changed, in plain units. `strata_shift`: share of the rows that would have to change their stratum to be
        as before (0 to 1); ``words``: unknown words, after − before (−1 to 1); ``texts``: share of pairs of an earlier
        and a new text in which a classifier tells which is the new one (0.5 is chance); ``likeness``: by how much texts
        of one side are more alike than texts across (0.02 is 2 %); ``confidence``: mean probability of the answer, after
        − before; ``accuracy``: after − before.
    before, after
        The two figures whose difference `effect` is, where there are two.
    interval
        `effect` with its 95 % interval, of ``accuracy`` alone.
    reason
        Why the question could not be asked.
    adjusted
        The p-value after `together`: at most 0.05 means "changed".
    false_alarm_rate
        How often, at most, this test alone has a p-value up to 0.05 when nothing changed.
    """

    name: TestName
    statistic: float | None
    p_value: float | None
    effect: float | None
    rows: tuple[int, int]
    before: float | None = None
    after: float | None = None
    reason: Message | None = None
    adjusted: float | None = None
    false_alarm_rate: float = FALSE_ALARMS
    interval: Estimate | None = None

    @property
    def judged(self) -> bool:
        return self.p_value is not None

    @property
    def rose(self) -> bool:
        """Whether accuracy is higher than before beyond chance, which the one-sided test does not ask."""
        return self.interval is not None and self.interval.low > 0

    @property
    def verdict(self) -> DriftVerdict:
        """``"perhaps"``: noticeable alone, but not among so many tests."""
        if self.p_value is None:
            return "unjudged"
        if (self.p_value if self.adjusted is None else self.adjusted) <= FALSE_ALARMS:
            return "changed"
        return "perhaps" if self.p_value <= FALSE_ALARMS else "same"

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason.to_dict() if self.reason is not None else None
        return {
            **asdict(self),
            "rows": list(self.rows),
            "reason": reason,
            "judged": self.judged,
            "verdict": self.verdict,
            "rose": self.rose,
        }


def together(tests: Sequence[DriftTest]) -> tuple[DriftTest, ...]:
    """The same tests with Holm's p-values: if nothing changed, all together raise an alarm in at most 5 % of cases."""
    judged = [test.p_value for test in tests if test.p_value is not None]
    adjusted = iter(holm(judged))
    return tuple(test if test.p_value is None else replace(test, adjusted=next(adjusted)) for test in tests)


def unjudged(name: TestName, rows: tuple[int, int], reason: Message | None = None) -> DriftTest:
    """A question that could not be asked; without a reason, because of too few rows."""
    few = message(
        "drift.few_rows",
        "Too few rows to compare: {before:,} earlier and {after:,} new ones; at least {needed} of each are needed.",
        before=rows[0],
        after=rows[1],
        needed=FEWEST_ROWS,
    )
    return DriftTest(name, None, None, None, rows, reason=reason or few)


def enough(rows: tuple[int, int]) -> bool:
    """Whether a question may be asked of so many rows."""
    return min(rows) >= FEWEST_ROWS


def strata_shift(before: ArrayLike, after: ArrayLike, *, seed: int = 0, rounds: int = ROUNDS) -> DriftTest:
    """Are the strata as frequent as before?

    The statistic is χ² = Σ (found − expected)² / expected over the table of two sides by strata. From five expected rows
    in every cell on, its p-value is read from the χ² distribution; otherwise the rows are dealt to the sides at random.

    Parameters
    ----------
    before, after
        Rows of each stratum on either side, in the same order of strata.
    """
    table = np.array([before, after], dtype=np.int64)
    table = table[:, table.sum(axis=0) > 0]
    first, second = (int(side) for side in table.sum(axis=1))
    if not enough((first, second)):
        return unjudged(STRATA, (first, second))
    totals = table.sum(axis=0)
    statistic = float(_chi_square(table[1][None, :], totals, second)[0])
    if table.shape[1] == 1:
        p_value = 1.0
    elif min(first, second) * totals.min() / totals.sum() >= _EXPECTED:
        p_value = float(special.chdtrc(table.shape[1] - 1, statistic))
    else:
        dealt = np.random.default_rng(seed).multivariate_hypergeometric(totals, second, size=rounds)
        larger = int((_chi_square(dealt, totals, second) >= statistic - 1e-9 * max(1.0, statistic)).sum())
        p_value = (1 + larger) / (1 + rounds)
    shares = table / table.sum(axis=1, keepdims=True)
    effect = float(np.abs(shares[1] - shares[0]).sum() / 2)
    return DriftTest(STRATA, statistic, p_value, effect, (first, second))


def _chi_square(after: np.ndarray, totals: np.ndarray, rows: int) -> Floats:
    """χ² for deals ``after`` (deals, strata) of ``rows`` rows out of ``totals`` (strata)."""
    share = rows / totals.sum()
    # both sides differ from what is expected by the same number of rows, so one sum serves for two
    difference: Floats = (after - share * totals) ** 2 / totals / (share * (1 - share))
    sums: Floats = difference.sum(axis=1)
    return sums


def vocabulary_shift(
    before: tuple[ArrayLike, ArrayLike], after: tuple[ArrayLike, ArrayLike], *, seed: int = 0, rounds: int = ROUNDS
) -> DriftTest:
    """Does the batch hold another share of unknown words? The statistic is the difference of the shares, either way.

    Whole texts are dealt, since the words of one text go together.

    Parameters
    ----------
    before, after
        For every text, how many of its words are unknown, and how many words it has: two int arrays ``(texts,)``.
    """
    unknown = np.concatenate([np.asarray(side[0], dtype=np.float64) for side in (before, after)])
    words = np.concatenate([np.asarray(side[1], dtype=np.float64) for side in (before, after)])
    rows = (len(np.asarray(before[0])), len(np.asarray(after[0])))
    if not enough(rows) or not words[: rows[0]].sum() or not words[rows[0] :].sum():
        return unjudged("words", rows)

    def shares(sides: Sides) -> tuple[Floats, Floats]:
        new_unknown, new_words = sides @ unknown, sides @ words
        old_unknown, old_words = unknown.sum() - new_unknown, words.sum() - new_words
        return old_unknown / np.maximum(old_words, 1), new_unknown / np.maximum(new_words, 1)

    def statistic(sides: Sides) -> Floats:
        old, new = shares(sides)
        return np.abs(new - old)

    observed, p_value = permutation_test(statistic, *rows, seed=seed, rounds=rounds)
    old, new = (float(share[0]) for share in shares((np.arange(sum(rows)) >= rows[0])[None, :]))
    return DriftTest("words", observed, p_value, new - old, rows, old, new)


def confidence_shift(before: ArrayLike, after: ArrayLike, *, seed: int = 0, rounds: int = ROUNDS) -> DriftTest:
    """Is the model as sure of its answers?

    The statistic is Kolmogorov and Smirnov's: the largest difference between the shares of answers up to some
    probability, before and after. Ties are dealt with exactly, since the p-value comes from permutations.

    Parameters
    ----------
    before, after
        Probability of the answer given, one a row.
    """
    sides_values = [np.asarray(values, dtype=np.float64) for values in (before, after)]
    rows = (len(sides_values[0]), len(sides_values[1]))
    if not enough(rows):
        return unjudged("confidence", rows)
    pooled = np.concatenate(sides_values)
    order = np.argsort(pooled, kind="stable")
    last = np.append(np.flatnonzero(np.diff(pooled[order])), len(pooled) - 1)  # of each run of equal values

    def statistic(sides: Sides) -> Floats:
        new = np.cumsum(sides[:, order], axis=1, dtype=np.int32)[:, last]
        old = last + 1 - new
        largest: Floats = np.abs(new / rows[1] - old / rows[0]).max(axis=1)
        return largest

    observed, p_value = permutation_test(statistic, *rows, seed=seed, rounds=rounds)
    old, new = (float(values.mean()) for values in sides_values)
    return DriftTest("confidence", observed, p_value, new - old, rows, old, new)


def accuracy_drop(before: tuple[int, int], after: tuple[int, int]) -> DriftTest:
    """Does the model get fewer answers right than on its frozen tests? The statistic is the loss, before − after.

    The p-value knows nothing of a rise, for which it is near 1; the interval of the difference does.

    Parameters
    ----------
    before, after
        The numbers of right answers and of rows.
    """
    rows = (before[1], after[1])
    if not enough(rows):
        return unjudged("accuracy", rows)
    old, new = before[0] / before[1], after[0] / after[1]
    interval = rate_difference(before, after)
    return DriftTest("accuracy", old - new, fewer_hits(before, after), new - old, rows, old, new, interval=interval)
