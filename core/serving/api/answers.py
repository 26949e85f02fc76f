"""What a version answers, as the body of a response."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from core.data.dataset.label_sets import labels_of
from core.networks.standalone.predict import answered
from core.serving.api.directory import ServedVersion
from core.serving.api.engine_pool import OpenEngine
from core.tasks import task_of

DIGITS = 7  # what a float32 holds


def written_answers(served: ServedVersion, opened: OpenEngine, texts: list[str], values: np.ndarray) -> bytes:
    """The body of an answer: what a version says to each text; an empty text gets no answer."""
    task = task_of(opened.engine.task)
    predictions = _labelled if task.distribution else _sets if task.reads_sets else _told
    answer = {
        "classifier": served.classifier,
        "version": served.number,
        "precision": opened.engine.precision,
        "provider": opened.engine.provider,
        "threshold": served.threshold,
        "predictions": predictions(served, opened, texts, values),
    }
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")


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
    best = iter(probabilities.argmax(axis=1).tolist())
    sure = iter(answered(probabilities, served.threshold or 0.0).tolist())
    predictions: list[dict[str, Any]] = []
    for text in texts:
        if not text.strip():
            predictions.append({"label": None, "probability": None, "answered": False, "probabilities": {}})
            continue
        row, column = next(rows), next(best)
        predictions.append(
            {
                "label": labels[column],
                "probability": row[column],
                "answered": next(sure),
                "probabilities": dict(zip(labels, row, strict=True)),
            }
        )
    return predictions
