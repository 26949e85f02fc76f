"""Versions side by side on the validation rows of a request, by which *Auto* chooses. No test row takes part."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from core.data.dataset.splitting import split_rows
from core.networks.standalone.predict import model_file
from core.statistics.additive import estimates
from core.statistics.intervals import Estimate
from core.tasks import Task
from core.tasks.answering import Engine
from core.tasks.text_classification.blend import Trial, less_surprised, try_blend
from core.workflows.requests import DataConfig, TrainRequest
from core.workflows.train.estimate import PROVED_AS
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

MOST_ROWS = 2000  # validation rows by which rungs are compared
TIMED = 128  # of them, by which a file is timed where what it says of texts is kept


class Measured(NamedTuple):
    """What a version is worth on the validation rows.

    Parameters
    ----------
    gain
        What its deciding score gains on that of the version it is held against.
    surer
        By how many nats the truth surprises it less, a row; None where it does not answer with the probability of one answer.
    """

    score: Estimate
    gain: Estimate | None
    surer: Estimate | None
    megabytes: float
    answers_per_second: float


class Validation:
    """The validation rows of the request, which are the same for every rung."""

    def __init__(self, request: TrainRequest, task: Task, data: DataConfig, workspace: Workspace) -> None:
        dataset = task.as_read(workspace.datasets.load(request.dataset))
        task.check(dataset.label_names())
        task.check_size(len(dataset))
        rows = split_rows(task.stratified(dataset), fractions=data.fractions, seed=data.split_seed).validation
        part = dataset.take(np.random.default_rng(0).permutation(rows)[:MOST_ROWS])
        self._task, self._workspace, self._classifier = task, workspace, request.classifier
        self._texts, self._truth = list(part.texts), part.label_names()
        self._answers: dict[int, list[str]] = {}
        self._values: dict[int, np.ndarray] = {}
        self._measured_rows = 3 * len(rows) + 2 * round(len(dataset) * data.test_share)  # that a new version answers
        self._proved_rows = min(len(part), TIMED) + PROVED_AS

    def answered(self, per_second: float, *, kept: bool = False) -> float:
        """Seconds that a version of this speed takes for all the rows on which a new one is measured; those few for which its
        file is run where what it says of texts is kept.
        """
        return (self._proved_rows if kept else self._measured_rows) / max(per_second, 1e-6)

    def try_blend(self, best: int, other: int) -> tuple[Trial, Estimate]:
        """What two versions are worth as one, and what their answers then gain on those of the first."""
        for version in (best, other):
            if version not in self._values:
                self._ask(version)
        outputs = VersionFolder(self._workspace.registry.folder(self._classifier, best)).outputs
        truth = self._task.encode(self._truth, outputs)
        trial = try_blend(truth, self._values[best], self._values[other])
        answers = self._task.judged(self._task.answers(trial.probabilities, outputs), self._truth)
        return trial, self._task.difference(self._task.score.name, self._truth, self._answers[best], answers)

    def compare(self, version: int, best: int | None, kept: Engine | None = None) -> Measured:
        """Measure a version, and hold it against the best before.

        Parameters
        ----------
        kept
            What answers as the version does, in less time.
        """
        folder, answers_per_second = self._ask(version, kept)
        answers, score = self._answers[version], self._task.score
        own = self._measure(answers)
        gain = surer = None
        if best is not None:
            if best not in self._answers:
                self._ask(best)
            before = self._answers[best]
            gain = score.gain(
                self._task.difference(score.name, self._truth, before, answers), self._measure(before).value
            )
            if self._task.distribution:
                truth = self._task.encode(self._truth, folder.outputs)
                surer = less_surprised(truth, self._values[best], self._values[version])
        file = folder.path / model_file(folder.path, "cpu", None)
        return Measured(own, gain, surer, file.stat().st_size / 1e6, answers_per_second)

    def _measure(self, answers: list[str]) -> Estimate:
        """The deciding score of answers to all rows."""
        return estimates(self._task.pairs(self._truth, answers).rows, (self._task.score,))[0]

    def _ask(self, version: int, kept: Engine | None = None) -> tuple[VersionFolder, float]:
        """Let a version answer all rows; returns how many its file answers a second."""
        folder = VersionFolder(self._workspace.registry.folder(self._classifier, version))
        engine = folder.task.engine(folder.path)
        timed = self._texts if kept is None else self._texts[:TIMED]
        engine.compute(timed[:1])
        began = time.monotonic()
        values = engine.compute(timed)
        seconds = time.monotonic() - began
        if kept is not None:
            values = kept.compute(self._texts)
        answers = folder.task.judged(folder.task.read(engine, values), self._truth)
        self._answers[version], self._values[version] = answers, values
        return folder, len(timed) / max(seconds, 1e-6)
