"""How groups fared by an update: the evidence that the gate's rules for groups rest on, from answers to the same rows."""

from __future__ import annotations

import numpy as np

from core.continual.gate.group_evidence import GapChange, GapMeasure, GroupEvidence, StratumChange
from core.fairness.groups import Grouping
from core.fairness.rates import RESAMPLES, Judged, gap_of, judged_groups
from core.statistics.intervals import estimate, percentiles
from core.statistics.paired import paired_rate_difference


def group_evidence(
    before: Judged, after: Judged, grouping: Grouping, *, measure: GapMeasure = "fpr", seed: int = 0
) -> GroupEvidence:
    """How much accuracy each group gained, and how the gap between groups changed.

    Parameters
    ----------
    before, after
        Answers of the old and of the new version to the same rows.
    measure
        The rate that the gap is of; false positives by default.
    """
    groups = []
    for number, name in enumerate(grouping.names):
        member = grouping.members[:, number]
        if member.any():
            difference = paired_rate_difference(before.right[member], after.right[member])
            groups.append(StratumChange(name, int(member.sum()), difference))
    return GroupEvidence(tuple(groups), _gap_change(before, after, grouping, measure, seed))


def _gap_change(before: Judged, after: Judged, grouping: Grouping, measure: GapMeasure, seed: int) -> GapChange | None:
    """Rows are redrawn with both answers; the interval is mirrored at the value, never narrower than of percentiles."""
    numbers = judged_groups(after, grouping, measure)
    if len(numbers) < 2:
        return None
    counted = after.counted(measure)
    members = grouping.members[counted][:, numbers]
    table = np.column_stack([members, before.hits(measure)[counted], after.hits(measure)[counted]])
    table = table[members.any(axis=1)]
    distinct, seen = np.unique(table, axis=0, return_counts=True)
    counts = seen.astype(np.float64)
    members, sides = distinct[:, :-2], (distinct[:, -2], distinct[:, -1])
    old, new = (float(gap_of((counts * hits) @ members, counts @ members)) for hits in sides)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(int(counts.sum()), counts / counts.sum(), RESAMPLES).astype(np.float64)
    drawn_old, drawn_new = (gap_of((weights * hits) @ members, weights @ members) for hits in sides)
    value = new - old
    low, high = percentiles(drawn_new - drawn_old)
    ends = min(low, 2 * value - high), max(high, 2 * value - low)
    return GapChange(measure, len(numbers), old, new, estimate(value, *ends, smallest=-1.0))
