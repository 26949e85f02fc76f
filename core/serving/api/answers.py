"""What a version answers, as the body of a response."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from core.data.dataset.label_sets import labels_of
from core.networks.standalone.extract import as_object
from core.networks.standalone.predict import Answers, resolved
from core.serving.api.directory import ServedVersion
from core.serving.api.engine_pool import OpenEngine
from core.serving.api.further_columns import remarks_on
from core.tasks import task_of

DIGITS = 7  # what a float32 holds


def written_answers(served: ServedVersion, opened: OpenEngine, texts: list[str], answers: Answers) -> bytes:
    """The body of an answer: what a version says to each text, and how much of it it read; an empty text gets no answer."""
    task = task_of(opened.engine.task)
    predictions = _labelled if task.distribution else _ANSWERS.get(task.reads, _told)
    answer: dict[str, Any] = {
        "classifier": served.classifier,
        "version": served.number,
        "precision": opened.engine.precision,
        "provider": opened.engine.provider,
        "threshold": served.threshold,
        "predictions": [
            {**prediction, **reading}
            for prediction, reading in zip(
                predictions(served, opened, texts, answers.values), _readings(texts, answers), strict=True
            )
        ],
    }
    for text, prediction in zip(texts, answer["predictions"], strict=True):
        prediction |= remarks_on(opened.engine, text)
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")


def _readings(texts: list[str], answers: Answers) -> list[dict[str, Any]]:
    """How much of each text was read."""
    read = iter(zip(answers.truncated.tolist(), answers.read.tolist(), answers.tokens.tolist(), strict=True))
    nothing = (False, 0, 0)
    names = ("truncated", "tokens_read", "tokens")
    return [dict(zip(names, next(read) if text.strip() else nothing, strict=True)) for text in texts]


def _told(served: ServedVersion, opened: OpenEngine, texts: list[str], values: np.ndarray) -> list[dict[str, Any]]:
    """Answers that are no labels, with the values they were read from."""
    outputs = opened.engine.labels
    rows = iter(values.astype(np.float64).round(DIGITS).tolist())
    filled = [text for text in texts if text.strip()]
    answers = iter(task_of(opened.engine.task).respond(opened.engine, filled, values))
    unlabelled: dict[str, Any] = {"label": None, "probability": None, "probabilities": {}}
    return [
        {
            **unlabelled,
            "answered": bool(text.strip()),
            "answer": next(answers) if text.strip() else None,
            "values": dict(zip(outputs, next(rows), strict=True)) if text.strip() else {},
        }
        for text in texts
    ]


def _entities(served: ServedVersion, opened: OpenEngine, texts: list[str], values: np.ndarray) -> list[dict[str, Any]]:
    """What is marked in each text, from left to right; of an empty one nothing."""
    rows = iter(values)
    return [
        {
            "label": None,
            "probability": None,
            "probabilities": {},
            "answered": bool(text.strip()),
            "entities": as_object(text, next(rows)[0])["entities"] if text.strip() else [],
        }
        for text in texts
    ]


def _sets(
    served: ServedVersion, opened: OpenEngine, texts: list[str], probabilities: np.ndarray
) -> list[dict[str, Any]]:
    """Any number of labels for each text, the most probable first."""
    labels, task = opened.engine.labels, task_of(opened.engine.task)
    rows = iter(probabilities.astype(np.float64).round(DIGITS).tolist())
    given = iter(task.read(opened.engine, probabilities))
    predictions: list[dict[str, Any]] = []
    for text in texts:
        answer: dict[str, Any] = {
            "label": None,
            "probability": None,
            "answered": False,
            "labels": [],
            "probabilities": {},
        }
        if text.strip():
            stated = dict(zip(labels, next(rows), strict=True))
            own = sorted(labels_of(next(given)), key=lambda label: -stated[label])
            answer |= {"answered": True, "labels": own, "probabilities": stated}
        predictions.append(answer)
    return predictions


def _labelled(
    served: ServedVersion, opened: OpenEngine, texts: list[str], probabilities: np.ndarray
) -> list[dict[str, Any]]:
    labels = opened.engine.labels
    rows = iter(probabilities.astype(np.float64).round(DIGITS).tolist())
    given = zip(*resolved(probabilities, labels, served.threshold), strict=True)
    predictions: list[dict[str, Any]] = []
    for text in texts:
        if not text.strip():
            predictions.append({"label": None, "probability": None, "answered": False, "probabilities": {}})
            continue
        label, probability, counts = next(given)
        predictions.append(
            {
                "label": label,
                "probability": round(float(probability), DIGITS),
                "answered": bool(counts),
                "probabilities": dict(zip(labels, next(rows), strict=True)),
            }
        )
    return predictions


_ANSWERS = {"labels": _sets, "spans": _entities}  # by what a task reads
