"""What a line of versions answered rightly, row by row: the intervals of everything that is read off R, and more.

A version's folder holds its own answers alone. So that the rows of R can be redrawn, each table of predictions carries
along which rows the versions before answered rightly (``right_<i>`` after experience i; ``right_0``: a model at random
start, before the experience of that test). Versions stored before that was so give None.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
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
from core.networks.encoders.batches import predict_logits
from core.networks.text import encode_examples
from core.statistics.intervals import Floats
from core.statistics.resampling import enclosing, resampled_means
from core.workflows.requests import resolve_settings
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import Scores

Matrix = Sequence[Sequence[float | None]]


def start_answers(folder: VersionFolder, texts: Sequence[str]) -> list[str]:
    """What a model like this version's would answer at random start, with its tokens and labels."""
    settings = resolve_settings(folder.model_name, folder.settings)
    pipeline = folder.load_pipeline()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        model = folder.blank_model()
    examples = encode_examples(pipeline, texts, np.zeros(len(texts), dtype=np.int64))
    answers = predict_logits(model, examples, torch.device("cpu")).argmax(dim=1).tolist()
    return [folder.classes[answer] for answer in answers]


def measure_retention(scores: Sequence[Scores], matrix: Matrix, classes: Sequence[str]) -> dict[str, Any]:
    """Measures on R and their 95 % intervals, for ``report.json``; None where undefined or not known.

    ``continual`` (figure → value), ``continual_intervals`` (figure → low and high) and ``per_class_forgetting``
    (label → value, or None as a whole).
    """
    table = np.array([[math.nan if value is None else value for value in row] for row in matrix])
    right = [_right(score, len(scores)) for score in scores]
    known = np.stack([part.mean(axis=1) for part in right], axis=1)  # (random start and experiences, tests)
    complete = not (np.isnan(known[1:]) & ~np.isnan(table)).any()
    start = known[0] if not np.isnan(known[0, 1:]).any() else np.full(len(scores), math.nan)
    drawn = resampled_means(right)
    figures = {}
    intervals: dict[str, list[float] | None] = {}
    for name, figure in _FIGURES.items():
        figures[name] = _plain(figure(table, start))
        resampled = np.array(
            [figure(accuracies[1:], np.where(np.isnan(start), math.nan, accuracies[0])) for accuracies in drawn]
        )
        whole = complete or name == "average_accuracy"  # of which only the last row matters
        value = figures[name]
        intervals[name] = list(enclosing(value, resampled)) if whole and value is not None else None
    per_class = _per_class(scores, right, classes) if complete else None
    return {"continual": figures, "continual_intervals": intervals, "per_class_forgetting": per_class}


_FIGURES: dict[str, Callable[[Floats, Floats], float]] = {
    "average_accuracy": lambda matrix, start: average_accuracy(matrix),
    "forgetting": lambda matrix, start: forgetting(matrix),
    "plasticity": lambda matrix, start: plasticity(matrix),
    "backward_transfer": lambda matrix, start: backward_transfer(matrix),
    "forward_transfer": forward_transfer,
}


def _right(score: Scores, last: int) -> Floats:
    """Right or wrong after each experience, ``(1 + experiences, rows)``; nan where it is not known."""
    test = score.test
    history = {**test.history, last: np.array(score.predicted) == np.array(test.truth)}
    unknown = np.full(len(test.texts), math.nan)
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
