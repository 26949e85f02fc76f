"""What a policy would have done with the batches that a model has learned: in a workspace of its own, which is thrown away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from core.base.config import Config, build, parameter
from core.base.errors import DataError
from core.base.events import Ended, StageStarted, last_of
from core.base.files import incoming_folder
from core.base.messages import Message, message
from core.continual.methods import STRATEGIES
from core.evolve.inline import InlineQueue
from core.evolve.intake import examine
from core.evolve.ledger import Ledgers, Taken
from core.evolve.policy import Policy
from core.evolve.step import step
from core.registry import VersionInfo
from core.serving.engines.graphs import load_version
from core.workflows.fields import Classifier, Values
from core.workflows.learn.learning import ShouldStop
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace

MOST_BATCHES = 12
STEPS_A_DAY = 4


@dataclass(frozen=True)
class SimulatedBatch:
    """One table of the stream, and what would have become of it.

    Parameters
    ----------
    verdict, state
        Whether its rows would have been let in, and the state of the last batch that they would have been in.
    """

    name: str
    rows: int
    verdict: str
    state: str
    version: int | None


@dataclass(frozen=True)
class Simulated:
    """What would have been done.

    Parameters
    ----------
    promotions, wrong
        Versions that would have come to serve; and those of them that on the tests of all batches are worse than the one before,
        beyond chance.
    first, last
        The deciding score of the first version and of the one that serves in the end, on the tests of all batches.
    matrix
        R of the version that serves in the end.
    """

    batches: tuple[SimulatedBatch, ...]
    promotions: int
    wrong: int
    score: str
    first: float
    last: float
    matrix: list[list[float]]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class SimulateRequest(Config):
    """Rules to be tried on the stored stream of a model."""

    classifier: Classifier
    rules: Annotated[Values, parameter("Rules that differ from a new policy's.")] = {}


@dataclass(frozen=True)
class SimulationDone(Ended):
    """The last event."""

    simulated: Simulated

    def outcome(self) -> dict[str, Any]:
        return {"simulated": self.simulated.to_dict()}


def simulate(
    request: SimulateRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Follow a policy over the stored stream of a model, a table a day, yielding events; `SimulationDone` at the end, which there
    is not when stopped. One that was interrupted begins again.

    Raises
    ------
    DataError
        When the model has learned from one table only, or one of its tables was deleted.
    """
    model, policy = request.classifier, build(Policy, request.rules)
    version = workspace.registry.resolve(model)
    folder = VersionFolder(workspace.registry.folder_of(version))
    records = folder.experiences()[: MOST_BATCHES + 1]
    if len(records) < 2:
        raise DataError(
            "evolve.no_stream",
            "'{model}' has learned from one table only, so there is no stream to try a policy on. Update it once by hand first.",
            model=model,
        )
    began = time.monotonic()
    with incoming_folder(workspace.home) as scratch:  # what a killed process leaves of it is swept
        own = open_workspace(scratch)
        (scratch / "datasets").mkdir()
        for record in records:
            workspace.datasets.info(record.dataset)  # says so where it was deleted
            for path in (workspace.home / "datasets").glob(f"{record.dataset}.*"):
                shutil.copyfile(path, scratch / "datasets" / path.name)
        queue, day = InlineQueue(own.home), datetime(2000, 1, 1, tzinfo=UTC)
        for number, record in enumerate(records):
            yield StageStarted(_arrives(record.name), number / len(records))
            if should_stop():
                return
            if number == 0:
                _begin(model, version, folder, record.dataset, own)
                _switch_on(model, policy, own)
                continue
            _arrive(model, record.dataset, record.name, own)
            for minute in range(STEPS_A_DAY):
                step(model, own, queue, now=day + timedelta(days=number * 30, minutes=minute))
        yield SimulationDone(_came_of_it(model, own, time.monotonic() - began))


def _arrives(name: str) -> Message:
    return message("evolve.arrives", "The table '{name}' comes in.", name=name)


def _begin(model: str, version: VersionInfo, folder: VersionFolder, dataset: str, own: Workspace) -> None:
    """Version 1, learned as the model was."""
    report = folder.report()
    strategy = report.get("updates_by", report["strategy"])
    request = TrainRequest(
        classifier=model,
        dataset=dataset,
        model=folder.model_name,
        task=folder.task.name,
        strategy=strategy if strategy in STRATEGIES else "finetune",
        settings=folder.settings,
    )
    last_of(train_classifier(request, own))


def _switch_on(model: str, policy: Policy, own: Workspace) -> None:
    """The same rules, but that nobody is asked or told, and that a month lies between two tables."""
    with Ledgers(own.home).alone(model) as ledger:
        assert ledger is not None
        alone = {
            "active": True,
            "folder": "",
            "database": "",
            "query": "",
            "hub": "",
            "webhook": "",
            "mail": "",
            "then": "promote",
            "most_days": 0,
        }
        ledger.policy = policy.model_copy(update=alone)


def _arrive(model: str, dataset: str, name: str, own: Workspace) -> None:
    """A table of the stream comes in, and is looked at as one from the folder is."""
    folder = VersionFolder(own.registry.folder_of(own.registry.resolve(model, None)))
    rows = own.datasets.load(dataset)
    verdict, reasons = examine(rows, folder, read_past(folder, own))
    with Ledgers(own.home).alone(model) as ledger:
        assert ledger is not None
        told = [reason.to_dict() for reason in reasons]
        ledger.files.append(Taken(dataset, name, datetime.now(UTC).isoformat(), verdict, len(rows), dataset, told))


def _came_of_it(model: str, own: Workspace, seconds: float) -> Simulated:
    ledger, registry = Ledgers(own.home).read(model), own.registry
    champion = registry.resolve(model, None)
    newest = registry.versions(model)[-1]
    tests = VersionFolder(registry.folder_of(newest))
    task = tests.task
    tables = [tests.predictions(record.number) for record in tests.experiences()]
    texts = [str(text) for table in tables for text in table["text"]]
    truth = [str(target) for table in tables for target in table["truth"]]

    def answers(number: int) -> list[str]:
        engine = load_version(registry.folder(model, number))
        return task.judged(task.read(engine, engine.compute(texts)), truth)

    promoted = [batch.version for batch in ledger.batches if batch.version is not None and batch.state == "promoted"]
    line = [1, *promoted]
    given = {number: answers(number) for number in {*line, champion.number}}
    differences = [
        task.score.gain(task.difference(task.score.name, truth, given[before], given[after]))
        for before, after in zip(line, promoted, strict=False)
    ]
    scored = {
        number: task.scored(truth, given[number], tests.outputs)[task.score.name] for number in (1, champion.number)
    }
    last = VersionFolder(registry.folder_of(champion)).report()
    return Simulated(
        batches=tuple(_batch(taken, ledger.batches) for taken in ledger.files),
        promotions=len(promoted),
        wrong=sum(difference.high < 0 for difference in differences),
        score=task.score.name,
        first=scored[1],
        last=scored[champion.number],
        matrix=last[f"{task.score.name}_matrix"],
        seconds=round(seconds, 1),
    )


def _batch(taken: Taken, batches: Any) -> SimulatedBatch:
    last = next((batch for batch in reversed(batches) if taken.mark in batch.marks), None)
    state, version = ("", None) if last is None else (last.state, last.version)
    return SimulatedBatch(taken.name, taken.rows, taken.verdict, state, version)
