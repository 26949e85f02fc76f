"""One trial of a search: learn from the training rows with some settings, answer the validation rows.

`SearchRows` is all that a search ever holds of a dataset; it has no test rows.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import split_rows
from core.networks.sources import Sources
from core.workflows.learn.learning import Answers, ShouldStop, answers, first_lesson, learn
from core.workflows.requests import DataConfig, Settings
from core.workflows.versions.past import Labelled


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
    split = split_rows(dataset, fractions=data.fractions, seed=data.split_seed)
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
    lesson = first_lesson(model, rows.train, rows.validation, rows.classes, settings, sources)
    yield from learn(lesson, should_stop=should_stop)
    if not should_stop():
        yield answers(lesson.learner, rows.validation[0])
