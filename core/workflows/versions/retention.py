"""What the answers of a line of versions were worth, row by row: the intervals of everything that is read off R, and more.

A version's folder holds its own answers alone. So that the rows of R can be redrawn, each table of predictions carries
along what each row was worth to the versions before (after experience 0: to a model at random start, before the experience
of that test). Versions stored before that was so give None.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from core.continual.matrix import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forgetting_per_stratum,
    forward_transfer,
    plasticity,
)
from core.statistics.additive import Score
from core.statistics.intervals import Floats
from core.statistics.resampling import enclosing, resampled_means, resampled_scores
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import Scores

Matrix = Sequence[Sequence[float | None]]


def start_answers(folder: VersionFolder, texts: Sequence[str]) -> list[str]:
    """What a model like this version's would answer at random start, with its tokens and outputs."""
    settings = folder.resolved_settings()
    pipeline = folder.load_pipeline()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        model = folder.blank_model()
    return settings.task.answers(settings.task.computed(model, pipeline, texts, folder.outputs), folder.outputs)


def measure_retention(scores: Sequence[Scores], matrix: Matrix, outputs: Sequence[str]) -> dict[str, Any]:
    """Measures on R and their 95 % intervals, for ``report.json``; None where undefined or not known.

    ``continual`` (figure → value), ``continual_intervals`` (figure → low and high) and ``per_class_forgetting``
    (label → value, or None as a whole).
    """
    score = scores[0].task.score
    table = np.array([[math.nan if value is None else value for value in row] for row in matrix])
    worth = [_worth(each, len(scores)) for each in scores]
    known, drawn = _scored(worth, score)
    complete = not (np.isnan(known[1:]) & ~np.isnan(table)).any()
    start = known[0] if not np.isnan(known[0, 1:]).any() else np.full(len(scores), math.nan)
    figures = {}
    intervals: dict[str, list[float] | None] = {}
    for name in _FIGURES:
        figure = partial(_figure, name, score)
        figures[name] = _plain(float(figure(table, start)))
        resampled = figure(drawn[:, 1:], np.where(np.isnan(start), math.nan, drawn[:, 0]))
        whole = complete or name == "average_accuracy"  # of which only the last row matters
        value = figures[name]
        intervals[name] = list(enclosing(value, resampled)) if whole and value is not None else None
    rate = complete and score.rate is not None
    names = scores[0].task.named(outputs)
    per_class = _per_class(scores, worth, outputs) if rate else _per_name(scores, worth, names) if complete else None
    return {"continual": figures, "continual_intervals": intervals, "per_class_forgetting": per_class}


def _figure(name: str, score: Score, matrix: Floats, start: Floats) -> Floats:
    """A measure on R, or on each of a stack: levels in the score's own unit, changes so that what they mean does not depend on
    its direction.
    """
    sign = 1.0 if score.higher_is_better else -1.0
    value = _FIGURES[name](sign * matrix, sign * start)
    return sign * value if name in _LEVELS else value


def _scored(worth: Sequence[Floats], score: Score) -> tuple[Floats, Floats]:
    """The score of each model on each test, ``(models, tests)``, and on redrawn rows, ``(resamples, models, tests)``."""
    if score.rate is not None:
        return np.stack([part.mean(axis=1) for part in worth], axis=1), resampled_means(worth)
    known = np.stack([score.of(part.sum(axis=1)) for part in worth], axis=1)
    return known, resampled_scores([list(part) for part in worth], score)


_LEVELS = ("average_accuracy", "plasticity")
_FIGURES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "average_accuracy": lambda matrix, start: average_accuracy(matrix),
    "forgetting": lambda matrix, start: forgetting(matrix),
    "plasticity": lambda matrix, start: plasticity(matrix),
    "backward_transfer": lambda matrix, start: backward_transfer(matrix),
    "forward_transfer": forward_transfer,
}


def _worth(score: Scores, last: int) -> Floats:
    """What each row was worth after each experience, ``(1 + experiences, rows, …)``; nan where it is not known."""
    newest = score.task.worth(score.test.truth, score.predicted)
    # Once rows were forgotten, statistics that depend on what rows there are may not fit those of before.
    before = {number: worth for number, worth in score.test.history.items() if worth.shape == newest.shape}
    history = {**before, last: newest}
    unknown = np.full(newest.shape, math.nan)
    return np.stack([history.get(number, unknown) for number in range(last + 1)]).astype(np.float64)


def _per_class(scores: Sequence[Scores], right: Sequence[Floats], classes: Sequence[str]) -> dict[str, float | None]:
    recall = np.full((len(scores), len(scores), len(classes)), math.nan)
    rows = np.zeros((len(scores), len(classes)))
    for test, (score, part) in enumerate(zip(scores, right, strict=True)):
        truth = np.array(score.test.truth)
        for position, name in enumerate(classes):
            own = truth == name
            rows[test, position] = own.sum()
            if own.any():
                recall[:, test, position] = part[1:, own].mean(axis=1)
    return {name: _plain(value) for name, value in zip(classes, forgetting_per_stratum(recall, rows), strict=True)}


def _per_name(
    scores: Sequence[Scores], worth: Sequence[Floats], names: Sequence[str]
) -> dict[str, float | None] | None:
    """The same where rows are told by more than one stratum each, as far as their statistics say it."""
    recall = np.full((len(scores), len(scores), len(names)), math.nan)
    rows = np.zeros((len(scores), len(names)))
    number = {name: position for position, name in enumerate(names)}
    for test, (score, part) in enumerate(zip(scores, worth, strict=True)):
        found = score.task.found(score.test.truth, part)
        if found is None:
            return None
        for name, support, hits in zip(found[0], found[1], found[2][1:].T, strict=True):
            if name in number and support:
                rows[test, number[name]] = support
                recall[:, test, number[name]] = hits / support
    return {name: _plain(value) for name, value in zip(names, forgetting_per_stratum(recall, rows), strict=True)}


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def state_bytes(state: Mapping[str, Any]) -> int:
    """Size of what a strategy keeps: its tensors, and the rest as JSON; an empty memory counts nothing."""
    kept = dict(state)
    if not any(kept.get("memory", {}).get("rows", {}).values()):
        kept.pop("memory", None)
    tensors = {name: value for name, value in kept.items() if isinstance(value, torch.Tensor)}
    plain = {name: value for name, value in kept.items() if name not in tensors}
    text = json.dumps(plain, ensure_ascii=False).encode() if plain else b""
    return len(text) + sum(value.numel() * value.element_size() for value in tensors.values())
