"""Looks for everything that may be wrong with a dataset; changes nothing.

Each finder looks at all rows or, where that would take too long, at a sample of bounded size, and says so. A million rows
take a few minutes and about a gigabyte.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow

from core.base.errors import DataError
from core.base.events import Advanced, Ended, StageStarted
from core.base.messages import Message, message
from core.data.dataset.columns import Targets
from core.data.dataset.row_targets import UNLABELLED
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore, StoredDataset
from core.data.quality import Finding, FrozenTexts, Inspected, finders_for
from core.data.quality.quick_model import MOST_ROWS
from core.data.recipe import Redact, RedactEntities, RepairText
from core.registry.records import InspectionStore
from core.workflows.inspect.names import personal_entities
from core.workflows.inspect.request import InspectRequest
from core.workflows.inspect.vectors import read_vectors
from core.workflows.learn.learning import ShouldStop
from core.workflows.personal import finder_of
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

BEGINS, ENCODED, ENDS = 0.03, 0.7, 0.99  # of the whole job
SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class InspectionDone(Ended):
    """The last event: the inspection, as it is stored."""

    inspection: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"inspection": self.inspection["dataset"]}


def inspect_dataset(
    request: InspectRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Look a saved dataset over, yielding events; `InspectionDone` at the end, which there is not when stopped.

    Raises
    ------
    CoreError
        When there is no such dataset, encoder or model of entities.
    """
    yield StageStarted(message("inspect.reading", "Reading the dataset."), 0.0)
    stored = workspace.datasets.info(request.dataset)
    dataset = workspace.datasets.load(stored.id)
    # What Arrow had read is text now; without this it would hold as much memory again until it reads the next file.
    pyarrow.default_memory_pool().release_unused()
    frozen = frozen_tests(workspace, stored)
    began = time.monotonic()
    inspection = yield from look_over(
        dataset, request, workspace, kind=stored.kind, frozen=frozen, should_stop=should_stop
    )
    if inspection is None:
        return
    record = {
        "dataset": stored.id,
        "dataset_name": stored.name,
        **inspection,
        "seconds": round(time.monotonic() - began, 1),
    }
    InspectionStore(workspace.home).save(record)
    yield InspectionDone(record)


def look_over(
    dataset: TextDataset,
    request: InspectRequest,
    workspace: Workspace,
    *,
    kind: Targets = "label",
    frozen: tuple[FrozenTexts, ...] = (),
    should_stop: ShouldStop = lambda: False,
) -> Generator[Any, None, dict[str, Any] | None]:
    """Run every finder that suits on a dataset, saved or not; returns what is stored of it, None when stopped.

    Parameters
    ----------
    kind
        What is known of each row.
    """
    entities = dataset.label_names() if kind == "spans" else ()
    if kind in ("labels", "spans"):  # what is looked for in labels presumes one a row
        dataset = replace(dataset, labels=np.zeros(len(dataset), dtype=np.int64), classes=UNLABELLED)
    inspected = Inspected(dataset, frozen, request.seed, entities=entities)
    if request.encoder and not (yield from _encode(inspected, request.encoder, workspace, should_stop)):
        return None
    begins = ENCODED if request.encoder else BEGINS
    finders = finders_for(kind)
    if request.personal_model:
        model = finder_of(workspace, request.personal_model, request.personal_types)
        named = partial(personal_entities, model=model, workspace=workspace)
        finders = {**finders, "personal_entities": (named, 10)}
    weight = sum(share for _, share in finders.values())
    done = 0.0
    findings: list[Finding] = []
    clean = []
    for name, (finder, share) in finders.items():
        stage, before = doing(name), len(findings)
        yield Advanced(stage, begins + (ENDS - begins) * done / weight)
        for event in finder(inspected):
            if isinstance(event, Finding):
                findings.append(without_moving(event) if entities else event)
            else:
                yield Advanced(stage, begins + (ENDS - begins) * (done + share * event) / weight)
            if should_stop():
                return None
        if len(findings) == before:
            clean.append(name)
        done += share
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": len(dataset),
        "encoder": request.encoder,
        "personal_model": request.personal_model,
        "findings": [finding.to_dict() for finding in findings],
        "clean": clean,
        "frozen": sorted({test.classifier for test in frozen}),
    }


def without_moving(finding: Finding) -> Finding:
    """The finding without fixes that change texts: entities are marked by their places, see `save_cleaned`."""
    moving = (Redact, RedactEntities, RepairText)
    kept = tuple(fix for fix in finding.fixes if not any(isinstance(step, moving) for step in fix.steps))
    return replace(finding, fixes=kept)


def _encode(
    inspected: Inspected, encoder: str, workspace: Workspace, should_stop: ShouldStop
) -> Generator[Any, None, bool]:
    """Let an encoder read the texts that the quick model will judge; False when stopped."""
    rows = inspected.sample(MOST_ROWS)
    for read in read_vectors([inspected.dataset.texts[row] for row in rows], encoder, workspace.sources):
        if isinstance(read, float):
            done = BEGINS + (ENCODED - BEGINS) * read
            yield Advanced(message("inspect.encoding", "Reading the texts with the encoder."), done)
        else:
            inspected.vectors = (rows, read)
        if should_stop():
            return False
    return True


def frozen_tests(workspace: Workspace, stored: StoredDataset | None = None) -> tuple[FrozenTexts, ...]:
    """The frozen tests of all classifiers, each of its newest version.

    Tests that were cut from the dataset itself, or from what it was made from, are left out: of course their texts are in
    it, and who trains on it again gets them as a test again.
    """
    if not (workspace.home / "mlflow.db").exists():
        return ()  # nothing was ever trained here
    own = root_of(workspace.datasets, stored.id) if stored is not None else None
    tests = []
    for classifier in workspace.registry.classifiers():
        versions = workspace.registry.versions(classifier.name)
        if not versions:
            continue
        folder = VersionFolder(workspace.registry.folder(classifier.name, versions[-1].number))
        texts: list[str] = []
        for experience in folder.experiences():
            if own is None or root_of(workspace.datasets, experience.dataset) != own:
                texts += folder.predictions(experience.number)["text"].tolist()
        if texts:
            tests.append(FrozenTexts(classifier.name, tuple(texts)))
    return tuple(tests)


def root_of(store: DatasetStore, dataset: str) -> str:
    """The upload that a dataset goes back to, through all that was cleaned since; itself where its record is gone."""
    seen = {dataset}
    while True:
        try:
            parent = store.info(dataset).source.get("parent")
        except DataError:
            return dataset
        if not isinstance(parent, str) or parent in seen:
            return dataset
        seen.add(parent)
        dataset = parent


def doing(finder: str) -> Message:
    """What is being looked for, in words."""
    match finder:
        case "contradictions" | "duplicates":
            return message("inspect.repeats", "Looking for repeated texts.")
        case "leakage" | "frozen_leakage" | "near_duplicates":
            return message("inspect.near", "Looking for texts that are nearly the same.")
        case "label_errors" | "outliers":
            return message("inspect.labels", "Looking for labels that are probably wrong.")
        case "differing_entities" | "unmarked_mentions" | "ambiguous_entities" | "single_types":
            return message("inspect.entities", "Looking at what is marked.")
        case "personal_data" | "personal_entities":
            return message("inspect.personal", "Looking for personal data.")
        case _:
            return message("inspect.texts", "Looking at texts, languages and times.")
