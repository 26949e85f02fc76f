"""One trial of a search: learn from the training rows with some settings, answer the validation rows.

`SearchRows` is all that a search ever holds of a dataset; it has no test rows.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.data import TextDataset, split_rows
from core.models import TextClassifier
from core.models.batches import predict_logits
from core.sources import Sources
from core.strategies import Experience, Strategy, StrategyConfig
from core.training import contrastive
from core.workflows.requests import DataConfig, Settings
from core.workflows.running import ShouldStop, training_device
from core.workflows.students import Labelled, first_student, make_experience, make_strategy

Answers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SearchRows:
    """Training and validation rows, and the number of test rows that were taken out."""

    classes: tuple[str, ...]
    train: Labelled
    validation: Labelled
    left_out: int

    def truth(self) -> Answers:
        """Class numbers of the validation rows."""
        numbers = {name: number for number, name in enumerate(self.classes)}
        return np.array([numbers[name] for name in self.validation[1]], dtype=np.int64)


def rows_without_test(dataset: TextDataset, data: DataConfig) -> SearchRows:
    """Divide a dataset as its training will, and hand on all but the test rows.

    Dividing compares texts, so that the same one never stands on two sides; nothing else reads a test row.
    """
    fractions = (1 - data.validation_share - data.test_share, data.validation_share, data.test_share)
    split = split_rows(dataset, fractions=fractions, seed=data.split_seed)
    train, validation = dataset.take(split.train), dataset.take(split.validation)
    return SearchRows(
        dataset.classes,
        (train.texts, train.label_names()),
        (validation.texts, validation.label_names()),
        len(split.test),
    )


def learn_trial(
    rows: SearchRows, model: str, settings: Settings, sources: Sources, should_stop: ShouldStop
) -> Generator[Any, None, None]:
    """Yield the events of the loop; the last thing is the answers to the validation rows, int64 (rows,), unless stopped.

    Raises
    ------
    CoreError
        When these settings do not go together, or not with these rows.
    """
    student = first_student(model, rows.train[0], rows.classes, settings, sources)
    experience = make_experience(1, student, rows.train, rows.validation)
    strategy = make_strategy(Strategy.name, StrategyConfig(), settings)
    device = training_device()

    def gradient_loop(model: TextClassifier, strategy: Strategy, experience: Experience) -> Iterator[Any]:
        yield from contrastive.learn(
            model, strategy, experience, settings.training, device=device, should_stop=should_stop
        )

    yield from strategy.learn(student.model, experience, gradient_loop)
    if not should_stop():
        answers: Answers = predict_logits(student.model.to(device), experience.validation, device).argmax(dim=1).numpy()
        yield answers
