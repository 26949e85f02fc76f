"""Measure how differently a version treats groups of people; makes no version."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.events import Advanced, Ended, RunStarted, StageStarted
from core.base.messages import message
from core.fairness.counterfactual import counterfactual_gaps
from core.fairness.rates import rates_of
from core.fairness.terms import axes_of
from core.registry.records import FairnessStore, about_version, new_id
from core.serving.engines.graphs import load_version
from core.workflows.fairness.request import FairnessRequest, has_positive, require_labels, require_positive
from core.workflows.fairness.rows import rows_of_dataset, rows_of_frozen_tests
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

EXCHANGED = 0.3  # of the whole job that comes before words are exchanged


@dataclass(frozen=True)
class FairnessMeasured(Ended):
    """The last event: the version that was measured, and the measurement as it is stored."""

    version: int
    fairness: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"fairness": self.fairness["id"]}


def measure_fairness(
    request: FairnessRequest,
    workspace: Workspace,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Measure rates by group and, where groups are told by words, what exchanging these words does.

    Yields events; the last one is `FairnessMeasured`, and there is none when stopped.

    Raises
    ------
    CoreError
        Where the task gives no answers to compare, the version has no such label, or the rows fall into no groups.
    """
    began = time.monotonic()
    identity = str((resume or {}).get("run_id") or new_id())
    yield RunStarted(identity)
    yield StageStarted(message("fairness.reading", "Reading the rows and their groups."), 0.0)
    version = workspace.registry.resolve(request.classifier, request.version)
    path = workspace.registry.folder_of(version)
    folder = VersionFolder(path)
    require_labels(folder.task)
    require_positive(request.positive, folder.outputs)
    choice, language = request.choice, str(folder.report()["language"])
    terms = (
        choice.words(language) if request.by == "words" else ()
    )  # a typing error is told before anything is computed
    engine = load_version(path)
    if request.dataset is None:
        rows = rows_of_frozen_tests(folder, workspace, request.positive)
    else:
        rows = rows_of_dataset(engine, folder, workspace, request.dataset, request.positive)
    grouping = choice.grouping(rows.texts, rows.groups, language)
    if should_stop():
        return
    yield StageStarted(message("fairness.rates", "Comparing the groups on {rows:,} rows.", rows=len(rows.texts)), 0.2)
    rates = rates_of(rows.judged, grouping)
    pairs = []
    total = max(1, 2 * sum(len(groups) - 1 for groups in axes_of(terms).values()))
    answering = _answering(engine, folder, request.positive)
    for pair in counterfactual_gaps(answering, rows.texts, terms, language):
        if should_stop():
            return
        pairs.append(pair.to_dict())
        told = message(
            "fairness.exchanging", "Exchanging words: {first} and {second}.", first=pair.first, second=pair.second
        )
        yield Advanced(told, EXCHANGED + (1 - EXCHANGED) * min(1.0, len(pairs) / total))
    record = {
        "id": identity,
        **about_version(version, time.monotonic() - began),
        "choice": choice.to_dict(),
        "dataset": request.dataset,
        "rows": len(rows.texts),
        "language": language,
        **rates.to_dict(),
        "counterfactual": pairs,
    }
    store = FairnessStore(workspace.home)
    store.save(record)
    if request.watch:
        store.watch(version.classifier, choice.to_dict())
    yield FairnessMeasured(version.number, record)


def _answering(
    engine: Any, folder: VersionFolder, positive: str
) -> Callable[[Sequence[str]], tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    task, column = folder.task, folder.outputs.index(positive)

    def answer(texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        values = np.asarray(engine.compute(list(texts)), dtype=np.float64)
        return values[:, column], np.array(has_positive(task, tuple(task.read(engine, values)), positive), dtype=bool)

    return answer
