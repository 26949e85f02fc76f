"""How sure a version says it is: the temperature in its file, fitted on validation rows, and what it did on test rows.

Fitted on what the exact file answers, before other arithmetic is tried: so all files of a version share one temperature, the
eight-bit ones are made with it inside, and the choice among them sees the probabilities that will be served.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.base.messages import Message, message
from core.networks.standalone.predict import Classifier
from core.serving.onnx import Scaling, set_scaling, set_temperature
from core.tasks.answering import Engine
from core.tasks.multilabel_classification.calibration import Lines, as_stated, fit_lines
from core.tasks.text_classification.calibration import (
    brier_score,
    calibration_difference,
    calibration_error,
    expected_calibration_error,
)
from core.tasks.text_classification.temperature import Temperature, fit_temperature, rescale
from core.tasks.text_classification.tree import as_labelled, is_tree, members
from core.workflows.precision.measure import LabelledRows
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import Scores

MOST_ROWS = 5000  # more would say the same, and take longer
MOST_TESTED = 20_000  # test rows that the intervals of calibration are redrawn from
CPU = ["CPUExecutionProvider"]


def calibrate(
    folder: VersionFolder, rows: LabelledRows, *, wanted: bool, engine: Engine | None = None
) -> Temperature | Lines:
    """Fit the temperature on validation rows, or a line for each output that is a probability of its own; put it into
    ``model.onnx`` and write ``calibration.json``.

    Parameters
    ----------
    wanted
        The setting; when it is off, the file stays as it is.
    engine
        What answers as the exact file does; by default the file.
    """
    rows, model = rows.at_most(MOST_ROWS), folder.path / "model.onnx"
    fitted: Temperature | Lines
    if folder.task.distribution:
        fitted = temperature = _fit(folder, rows, engine) if wanted else _unwanted()
        if temperature.value != 1.0:
            set_temperature(model, temperature.value)
    else:
        fitted = lines = (
            fit_lines(stated(folder, rows, engine), rows.truth) if wanted else as_stated(len(folder.outputs), _off())
        )
        if not lines.idle:
            set_scaling(model, Scaling(lines.slopes, lines.offsets))
    (folder.path / "calibration.json").write_text(json.dumps(fitted.to_dict(), ensure_ascii=False), encoding="utf-8")
    return fitted


def keep_thresholds(folder: VersionFolder, rows: LabelledRows, engine: Engine | None = None) -> None:
    """Find on validation rows from which probability on each output is part of an answer, for a task that reads answers so.

    Parameters
    ----------
    engine
        What answers as the exact file does, calibrated as it is; by default the file.
    """
    rows = rows.at_most(MOST_ROWS)
    thresholds = folder.task.thresholds(stated(folder, rows, engine), rows.truth)
    if thresholds is not None:
        folder.save_thresholds(thresholds)


def stated(folder: VersionFolder, rows: LabelledRows, engine: Engine | None = None) -> np.ndarray:
    """What the exact file answers, or what answers as it does."""
    if not len(rows):
        return np.zeros((0, len(folder.outputs)))
    exact = engine or Classifier(folder.path, CPU, precision="fp32")
    return np.asarray(exact.compute(rows.texts))


def _fit(folder: VersionFolder, rows: LabelledRows, engine: Engine | None) -> Temperature:
    probabilities = stated(folder, rows, engine)
    if not np.isfinite(probabilities).all():
        return _broken(len(rows))
    return fit_temperature(rows.truth, probabilities, members(folder.outputs) if is_tree(folder.outputs) else None)


def keep_validation(
    folder: VersionFolder, engine: Engine, rows: LabelledRows, held_out: np.ndarray | None = None
) -> None:
    """Write what the version answers on validation rows; thresholds are chosen by it. No texts are kept.

    Parameters
    ----------
    held_out
        Answers in place of the engine's, where that was fitted on these rows and these answers were not.
    """
    some = rows.at_most(MOST_ROWS)
    folder.save_validation(some.truth, engine.compute(some.texts) if held_out is None else held_out)


def trust_figures(fitted: Temperature | Lines, scores: Sequence[Scores], classes: Sequence[str]) -> dict[str, Any]:
    """For the report: what was fitted, and calibration error and Brier score on the test rows before and after it."""
    if isinstance(fitted, Lines):
        return {**fitted.to_dict(), **lines_on_tests(fitted, scores, classes)}
    return {**fitted.to_dict(), **calibration_on_tests(fitted.value, scores, classes)}


def trust_on_tests(stored: Mapping[str, Any], scores: Sequence[Scores], classes: Sequence[str]) -> dict[str, Any]:
    """The same of what a report has of it, on the test rows that are left."""
    if "slopes" in stored:
        return lines_on_tests(Lines.from_dict(stored), scores, classes)
    return calibration_on_tests(stored["temperature"], scores, classes)


def lines_on_tests(lines: Lines, scores: Sequence[Scores], classes: Sequence[str]) -> dict[str, Any]:
    """What the lines did on the test rows, over all labels of all rows: ``before`` and ``after`` them."""
    truth = scores[0].task.encode([name for score in scores for name in score.test.truth], classes)
    after = np.concatenate([score.values for score in scores]).astype(np.float64)
    sides = {
        name: {
            "ece": expected_calibration_error(stated.ravel(), truth.ravel() > 0),
            "brier": float(((stated - truth) ** 2).mean()),
        }
        for name, stated in (("before", lines.undone(after)), ("after", after))
    }
    return {"test_rows": len(truth), **sides}


def calibration_on_tests(temperature: float, scores: Sequence[Scores], classes: Sequence[str]) -> dict[str, Any]:
    """What a temperature did on the test rows: ``before`` and ``after`` it, and their ``difference``.

    Of very many rows some are looked at, by chance; ``test_rows`` says how many.
    """
    number = {name: position for position, name in enumerate(classes)}
    truth = np.array([number[name] for score in scores for name in score.test.truth], dtype=np.int64)
    after = np.concatenate([score.values for score in scores])
    if len(truth) > MOST_TESTED:
        some = np.sort(np.random.default_rng(0).permutation(len(truth))[:MOST_TESTED])
        truth, after = truth[some], after[some]
    after = after.astype(np.float64)
    before = rescale(after, 1 / temperature) if temperature != 1.0 else after
    right, _ = as_labelled(truth, after, classes)
    sides = {
        name: {
            "ece": calibration_error(stated.max(axis=1), right).to_dict(),
            "brier": brier_score(truth, as_labelled(truth, stated, classes)[1]).to_dict(),
            "stated": float(stated.max(axis=1).mean()),
        }
        for name, stated in (("before", before), ("after", after))
    }
    difference = calibration_difference((before.max(axis=1), right), (after.max(axis=1), right))
    return {"test_rows": len(truth), **sides, "difference": difference.to_dict()}


def _unwanted() -> Temperature:
    return Temperature(1.0, 0, 0, _off())


def _off() -> Message:
    return message(
        "calibration.off",
        "The probabilities are as the model states them, since the settings ask for no correction.",
    )


def _broken(rows: int) -> Temperature:
    note = message(
        "calibration.not_a_number",
        "The probabilities are not all numbers, so there is nothing to correct. The temperature was left at 1.",
    )
    return Temperature(1.0, rows, 0, note)
