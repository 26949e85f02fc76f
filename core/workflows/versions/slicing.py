"""The rows of frozen tests with all that they can be cut by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.base.errors import DataError
from core.data.dataset.inputs import body_of
from core.data.dataset.language import language_of
from core.data.dataset.store import DatasetStore
from core.networks.text.words import words_in
from core.statistics.slices import Slice, by_length, by_value, by_word
from core.workflows.versions.folder import VersionFolder


@dataclass(frozen=True, eq=False)
class SlicedRows:
    """Test rows, in the order of `VersionFolder.predictions`, with columns of their dataset; ``""`` where it has none."""

    texts: list[str]
    groups: list[str]
    times: list[str]


def rows_of_tests(folder: VersionFolder, store: DatasetStore, numbers: Sequence[int]) -> SlicedRows:
    """The rows of these frozen tests, one below the other; a dataset that was deleted leaves groups and times empty."""
    texts: list[str] = []
    groups: list[str] = []
    times: list[str] = []
    records = {record.number: record for record in folder.experiences()}
    for number in numbers:
        here = [str(text) for text in folder.predictions(number)["text"]]
        texts += here
        group, time = _columns(folder, store, records[number].dataset, number, here)
        groups += group
        times += time
    return SlicedRows(texts, groups, times)


def _columns(
    folder: VersionFolder, store: DatasetStore, dataset: str, number: int, texts: list[str]
) -> tuple[list[str], list[str]]:
    nothing = [""] * len(texts)
    try:
        rows = store.load(dataset).take(folder.rows_of(number, "test"))
    except (DataError, IndexError):
        return nothing, nothing
    if list(rows.texts) != texts:  # some were forgotten since
        return nothing, nothing
    return list(rows.groups or nothing), list(rows.times or nothing)


def slices_of(rows: SlicedRows, truth: Sequence[str], classes: Sequence[str]) -> dict[str, list[Slice]]:
    """All slices by kind; kinds that would not divide the rows are left out."""
    months = pd.to_datetime(pd.Series(rows.times, dtype=str), errors="coerce", format="mixed", utc=True)
    by_kind = {
        "label": by_value("label", list(truth), order=classes),
        "length": by_length([len(body_of(text)) for text in rows.texts]),
        "language": by_value("language", [language_of([text]) for text in rows.texts]),
        "group": by_value("group", rows.groups),
        "month": sorted(
            by_value("month", ["" if pd.isna(month) else f"{month:%Y-%m}" for month in months]),
            key=lambda part: part.value,
        ),
        "word": by_word(words_in(rows.texts)),
    }
    return {kind: slices for kind, slices in by_kind.items() if len(slices) > 1 or (kind == "word" and slices)}


def right_of(table: pd.DataFrame) -> np.ndarray:
    """Whether each row of a table of predictions is right."""
    return np.asarray(table["truth"] == table["predicted"], dtype=bool)
