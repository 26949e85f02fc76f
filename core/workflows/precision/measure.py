"""What a variant of a version's file is worth: how fast, how right, and how often it gives the same answer as the exact one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.networks.standalone.predict import Classifier
from core.statistics.intervals import Estimate
from core.workflows.precision.judging import Judge

MOST_ROWS = 2000
FEWEST_ROWS = 200
SECONDS = 0.8  # of one timed pass
PASSES = 3
SINGLE = 30  # texts that are answered one by one


@dataclass(frozen=True)
class LabelledRows:
    """Validation rows: texts, and the number of each one's label (int64), or each one's target where entities are marked."""

    texts: Sequence[str]
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def at_most(self, count: int) -> LabelledRows:
        """So many rows, spread evenly over all."""
        sample = np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64)
        return LabelledRows([self.texts[row] for row in sample], np.asarray(self.truth)[sample])


@dataclass(frozen=True)
class Figures:
    """One variant on one kind of device.

    Parameters
    ----------
    accuracy
        Share of right answers on the validation rows, 0 to 1; where entities are marked, micro-F1.
    difference
        Accuracy minus that of float32 on the same rows, −1 to 1 with its 95 % interval; positive is better.
        None for float32 itself.
    agreement
        Share of rows with the same answer as float32.
    max_abs_diff
        Largest difference of any probability.
    texts_per_second
        Raw text to probabilities, in good batches; median of interleaved passes.
    milliseconds
        One text alone; median.
    """

    accuracy: float
    difference: Estimate | None
    agreement: float
    max_abs_diff: float
    texts_per_second: float
    milliseconds: float

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "difference": self.difference.to_dict() if self.difference is not None else None}


def worthwhile_rows(classifier: Classifier, rows: LabelledRows) -> LabelledRows:
    """As many validation rows as this machine answers in some ten seconds, 200 to 2,000 of those there are."""
    return rows.at_most(int(np.clip(_pace(classifier, rows.texts) * 10, FEWEST_ROWS, MOST_ROWS)))


def measure(
    variants: Mapping[str, Classifier], rows: LabelledRows, exact: np.ndarray, judge: Judge
) -> dict[str, Figures]:
    """Figures of variants that run on the same kind of device, by name.

    Parameters
    ----------
    exact
        What float32 computes of these rows: probabilities (rows, labels), or entities (rows, 1).
    """
    batches, singles = _times(variants, rows.texts)
    figures = {}
    for name, classifier in variants.items():
        values = classifier.compute(rows.texts)
        wanted, given = judge.answers(classifier, exact), judge.answers(classifier, values)
        figures[name] = Figures(
            accuracy=judge.worth(rows.truth, given),
            difference=None if name == "fp32" else judge.difference(rows.truth, wanted, given),
            agreement=float((given == wanted).mean()),
            max_abs_diff=judge.apart(values, exact),
            texts_per_second=batches[name],
            milliseconds=singles[name],
        )
    return figures


def _times(variants: Mapping[str, Classifier], texts: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Texts a second, and milliseconds for one text; the variants take turns, so that a busy moment strikes all alike."""
    slowest = min(_pace(classifier, texts) for classifier in variants.values())
    some = texts[: int(np.clip(slowest * SECONDS, 16, 1000))]
    passes: dict[str, list[float]] = {name: [] for name in variants}
    alone: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(PASSES):
        for name, classifier in variants.items():
            passes[name].append(_seconds(classifier.compute, some))
    for text in texts[:SINGLE]:
        for name, classifier in variants.items():
            alone[name].append(_seconds(classifier.compute, [text]))
    batches = {name: len(some) / float(np.median(seconds)) for name, seconds in passes.items()}
    return batches, {name: float(np.median(seconds)) * 1000 for name, seconds in alone.items()}


def _pace(classifier: Classifier, texts: Sequence[str]) -> float:
    """Texts a second, roughly; the first run, which sets things up, does not count."""
    few = texts[:16]
    classifier.compute(few)
    return len(few) / max(_seconds(classifier.compute, few), 1e-9)


def _seconds(call: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> float:
    started = time.perf_counter()
    call(texts)
    return time.perf_counter() - started
