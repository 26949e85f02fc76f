"""How sure a version says it is: the temperature in its file, fitted on validation rows, and what it did on test rows.

Fitted on what the exact file answers, before other arithmetic is tried: so all files of a version share one temperature, the
eight-bit ones are made with it inside, and the choice among them sees the probabilities that will be served.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.base.messages import message
from core.networks.standalone.predict import Classifier
from core.serving.onnx import set_temperature
from core.tasks.base import Engine
from core.tasks.text_classification.calibration import brier_score, calibration_difference, calibration_error
from core.tasks.text_classification.temperature import Temperature, fit_temperature, rescale
from core.workflows.precision.measure import LabelledRows
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import Scores

MOST_ROWS = 5000  # more would say the same, and take longer
MOST_TESTED = 20_000  # test rows that the intervals of calibration are redrawn from
CPU = ["CPUExecutionProvider"]


def calibrate(folder: VersionFolder, rows: LabelledRows, *, wanted: bool, engine: Engine | None = None) -> Temperature:
    """Fit the temperature on validation rows, put it into ``model.onnx`` and write ``calibration.json``.

    Parameters
    ----------
    wanted
        The setting; when it is off, the file stays as it is.
    engine
        What answers as the exact file does; by default the file.
    """
    temperature = _fit(folder, rows.at_most(MOST_ROWS), engine) if wanted else _unwanted()
    if temperature.value != 1.0:
        set_temperature(folder.path / "model.onnx", temperature.value)
    (folder.path / "calibration.json").write_text(
        json.dumps(temperature.to_dict(), ensure_ascii=False), encoding="utf-8"
    )
    return temperature


def _fit(folder: VersionFolder, rows: LabelledRows, engine: Engine | None) -> Temperature:
    if not len(rows):
        return fit_temperature([], np.zeros((0, len(folder.outputs))))
    exact = engine or Classifier(folder.path, CPU, precision="fp32")
    probabilities = exact.compute(rows.texts)
    if not np.isfinite(probabilities).all():
        return _broken(len(rows))
    return fit_temperature(rows.truth, probabilities)


def keep_validation(folder: VersionFolder, engine: Engine, rows: LabelledRows) -> None:
    """Write what the version answers on validation rows; thresholds are chosen by it. No texts are kept."""
    some = rows.at_most(MOST_ROWS)
    folder.save_validation(some.truth, engine.compute(some.texts))


def trust_figures(temperature: Temperature, scores: Sequence[Scores], classes: Sequence[str]) -> dict[str, Any]:
    """For the report: the temperature, and calibration error and Brier score on the test rows before and after it."""
    return {**temperature.to_dict(), **calibration_on_tests(temperature.value, scores, classes)}


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
    right = after.argmax(axis=1) == truth
    sides = {
        name: {
            "ece": calibration_error(stated.max(axis=1), right).to_dict(),
            "brier": brier_score(truth, stated).to_dict(),
            "stated": float(stated.max(axis=1).mean()),
        }
        for name, stated in (("before", before), ("after", after))
    }
    difference = calibration_difference((before.max(axis=1), right), (after.max(axis=1), right))
    return {"test_rows": len(truth), **sides, "difference": difference.to_dict()}


def _unwanted() -> Temperature:
    note = message(
        "calibration.off",
        "The probabilities are as the model states them, since the settings ask for no correction.",
    )
    return Temperature(1.0, 0, 0, note)


def _broken(rows: int) -> Temperature:
    note = message(
        "calibration.not_a_number",
        "The probabilities are not all numbers, so there is nothing to correct. The temperature was left at 1.",
    )
    return Temperature(1.0, rows, 0, note)
