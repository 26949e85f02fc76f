"""What *Auto* has gained on public tables over its cheapest model, so that a visitor knows what waiting may be worth."""

from __future__ import annotations

from collections.abc import Mapping

# Points of accuracy on the test rows by which what Auto let serve was above linear n-grams, by table, under so many minutes:
# benchmarks/results.md, "Linear n-grams, and Auto" and "Auto with ten minutes", 2026-11-30 and 2026-12-01, two cores, with
# multilingual-e5-small installed.
GAINS: Mapping[float, Mapping[str, float]] = {
    2.0: {
        "customer reviews": 9.9,
        "sentences of 3 domains": 8.7,
        "tweets": 4.5,
        "TREC": 3.2,
        "movie sentences": 2.5,
        "SST-2": 2.1,
        "takeaway": 0.1,
        "subjectivity": 0.1,
        "headlines": 0.1,
        "CLINC150": 0.0,
        "shopping": 0.0,
        "reviews of 8 domains": -0.1,
    },
    10.0: {
        "customer reviews": 9.9,
        "sentences of 3 domains": 8.7,
        "movie sentences": 6.2,
        "TREC": 5.2,
        "SST-2": 4.7,
        "tweets": 4.7,
        "headlines": 4.7,
        "subjectivity": 2.5,
        "CLINC150": 2.4,
        "reviews of 8 domains": 1.9,
        "shopping": 0.7,
        "takeaway": 0.1,
    },
}
MEASURED_TASK = "text_classification"


def gains(task: str, minutes: float) -> tuple[float, ...]:
    """What was gained with at most so many minutes, in points, the least first; nothing where that was not measured."""
    measured = [known for known in GAINS if known <= minutes]
    if task != MEASURED_TASK or not measured:
        return ()
    return tuple(sorted(GAINS[max(measured)].values()))
