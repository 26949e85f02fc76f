"""What is looked for comes step by step: of every batch of texts only what is new in it is marked.

That is the usual case of entities: whoever marks a new type goes through new texts and does not look for the earlier types, and
when the earlier ones were marked, nobody knew of the new one. Each text is in one batch, so none is learned from twice.

References
----------
N. Monaikul, G. Castellucci, S. Filice, O. Rokhlenko (2021), "Continual Learning for Named Entity Recognition".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.tasks import Task

Steps = Sequence[Sequence[str]]  # what is looked for in each batch


def names_in(targets: Sequence[str], task: Task) -> list[str]:
    """What targets name, such as types of entities, in order of first appearance."""
    each = (task.named(task.outputs([target])) for target in dict.fromkeys(targets))
    return list(dict.fromkeys(name for names in each for name in names))


def by_marks(dataset: TextDataset, task: Task, steps: Steps, *, seed: int) -> list[tuple[Sequence[str], TextDataset]]:
    """A batch for each step, with what is looked for in it; nothing else is marked there, not in its test either."""
    batch = _dealt(dataset, task, len(steps), seed)
    return [
        (names, _marked(dataset.take(np.flatnonzero(batch == step)), task, names)) for step, names in enumerate(steps)
    ]


def _dealt(dataset: TextDataset, task: Task, count: int, seed: int) -> Rows:
    """The batch of each row, by chance; every batch gets its share of each stratum, and of each part that the data came with."""
    strata, parts = task.strata(dataset.label_names()), dataset.splits or ("",) * len(dataset)
    shuffled = np.random.default_rng(seed).permutation(len(dataset)).tolist()
    batch = np.empty(len(dataset), dtype=np.int64)
    batch[sorted(shuffled, key=lambda row: (parts[row], strata[row]))] = np.arange(len(dataset)) % max(count, 1)
    return batch


def _marked(dataset: TextDataset, task: Task, names: Sequence[str]) -> TextDataset:
    targets = task.marked(dataset.label_names(), names)
    classes = tuple(sorted(set(targets)))
    number = {target: position for position, target in enumerate(classes)}
    return replace(dataset, labels=np.array([number[target] for target in targets], dtype=np.int64), classes=classes)
