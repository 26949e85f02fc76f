from __future__ import annotations

import numpy as np
import pytest

from core.base.errors import ModelError
from core.tasks.text_classification.calibration import expected_calibration_error
from core.tasks.text_classification.temperature import EXTREMES, fit_temperature, rescale


def overconfident(rows: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from softmax(logits / temperature), and the probabilities softmax(logits) that a model states."""
    generator = np.random.default_rng(seed)
    stated = rescale(np.exp(generator.normal(0, 3, size=(rows, 3))), 1.0)
    honest = rescale(stated, temperature)
    truth = (honest.cumsum(axis=1) < generator.random((rows, 1))).sum(axis=1)
    return truth, stated


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found_again(temperature: float) -> None:
    truth, stated = overconfident(20_000, temperature)
    fitted = fit_temperature(truth, stated)
    assert fitted.value == pytest.approx(temperature, rel=0.04)
    assert fitted.note is None
    honest = rescale(stated, fitted.value)
    right = honest.argmax(axis=1) == truth
    assert expected_calibration_error(honest.max(axis=1), right) < 0.012
    assert (honest.argmax(axis=1) == stated.argmax(axis=1)).all()


def test_rescaling_by_hand() -> None:
    # logits log 4 and log 1, halved: log 2 and log 1
    assert rescale([[0.8, 0.2]], 2.0)[0].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert rescale(rescale([[0.8, 0.2]], 2.0), 0.5)[0].tolist() == pytest.approx([0.8, 0.2])
    assert rescale([[1.0, 0.0]], 2.0)[0].tolist() == pytest.approx([1.0, 0.0])


def test_with_too_few_rows_the_temperature_stays_at_one() -> None:
    truth, stated = overconfident(99, 2.0)
    fitted = fit_temperature(truth, stated)
    assert fitted.value == 1.0
    assert fitted.note is not None
    assert fitted.note.facts == {"rows": 99, "needed": 100}
    assert fit_temperature([], np.zeros((0, 2))).value == 1.0


def test_without_errors_the_temperature_stays_at_one() -> None:
    stated = np.tile([0.9, 0.1], (300, 1))
    fitted = fit_temperature(np.zeros(300, dtype=int), stated)
    assert (fitted.value, fitted.errors) == (1.0, 0)
    assert fitted.note is not None
    assert fitted.note.key == "calibration.few_errors"


def test_a_model_that_knows_one_label_only_is_left_alone() -> None:
    fitted = fit_temperature(np.zeros(200, dtype=int), np.ones((200, 1)))
    assert fitted.value == 1.0


def test_a_model_that_knows_nothing_keeps_a_temperature_within_bounds() -> None:
    truth = np.arange(400) % 2
    fitted = fit_temperature(truth, np.tile([0.99, 0.01], (400, 1)))
    assert EXTREMES[0] <= fitted.value <= EXTREMES[1]


def test_probabilities_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ModelError, match="no usable probabilities"):
        fit_temperature(np.zeros(200, dtype=int), np.full((200, 2), np.nan))
