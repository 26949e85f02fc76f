"""What groups with settings of their own gained on frozen tests, which had no say in whether they keep them.

Beside each test row of such a group stands what the version would have answered by what all share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.base.files import read_json
from core.networks.standalone.personal import FILE, Personal, personal_in, shared_by_all
from core.statistics.intervals import Estimate, rate_of
from core.statistics.paired import paired_rate_difference
from core.tasks.answering import Engine
from core.workflows.versions.folder import VersionFolder

SHARED = "shared"  # the column of a table of predictions


@dataclass(frozen=True)
class GroupOnTests:
    """One group on rows of frozen tests: accuracy by what all share and by its own settings, and the paired difference.

    Parameters
    ----------
    false_positives
        The same of the rate at which a label is given wrongly, where the settings are for that.
    """

    name: str
    rows: int
    shared: Estimate
    personal: Estimate
    difference: Estimate
    false_positives: tuple[Estimate, Estimate, Estimate] | None = None


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
    truth, *answered = (table[column].to_numpy(dtype=object) for column in ("truth", SHARED, "predicted"))
    before, after = (answers == truth for answers in answered)
    groups = []
    for key, name in personal.names.items():
        own = keys == key
        if own.any():
            negative = own & (truth != personal.output)
            given = [(answers == personal.output)[negative] for answers in answered]
            groups.append(
                GroupOnTests(
                    name,
                    int(own.sum()),
                    *_compared(before[own], after[own]),
                    None if personal.output is None else _compared(*given),
                )
            )
    return groups


def _compared(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[Estimate, Estimate, Estimate]:
    """Two rates on the same rows and their paired difference."""
    return rate_of(before), rate_of(after), paired_rate_difference(before, after)
