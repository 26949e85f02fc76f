"""What answers of a variant are held against: one label a text, or the entities that are marked in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.data.spans.targets import Span, target_of
from core.networks.standalone.extract import Entity, Extractor, decoded, followers
from core.networks.standalone.pipeline import pad
from core.networks.standalone.predict import Classifier
from core.serving.onnx.quantise import Batch
from core.serving.onnx.sensitivity import Read, most_probable
from core.statistics.intervals import Estimate
from core.tasks import TASKS
from core.tasks.base import Task
from core.tasks.text_classification.pairs import paired_difference

BATCH = 16


class Judge(Protocol):
    """How a variant is judged; ``score`` is by what, and a record keeps it."""

    score: str

    def engine(self, folder: Path, providers: list[str] | None, precision: str) -> Classifier:
        """What answers with one of the files of a version."""
        ...

    def batches(self, engine: Classifier, texts: Sequence[str]) -> tuple[list[Batch], Read]:
        """Texts as the network gets them, and how its outputs for a batch are read as answers."""
        ...

    def answers(self, engine: Classifier, values: NDArray[Any]) -> NDArray[Any]:
        """The answer to each text, of what an engine computed."""
        ...

    def worth(self, truth: NDArray[Any], answers: NDArray[Any]) -> float:
        """The score, 0 to 1, higher is better."""
        ...

    def difference(self, truth: NDArray[Any], before: NDArray[Any], after: NDArray[Any]) -> Estimate:
        """After − before of the score on the same rows."""
        ...

    def apart(self, values: NDArray[Any], exact: NDArray[Any]) -> float:
        """The largest difference of any probability."""
        ...


class ByLabel:
    """One label a text: by accuracy."""

    score = "accuracy"

    def engine(self, folder: Path, providers: list[str] | None, precision: str) -> Classifier:
        return Classifier(folder, providers, precision=precision)

    def batches(self, engine: Classifier, texts: Sequence[str]) -> tuple[list[Batch], Read]:
        rows = sorted(engine.pipeline.encode(texts), key=len)
        return [pad(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)], most_probable

    def answers(self, engine: Classifier, values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(values.argmax(axis=1))

    def worth(self, truth: NDArray[Any], answers: NDArray[Any]) -> float:
        return float((answers == truth).mean())

    def difference(self, truth: NDArray[Any], before: NDArray[Any], after: NDArray[Any]) -> Estimate:
        return paired_difference(truth, before, after)

    def apart(self, values: NDArray[Any], exact: NDArray[Any]) -> float:
        return float(np.abs(values - exact).max())


class BySpans:
    """Entities in a text: by micro-F1 on exact spans; an answer is the target that all of a text's entities make."""

    score = "micro_f1"
    task = TASKS["token_classification"]

    def engine(self, folder: Path, providers: list[str] | None, precision: str) -> Classifier:
        return Extractor(folder, providers, precision=precision)

    def batches(self, engine: Classifier, texts: Sequence[str]) -> tuple[list[Batch], Read]:
        assert isinstance(engine, Extractor)
        parts = [part for text in texts for part in engine.pipeline.rows(text) if part.places]
        parts.sort(key=lambda part: len(part.ids))
        groups = [parts[start : start + BATCH] for start in range(0, len(parts), BATCH)]
        labels, allowed = engine.labels, followers(engine.labels)

        def read(number: int, scores: NDArray[Any]) -> list[str]:
            return [_target(entities) for entities in decoded(scores, groups[number], labels, allowed)]

        return [pad([part.ids for part in group]) for group in groups], read

    def answers(self, engine: Classifier, values: NDArray[Any]) -> NDArray[Any]:
        return np.array([_target(entities) for entities in values[:, 0]], dtype=object)

    def worth(self, truth: NDArray[Any], answers: NDArray[Any]) -> float:
        rows = self.task.statistics(truth.tolist(), answers.tolist())
        return float(self.task.score.of(np.ones(len(truth)) @ rows))

    def difference(self, truth: NDArray[Any], before: NDArray[Any], after: NDArray[Any]) -> Estimate:
        return self.task.difference(self.score, truth.tolist(), before.tolist(), after.tolist())

    def apart(self, values: NDArray[Any], exact: NDArray[Any]) -> float:
        """Of entities that both mark."""
        differences = [0.0]
        for given, wanted in zip(values[:, 0], exact[:, 0], strict=True):
            sure = {entity[:3]: entity.probability for entity in wanted}
            differences += [abs(entity.probability - sure[entity[:3]]) for entity in given if entity[:3] in sure]
        return max(differences)


def judge_of(task: Task) -> Judge | None:
    """How variants of a task's versions are judged; None where nothing judges them."""
    if task.reads == "spans":
        return BySpans()
    return ByLabel() if task.distribution else None


def _target(entities: Sequence[Entity]) -> str:
    return target_of(Span(*entity[:3]) for entity in entities)
