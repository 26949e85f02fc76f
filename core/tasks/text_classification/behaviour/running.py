"""Runs the tests and counts the failures; which labels are the good and the bad side is told by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.data.dataset.inputs import body_of
from core.statistics.intervals import Estimate, rate_estimate
from core.tasks.text_classification.behaviour.cases import AbilityKind, AbilityTest, Case, make_tests

TOLERATED = 0.1  # by which the probability of a side may fall where it should rise
EXAMPLES = 20
GOOD = {"positive", "pos", "good", "like", "happy", "1", "5", "好评", "正面", "积极", "正向", "喜欢", "满意"}
BAD = {"negative", "neg", "bad", "dislike", "unhappy", "0", "-1", "差评", "负面", "消极", "负向", "不喜欢", "不满意"}
MOST_LABELS = 5  # more are topics rather than sides


class Engine(Protocol):
    """What answers; a `core.networks.standalone.predict.Classifier`."""

    labels: list[str]

    def compute(self, texts: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True)
class Example:
    """One case with its answers: label and its probability, before and after; for a minimum, ``after`` is what was expected."""

    text: str
    changed: str | None
    before: tuple[str, float]
    after: tuple[str, float]
    failed: bool


@dataclass(frozen=True)
class Result:
    """One test.

    Parameters
    ----------
    rate
        Share of cases that failed, with Wilson's interval.
    examples
        At most 20 examples, those that failed first.
    """

    capability: str
    kind: AbilityKind
    cases: int
    failures: int
    rate: Estimate
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class SentimentSides:
    """Numbers of the labels that are the good and the bad side of a sentiment."""

    good: int
    bad: int


def sides_of(labels: Sequence[str]) -> SentimentSides | None:
    """The good and the bad label; None where the names say nothing of the kind."""
    names = [label.strip().casefold() for label in labels]
    good = [number for number, name in enumerate(names) if name in GOOD]
    bad = [number for number, name in enumerate(names) if name in BAD]
    if len(names) > MOST_LABELS or len(good) != 1 or len(bad) != 1:
        return None
    return SentimentSides(good[0], bad[0])


def run_tests(engine: Engine, texts: Sequence[str]) -> list[Result]:
    """Make all tests that suit the labels and the texts, and run them.

    An invariance fails where the label changes, a direction where the probability of the side falls by more than 0.1, a
    minimum where another label is the answer. Texts without a sign are left out, and further columns beside a text are missing.
    """
    sides = sides_of(engine.labels)
    filled = [body for text in texts if (body := body_of(text)).strip()]
    return [_run(engine, test, sides) for test in make_tests(filled, sentiment=sides is not None)]


def _run(engine: Engine, test: AbilityTest, sides: SentimentSides | None) -> Result:
    before = engine.compute([case.text for case in test.cases])
    changed = [case.changed if case.changed is not None else case.text for case in test.cases]
    after = before if test.kind == "minimum" else engine.compute(changed)
    examples = [
        _example(engine.labels, test.kind, case, sides, first, second)
        for case, first, second in zip(test.cases, before, after, strict=True)
    ]
    failures = sum(example.failed for example in examples)
    examples.sort(key=lambda example: not example.failed)
    return Result(
        test.capability,
        test.kind,
        len(examples),
        failures,
        rate_estimate(failures, len(examples)),
        tuple(examples[:EXAMPLES]),
    )


def _example(
    labels: Sequence[str],
    kind: AbilityKind,
    case: Case,
    sides: SentimentSides | None,
    before: np.ndarray,
    after: np.ndarray,
) -> Example:
    def answer(row: np.ndarray, number: int) -> tuple[str, float]:
        return labels[number], float(row[number])

    best, then = int(before.argmax()), int(after.argmax())
    if kind == "invariance" or sides is None or case.side is None:
        return Example(case.text, case.changed, answer(before, best), answer(after, then), best != then)
    side = sides.good if case.side == "good" else sides.bad
    if kind == "minimum":
        return Example(case.text, None, answer(before, best), answer(before, side), best != side)
    failed = float(after[side]) < float(before[side]) - TOLERATED
    return Example(case.text, case.changed, answer(before, side), answer(after, side), failed)
