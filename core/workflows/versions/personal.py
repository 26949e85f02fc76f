"""What groups with settings of their own gained on frozen tests, which had no say in whether they keep them.

Beside each test row of such a group stands what the version would have answered by what all share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.base.files import read_json
from core.networks.standalone.personal import FILE, Personal, personal_in, shared_by_all
from core.statistics.intervals import Estimate, rate_of
from core.statistics.paired import paired_rate_difference
from core.tasks.answering import Engine
from core.workflows.versions.folder import VersionFolder

SHARED = "shared"  # the column of a table of predictions


@dataclass(frozen=True)
class GroupOnTests:
    """One group on rows of frozen tests: accuracy by what all share and by its own settings, and the paired difference."""

    name: str
    rows: int
    shared: Estimate
    personal: Estimate
    difference: Estimate


def keep_shared_answers(folder: VersionFolder, engine: Engine) -> None:
    """Write beside the answers to each frozen test what the version would say by what all share; nothing where no group has
    settings.
    """
    personal = personal_in(folder.path)
    if personal is None:
        return
    shared = shared_by_all(engine)
    for record in folder.experiences():
        table = folder.predictions(record.number)
        asked = np.flatnonzero([personal.key_of(text) is not None for text in table["text"]])
        answers = table["predicted"].to_numpy(dtype=object, copy=True)
        if len(asked):
            texts, truth = (table[column].iloc[asked].tolist() for column in ("text", "truth"))
            answers[asked] = folder.task.judged(folder.task.read(shared, shared.compute(texts)), truth)
        folder.save_predictions(record.number, table.assign(**{SHARED: answers}))


def groups_on_tests(folder: VersionFolder, tests: Sequence[int]) -> list[GroupOnTests]:
    """The groups of a version that have settings of their own, on these frozen tests; without those that have no row there."""
    if not (folder.path / FILE).exists():
        return []
    personal = Personal(read_json(folder.path / FILE))
    table = pd.concat([folder.predictions(number) for number in tests], ignore_index=True)
    if SHARED not in table:
        return []
    keys = np.array([personal.key_of(text) or "" for text in table["text"]], dtype=object)
    truth = table["truth"].to_numpy(dtype=object)
    before, after = (table[column].to_numpy(dtype=object) == truth for column in (SHARED, "predicted"))
    groups = []
    for key, name in personal.names.items():
        own = keys == key
        if own.any():
            gain = paired_rate_difference(before[own], after[own])
            groups.append(GroupOnTests(name, int(own.sum()), rate_of(before[own]), rate_of(after[own]), gain))
    return groups
