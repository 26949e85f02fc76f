"""Do the labels of a batch make sense? Two signs that they do not, neither of which needs a second opinion.

- Copies of one text that carry different labels (`contradictions_found`).
- Answers that the classifier is surest of, contradicted by the batch's labels far more often than by those of its own
  tests (`surely_contradicted`). "Surest" is the surer half of its answers on those tests, so that a timid and a bold
  classifier are measured alike.

Knows nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy import special

from core.data.dataset.label_tree import on_one_path
from core.statistics.exact import fewer_hits

USUAL_NOISE = 0.1  # share of repeated texts that contradict each other in ordinary data, at most
FEWEST_TEXTS = 5  # contradictory texts, below which nothing is said
LISTED_ROWS = 100  # rows stored with a report
_FEWEST_SHARE = 0.01  # and of all rows of the batch
_FEWEST_SURE = 20  # sure answers about a label
_RISE = 0.2  # a new topic makes the surer half err more often, too, but by less (3 to 9 points between review domains)
_CHANCE = 0.2  # Cohen's kappa up to which two labellings hardly agree (Landis and Koch, 1977)
_SURE = 0.001  # p-value: looking first costs time, and so rare a false alarm adds nothing to those of the tests


@dataclass(frozen=True)
class Contradictions:
    """Texts that occur more than once, in the batch or before: how many, and how many of them under several labels."""

    repeated: int
    contradictory: int
    rows: int

    @property
    def noticeable(self) -> bool:
        """Whether that is more than ordinary noise: above 10 % (one-sided binomial test, p ≤ 0.001), and not just a few."""
        if self.contradictory < max(FEWEST_TEXTS, _FEWEST_SHARE * self.rows):
            return False
        as_many = 1.0 - float(special.bdtr(self.contradictory - 1, self.repeated, USUAL_NOISE))
        return as_many <= _SURE


def contradictions_found(
    keys: Sequence[Hashable], labels: Sequence[str], earlier: Mapping[Any, frozenset[str] | set[str]]
) -> Contradictions:
    """Compare the labels of equal texts.

    Parameters
    ----------
    keys, labels
        For each row of the batch, what makes its text the same as another, and the name of its label.
    earlier
        Key → the labels that the text had before.
    """
    labels_of: dict[Hashable, set[str]] = {}
    times: dict[Hashable, int] = {}
    for key, label in zip(keys, labels, strict=True):
        labels_of.setdefault(key, set()).add(label)
        times[key] = times.get(key, 0) + 1
    repeated = [key for key in labels_of if times[key] > 1 or key in earlier]
    contradictory = [key for key in repeated if _contradict(labels_of[key], earlier.get(key, labels_of[key]))]
    return Contradictions(len(repeated), len(contradictory), len(keys))


def _contradict(labels: set[str], earlier: frozenset[str] | set[str]) -> bool:
    """Whether labels of one text cannot all be right; one that stands below another in a tree only says more."""
    if any(not on_one_path(*two) for two in combinations(labels, 2)):
        return True
    return any(not any(on_one_path(label, known) for known in earlier) for label in labels)


@dataclass(frozen=True, eq=False)
class LabelledAnswers:
    """Rows with their label, the answer given and its probability; arrays (rows,)."""

    labels: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray

    def take(self, rows: np.ndarray) -> LabelledAnswers:
        return LabelledAnswers(self.labels[rows], self.predicted[rows], self.confidence[rows])

    @property
    def wrong(self) -> np.ndarray:
        mistaken: np.ndarray = self.labels != self.predicted
        return mistaken


@dataclass(frozen=True)
class Doubt:
    """Sure answers that the batch's labels contradict.

    Parameters
    ----------
    label
        The one label that it is about; None for several or all.
    before, after
        Share of the sure answers that labels contradict, 0 to 1: on the classifier's own tests, and on the batch.
    by_chance
        Whether sure answers and labels agree hardly more often than chance would have it.
    rows
        The contradicted rows, the surest first.
    """

    label: str | None
    before: float
    after: float
    by_chance: bool
    rows: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rows": list(self.rows[:LISTED_ROWS])}


def surely_contradicted(held_out: LabelledAnswers, batch: LabelledAnswers) -> Doubt | None:
    """Find labels that contradict the classifier where it is surest; None where there is no reason to doubt.

    A label is doubted when, of at least 20 sure answers about rows that carry it, the contradicted share is 20 points
    above that on the held-out rows, and Fisher's test at 0.001, divided by the number of labels, agrees.
    """
    if not len(held_out.labels) or not len(batch.labels):
        return None
    limit = float(np.median(held_out.confidence))
    rows = np.flatnonzero(batch.confidence >= limit)
    before, after = held_out.take(np.flatnonzero(held_out.confidence >= limit)), batch.take(rows)
    names = sorted(set(after.labels.tolist()))
    level = _SURE / (len(names) + 1)
    doubted = [name for name in names if _contradicted(before, after, name, level)]
    overall = _contradicted(before, after, None, level)
    by_chance = overall and _agree_by_chance(after)
    label = None
    if not by_chance and doubted and (len(doubted) == 1 or not overall):
        label = max(doubted, key=lambda name: float(after.wrong[after.labels == name].mean()))
    elif not overall:
        return None
    old, new = _of(before, label), _of(after, label)
    wrong = rows[np.flatnonzero(after.wrong & ((after.labels == label) if label is not None else True))]
    surest = wrong[np.argsort(-batch.confidence[wrong], kind="stable")]
    return Doubt(label, float(old.wrong.mean()), float(new.wrong.mean()), by_chance, tuple(surest.tolist()))


def _of(answers: LabelledAnswers, label: str | None) -> LabelledAnswers:
    return answers if label is None else answers.take(np.flatnonzero(answers.labels == label))


def _contradicted(before: LabelledAnswers, after: LabelledAnswers, label: str | None, level: float) -> bool:
    old, new = _of(before, label).wrong, _of(after, label).wrong
    if len(new) < _FEWEST_SURE or not len(old) or new.mean() - old.mean() < _RISE:
        return False
    return fewer_hits((int((~old).sum()), len(old)), (int((~new).sum()), len(new))) <= level


def _agree_by_chance(answers: LabelledAnswers) -> bool:
    """Whether Cohen's kappa of answers and labels is at most 0.2; False where there is only one of either."""
    names = sorted(set(answers.labels.tolist()) | set(answers.predicted.tolist()))
    given, answered = (
        np.array([(column == name).mean() for name in names]) for column in (answers.labels, answers.predicted)
    )
    expected = float(given @ answered)
    if max(given.max(), answered.max()) == 1.0:
        return False
    return bool((1 - answers.wrong.mean() - expected) / (1 - expected) <= _CHANCE)
