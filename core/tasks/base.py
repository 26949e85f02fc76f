"""What a model is for. A task is the one place that knows what comes out of a model, what it is learned by, and what an answer
is worth; streams, strategies, memory, R, gate, registry, jobs and pages are the same for all.

Targets and answers are strings, as tables and screens have them: the name of a label, a number. A model computes some numbers
of each text, its outputs; a task says how a target is written as what its loss reads, and how outputs are read as an answer.

A task is described without torch: what computes with tensors is loaded when something is learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from core.base.config import Config
from core.data.dataset.columns import Targets
from core.data.dataset.inputs import body_of
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import Split
from core.networks.architectures import MODELS, Architecture
from core.networks.architectures.blend import BLEND
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.predict import Classifier
from core.networks.text.examples import Examples, encode_examples
from core.statistics.additive import Patterns, Score, Statistics, estimates
from core.statistics.intervals import Estimate
from core.statistics.paired import paired_score_difference
from core.tasks.answering import Baseline, Engine, Figures, Forecaster, Pairs

if TYPE_CHECKING:
    import onnx
    from torch import Tensor

# Outputs and targets of a batch, and where a task weighs rows the weight of each, → its mean loss.
Criterion = Callable[..., "Tensor"]
EXACT_OUTPUTS = 8  # up to here an expectation over answers is computed, beyond it one answer is drawn


class TaskConfig(Config):
    """Settings of a task; most have none."""


class Task:
    """Base of all tasks; one folder each overrides what differs.

    Attributes
    ----------
    name
        The name that requests and versions store.
    label, help
        What people read: a few words, and what the column of targets holds.
    scores
        What a test is measured by; R, the gate and the order of versions go by the first.
    averages
        Names of all figures of a report that are one number.
    activation
        What makes probabilities of the outputs: ``"softmax"`` where they are logits of a distribution over them, ``"sigmoid"``
        where each is the logit of a probability of its own, ``""`` where they are no logits. With one, a version's file ends in
        it and its probabilities are calibrated.
    reads
        What it learns from beside texts: a label a text, several, entities, or nothing.
    numeric
        Whether the values that a model computes of a text are numbers, as many of each; only such are kept with the answers.
    foretells
        Whether outputs are what the model takes for the answer, so that an older version's outputs can be learned from.
    leaves_open
        Whether a target may lack what is there, such as types of entities that nobody looked for; see `filled`.
    comparable
        Whether strategies can be compared without making versions: a network in memory answers as its version would, and the
        deciding score lies between 0 and 1, higher is better.
    baseline_grows
        Whether naive Bayes, which only adds the new rows, takes the place of `baseline` after an update.
    programs
        Files that run a version elsewhere, see `core.workflows.bundle`; the last is the one to start.
    config_class
        Settings of its own.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    scores: ClassVar[tuple[Score, ...]]
    activation: ClassVar[Literal["", "softmax", "sigmoid"]] = ""
    reads: ClassVar[Targets] = "label"
    numeric: ClassVar[bool] = True
    foretells: ClassVar[bool] = True
    leaves_open: ClassVar[bool] = False
    comparable: ClassVar[bool] = False
    baseline_grows: ClassVar[bool] = False
    programs: ClassVar[tuple[str, ...]] = ("inputs.py", "words.py", "pipeline.py", "personal.py", "predict.py")
    config_class: ClassVar[type[TaskConfig]] = TaskConfig

    @property
    def score(self) -> Score:
        """The score that decides."""
        return self.scores[0]

    @property
    def distribution(self) -> bool:
        """Whether the outputs are logits of a distribution over them, so that each text has exactly one of them; some strategies
        distil or solve for that.
        """
        return self.activation == "softmax"

    @property
    def probable(self) -> bool:
        """Whether it can say how probable an answer of a network is, and how far answers of two are apart: `drawn`, `apart`."""
        return self.distribution

    @property
    def averages(self) -> tuple[str, ...]:
        return tuple(score.name for score in self.scores)

    @property
    def reads_targets(self) -> bool:
        """Whether it learns from a column of targets; if not, texts are all it needs."""
        return self.reads != "nothing"

    @property
    def reads_sets(self) -> bool:
        """Whether a target is a set of names, as a cell with several or several columns may say it."""
        return self.reads == "labels"

    @property
    def strata_are(self) -> Literal["labels", "types"]:
        """What the strata of its rows are called."""
        return "types" if self.reads == "spans" else "labels"

    # -- rows

    def as_read(self, dataset: TextDataset) -> TextDataset:
        """The same rows; where no targets are read, their plain texts alone, so that nothing else is kept or said of them."""
        if self.reads_targets:
            return dataset
        texts = tuple(map(body_of, dataset.texts))
        return replace(dataset, texts=texts, labels=np.zeros(len(dataset), dtype=np.int64), classes=("",))

    def check(self, targets: Sequence[str]) -> None:
        """Raise the `DataError` that says why nothing can be learned from these targets."""

    def check_size(self, rows: int) -> None:
        """Raise the `DataError` that says why so few rows are not enough for a first training."""

    def stratum(self, target: str) -> str:
        """The stratum of a target: splits hold their shares of each, and a balanced memory as many of each."""
        return ""

    def strata(self, targets: Sequence[str]) -> list[str]:
        """The stratum of each target, where it may depend on the others."""
        return [self.stratum(target) for target in targets]

    @property
    def has_strata(self) -> bool:
        """Whether rows differ in their stratum at all."""
        own = type(self)
        return own.stratum is not Task.stratum or own.strata is not Task.strata

    def stratified(self, dataset: TextDataset) -> TextDataset:
        """The same rows, each with its stratum in place of its target, as a division takes them."""
        own = self.strata(dataset.label_names())
        classes = tuple(sorted(set(own)))
        numbers = {name: number for number, name in enumerate(classes)}
        return replace(dataset, labels=np.array([numbers[name] for name in own], dtype=np.int64), classes=classes)

    def remarked(self, split: Split, dataset: TextDataset) -> Split:
        """The division of a dataset, which was made by strata, with what is to be said of it in the task's own words."""
        return split

    # -- learning

    def networks(self) -> Mapping[str, Architecture]:
        """The architectures that a model can have, by name."""
        return MODELS

    def all_networks(self) -> Mapping[str, Architecture]:
        """The same with those that are made of versions, not trained from texts."""
        return {**self.networks(), **({BLEND.name: BLEND} if self.distribution else {})}

    def outputs(self, targets: Sequence[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Names of a model's outputs: those that are known, followed by those that these targets need besides."""
        raise NotImplementedError

    def named(self, outputs: Sequence[str]) -> tuple[str, ...]:
        """What outputs stand for in targets, in their order: themselves, or types of entities."""
        return tuple(outputs)

    def encode(self, targets: Sequence[str], outputs: Sequence[str]) -> NDArray[Any]:
        """Targets as the loss reads them, ``(rows,)`` or ``(rows, …)``."""
        raise NotImplementedError

    def examples(
        self, pipeline: TextPipeline, texts: Sequence[str], targets: Sequence[str], outputs: Sequence[str]
    ) -> Examples:
        """Texts and targets as the network and the loss read them."""
        return encode_examples(pipeline, texts, self.encode(targets, outputs))

    def filled(self, model: Any, examples: Examples, outputs: Sequence[str], known: int, least: float) -> Examples:
        """Rows with what their targets leave open, as a network says it that knows the first outputs and is at least so sure."""
        return examples

    def marked(self, targets: Sequence[str], names: Sequence[str]) -> list[str]:
        """The targets as they would be had nobody looked for anything but these names, where a target may lack what is there."""
        return list(targets)

    def left_open(self, examples: Examples, known: int, *, later: bool) -> Examples:
        """Rows whose targets say nothing of the outputs but the first ``known`` ones, or where ``later`` is False of the first,
        where these may be there without anybody having looked.
        """
        return examples

    def first_bias(self, targets: NDArray[Any]) -> NDArray[np.float32] | None:
        """What each output says before anything is learned, ``(outputs,)``, where that spares learning it step by step.

        Parameters
        ----------
        targets
            All encoded targets that will be learned from.
        """
        return None

    def criterion(self, config: Any, targets: NDArray[Any], outputs: Sequence[str]) -> Criterion:
        """The function to make smaller: of outputs, ``(batch, outputs)``, and encoded targets the mean loss.

        Parameters
        ----------
        config
            An instance of ``config_class``.
        targets
            All encoded targets that will be learned from.
        outputs
            Names of the model's outputs.
        """
        raise NotImplementedError

    def drawn(self, outputs: Any, targets: Any, known: int, generator: Any) -> list[tuple[float, Any]]:
        """Log-probabilities of answers to one row, each with its weight: all answers, or one that is drawn as often as it is
        probable.

        Parameters
        ----------
        outputs, targets
            What a network computes of the row, and its encoded target.
        known
            So many of the first outputs count.
        """
        import torch

        logarithms = outputs[:known].log_softmax(dim=0)
        probabilities = logarithms.detach().exp()
        if known > EXACT_OUTPUTS:
            answer = int(torch.multinomial(probabilities, 1, generator=generator))
            return [(1.0, logarithms[answer])]
        return [(float(probabilities[output]), logarithms[output]) for output in range(known)]

    def apart(self, outputs: Any, answers: Any, targets: Any, known: int, temperature: float) -> Any:
        """T² KL(softmax(answers / T) ‖ softmax(outputs / T)) over the first ``known`` outputs, mean over rows; ≥ 0."""
        from torch import nn

        new = (outputs[:, :known] / temperature).log_softmax(dim=1)
        old = (answers[:, :known] / temperature).log_softmax(dim=1)
        return temperature**2 * nn.functional.kl_div(new, old, reduction="batchmean", log_target=True)

    def parents(self, outputs: Sequence[str], known: int) -> Mapping[int, int]:
        """New outputs that begin with the weights of a known one, by their positions: the first ``known`` are known."""
        return {}

    def measure(self, outputs: NDArray[Any], targets: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
        """Scores on validation rows by name, without intervals; that by which epochs are compared first.

        Parameters
        ----------
        outputs
            What the model computes, ``(rows, outputs)``.
        targets
            Encoded targets.
        names
            Names of the model's outputs.
        """
        raise NotImplementedError

    def validate(
        self, model: Any, examples: Examples, criterion: Criterion, device: Any, outputs: Sequence[str]
    ) -> tuple[dict[str, float], float]:
        """What `measure` says of a network on validation rows, and their mean loss."""
        import torch

        from core.networks.encoders.batches import predict_logits

        values = predict_logits(model, examples, device)
        loss = float(criterion(values.to(device), torch.from_numpy(examples.targets).to(device)))
        return self.measure(values.numpy(), examples.targets, outputs), loss

    def better(self, measured: Mapping[str, float], loss: float) -> tuple[float, ...]:
        """By what epochs are compared, from left to right, higher is better: the first score measured, and of equals the loss."""
        name, value = next(iter(measured.items()))
        own = next(score for score in self.scores if score.name == name)
        return (value if own.higher_is_better else -value, -loss)

    def thresholds(self, probabilities: NDArray[Any], targets: NDArray[Any]) -> NDArray[Any] | None:
        """The probability of each output from which on it is in an answer, ``(outputs,)``; None where answers are not read so.

        Parameters
        ----------
        probabilities
            What the version's file answers on validation rows, ``(rows, outputs)``.
        targets
            Their encoded targets.
        """
        return None

    # -- answers

    def computed(
        self, model: Any, pipeline: TextPipeline, texts: Sequence[str], outputs: Sequence[str]
    ) -> NDArray[Any]:
        """What a network in memory, on the CPU, computes of each text, as its file will: ``(texts, outputs)``."""
        import torch

        from core.networks.encoders.batches import predict_logits

        values: NDArray[Any] = predict_logits(model, encode_examples(pipeline, texts), torch.device("cpu")).numpy()
        return values

    def answers(self, values: NDArray[Any], outputs: Sequence[str]) -> list[str]:
        """What a version says, from what its file computes, ``(rows, outputs)``."""
        raise NotImplementedError

    def read(self, engine: Any, values: NDArray[Any]) -> list[str]:
        """What a version says, from what its engine computed, ``(rows, outputs)``: with whatever was chosen for the version."""
        return self.answers(values, engine.labels)

    def judged(self, answers: Sequence[str], truth: Sequence[str]) -> list[str]:
        """Answers as far as a test can judge them that knows less than was answered."""
        return list(answers)

    def statistics(self, truth: Sequence[str], answers: Sequence[str]) -> Statistics:
        """What is added up over rows, ``(rows, k)``; the scores are functions of the sum."""
        raise NotImplementedError

    def counted(self, truth: Sequence[str], answers: Sequence[str], outputs: Sequence[str]) -> Statistics:
        """The statistics of answers that models with these outputs gave, with the same columns for all of them."""
        return self.statistics(truth, answers)

    def scored(self, truth: Sequence[str], answers: Sequence[str], outputs: Sequence[str]) -> dict[str, float]:
        """The scores of such answers by name, without intervals."""
        rows = self.counted(truth, answers, outputs)
        sums = np.ones(rows.shape[0]) @ rows
        return {score.name: float(score.of(sums)) for score in self.scores}

    def aligned(self, truth: Sequence[str], *answers: Sequence[str]) -> list[Statistics]:
        """The statistics of each of several answers to the same rows, with the same columns."""
        return [self.statistics(truth, given) for given in answers]

    def pairs(self, truth: Sequence[str], *answers: Sequence[str]) -> Pairs:
        """Rows with their answers; several where the same rows were answered several times."""
        own = self.strata(truth)
        names = tuple(sorted(set(own)))
        numbers = {name: number for number, name in enumerate(names)}
        rows = self.aligned(truth, *answers)
        return Pairs(Patterns.of(*rows, stratum=[numbers[name] for name in own]), names)

    def changes(self, truth: Sequence[str], *answers: Sequence[str]) -> tuple[Pairs, Score]:
        """Rows by stratum with their answers, and the score by which no stratum shall lose much."""
        return self.pairs(truth, *answers), self.score

    def report(
        self,
        truth: Sequence[str],
        answers: Sequence[str],
        outputs: Sequence[str],
        values: NDArray[Any] | None = None,
    ) -> Any:
        """What answers are worth: `Figures`, or something with ``scores`` and `to_dict` that tells more.

        Parameters
        ----------
        values
            What the answers were read from, ``(rows, outputs)``, where that is known.
        """
        measured = estimates(self.pairs(truth, answers).rows, self.scores)
        return Figures(dict(zip(self.averages, measured, strict=True)), len(truth))

    def further(
        self,
        texts: Sequence[str],
        truth: Sequence[str],
        answers: Sequence[str],
        learned: Callable[[], tuple[Sequence[str], Sequence[str]]],
    ) -> dict[str, Any] | None:
        """What a report says besides of all tests, as plain values, where that also depends on the texts that were learned and
        their targets: ``learned`` looks them up.
        """
        return None

    def stored_report(self, stored: Mapping[str, Any]) -> Any:
        """What `report` made, from the plain values of its `to_dict`."""
        return Figures.from_dict(stored)

    def difference(self, score: str, truth: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Estimate:
        """After − before of a score on the same rows, with its 95 % interval."""
        own = next(each for each in self.scores if each.name == score)
        return paired_score_difference(self.pairs(truth, before, after).rows, own)

    def worth(self, truth: Sequence[str], answers: Sequence[str]) -> NDArray[Any]:
        """What each row adds to the deciding score: whether it is a hit, bool ``(rows,)``, where that is a rate; else its
        statistics, ``(rows, k)``. A line of versions keeps it, so that R can be redrawn.
        """
        rows = np.asarray(self.statistics(truth, answers))
        if self.score.rate is None:
            return rows
        hits, _ = self.score.rate(rows)
        return np.asarray(hits) > 0

    def found(
        self, truth: Sequence[str], worth: NDArray[Any]
    ) -> tuple[Sequence[str], NDArray[Any], NDArray[Any]] | None:
        """What rows were worth, by what the task tells apart in them: names, how many rows each has ``(names,)``, and in how many
        of these each model found it ``(models, names)``; None where the statistics do not say.

        Parameters
        ----------
        worth
            What `worth` made of each model's answers, ``(models, rows, k)``.
        """
        return None

    def told(self, answer: str) -> str:
        """An answer as people read it."""
        return answer

    def names_of(self, answer: str) -> tuple[str, ...]:
        """What an answer gives its text, as it is counted: a name, several, or none."""
        return ()

    def forecaster(self, values: NDArray[Any], truth: Sequence[str], outputs: Sequence[str]) -> Forecaster | None:
        """What tells what answers are worth whose truth nobody knows; None where that cannot be told of this task.

        Parameters
        ----------
        values, truth
            What a version computes of rows that it has not learned, ``(rows, outputs)``, and their targets.
        """
        return None

    # -- the simple method

    def baseline(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        outputs: Sequence[str],
        *,
        language: str,
        pipeline: TextPipeline,
    ) -> Baseline:
        """Fit the simple method on training rows.

        Parameters
        ----------
        pipeline
            What reads texts for the model, for a method that has to read the same tokens.
        """
        raise NotImplementedError

    # -- serving

    def write(self, network: Any) -> onnx.ModelProto | None:
        """A network as an ONNX file; None for one that computes its outputs from tokens and mask."""
        return None

    def pipeline(self, folder: Path) -> TextPipeline:
        """What reads texts for a version."""
        return TextPipeline.load(folder)

    def engine(self, folder: Path, **options: Any) -> Engine:
        """What answers with a version's files; ``options`` are those of `core.networks.standalone.predict.Classifier`."""
        return Classifier(folder, **options)

    def compared(self, model: Any, engine: Any, texts: Sequence[str]) -> tuple[float, float] | None:
        """How far an exported file is from its network, on the CPU: the largest difference of any figure, of large ones measured
        against the largest, and the share of texts that both answer alike. None where their outputs can be compared as they are.
        """
        return None

    def respond(self, engine: Any, texts: Sequence[str], values: NDArray[Any]) -> list[str]:
        """What a version replies to whoever asks it about texts, beside the values that it computed of them."""
        return [self.told(answer) for answer in self.read(engine, values)]
