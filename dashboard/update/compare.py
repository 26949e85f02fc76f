"""A batch against everything the champion was trained and tested on; costly, so it is remembered. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.base.errors import CoreError, DataError
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import key_numbers
from core.data.dataset.splitting import Split
from core.data.dataset.store import StoredDataset
from core.data.labelling.corrections import joined_rows
from core.data.loading.overlapping import Overlap
from core.data.loading.profiling import Profile, profile
from core.data.spans.targets import types_of, types_of_outputs
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Past, read_past
from dashboard.shell import state

if TYPE_CHECKING:
    from core.registry import VersionInfo


@dataclass(frozen=True, eq=False)
class Changes:
    """What a batch changes.

    Parameters
    ----------
    earlier
        The labels that each relabelled row's text had before, by row number.
    split
        The division of the rows; an error where they are too few.
    missing
        Names of earlier datasets that were deleted.
    remembered, past_rows
        Rows in the champion's memory, and training rows of all earlier batches.
    known, fresh, absent
        Labels of the batch, or its types of entities, that the champion knows, those it does not, and those it knows that the
        batch lacks.
    """

    dataset: TextDataset
    profile: Profile
    seen: Overlap
    earlier: dict[int, list[str]]
    split: Split | DataError
    missing: tuple[str, ...]
    remembered: int
    past_rows: int
    known: list[str]
    fresh: list[str]
    absent: list[str]


def compared(champion: VersionInfo, batch: StoredDataset) -> Changes | CoreError:
    """Compare a batch with its classifier's past; what goes wrong is an answer, so that it is remembered, too."""
    stored = tuple(dataset.id for dataset in state.datasets())
    return _compared(state.files_of(champion), batch.id, stored, champion)


def problem(champion: VersionInfo, dataset: TextDataset, train_only: Rows) -> CoreError | None:
    """Why a batch that is not stored yet could not be learned; None when it can, be it at a smaller ε, chosen in Learn."""
    from core.workflows.update.run import check_batch

    try:
        check_batch(
            dataset, VersionFolder(state.version_folder(champion)), _past_of(champion), train_only, budget=False
        )
    except CoreError as error:
        return error
    return None


def _past_of(champion: VersionInfo) -> Past:
    known = {stored.id for stored in state.datasets()}
    used = {str(record["dataset"]) for record in state.report(champion)["experiences"]}
    return _past(state.files_of(champion), tuple(sorted(used & known)))


@st.cache_resource(show_spinner=False, max_entries=1, ttl=3600)
def _past(files: state.Files, used: tuple[str, ...]) -> Past:
    """What a version was trained and tested on; `used` is there to look again after a deletion."""
    return read_past(VersionFolder(Path(files.folder)), state.workspace())


# A resource, since a copy of every text on every rerun would be dear. `stored` is there to look again after a deletion.
@st.cache_resource(show_spinner=False, max_entries=3, ttl=3600)
def _compared(files: state.Files, batch: str, stored: tuple[str, ...], _champion: VersionInfo) -> Changes | CoreError:
    from core.workflows.update.run import compare_batch, split_batch

    version = VersionFolder(Path(files.folder))
    try:
        past = _past_of(_champion)
        dataset = state.workspace().datasets.load(batch)
        joined = joined_rows(state.workspace().datasets.info(batch).source, len(dataset))
    except CoreError as error:
        return error
    seen = compare_batch(dataset, past)
    split: Split | DataError
    try:
        split = split_batch(dataset, seen, version.resolved_settings(), past, joined)
    except DataError as error:
        split = error
    outputs, present = _names(version, dataset)
    return Changes(
        dataset=dataset,
        profile=profile(dataset, kind=version.task.reads),
        seen=seen,
        earlier=_earlier_labels(dataset, seen, past),
        split=split,
        missing=past.missing,
        remembered=int(state.report(_champion).get("memory_rows", 0)),
        past_rows=past.met.learned,
        known=[label for label in outputs if label in present],
        fresh=sorted(present - set(outputs)),
        absent=[label for label in outputs if label not in present],
    )


def _names(version: VersionFolder, dataset: TextDataset) -> tuple[list[str], set[str]]:
    """Labels, or types of entities, that the version knows, and those of the batch; of other tasks none."""
    targets = dataset.label_names()
    if version.task.reads == "spans":
        return types_of_outputs(version.outputs), set(types_of(targets))
    return ([*version.outputs], set(targets)) if version.task.distribution else ([], set())


def _earlier_labels(dataset: TextDataset, seen: Overlap, past: Past) -> dict[int, list[str]]:
    keys = key_numbers([dataset.texts[row] for row in seen.relabelled])
    labels = past.met.labels_of(keys)
    return {int(row): sorted(labels[key]) for row, key in zip(seen.relabelled, keys.tolist(), strict=True)}
