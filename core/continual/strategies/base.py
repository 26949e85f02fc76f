"""How an update learns. The base class is plain fine-tuning; a method overrides one or two of its hooks.

Knows nothing of files, registries or versions: what must be remembered goes through `state` and `restore`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from core.base.messages import Message, message
from core.continual.memory import Memory
from core.continual.methods.base import FINETUNE, Method, StrategyConfig
from core.continual.noise import Noise
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch, predict_features
from core.networks.text.examples import Examples
from core.tasks.base import Criterion, Task, TaskConfig


class Treatment(Protocol):
    """What changes how rows are learned, whichever strategy chooses them."""

    def rows(self, examples: Examples) -> Examples:
        """What is learned in place of these rows."""

    def criterion(self, criterion: Criterion, examples: Examples) -> Criterion:
        """The loss in place of the task's, of outputs, targets and, where rows have them, groups."""

    def strata(self, texts: Sequence[str], strata: Sequence[str]) -> list[str]:
        """The strata of a memory in place of the task's."""


@dataclass(frozen=True)
class Experience:
    """What an update may learn from.

    Parameters
    ----------
    number
        The experience's number in the stream, from 1; the first training is experience 1.
    train, validation
        The new batch's own splits.
    past
        Training rows of all earlier experiences; empty unless the strategy asks for them (`needs_past`).
    past_validation
        Their validation rows, likewise.
    targets
        Targets of the training rows as they were given.
    encode
        A function that turns remembered texts and their targets into examples, with the tokenizer of the new version.
    known_outputs
        How many of the outputs the model had before this experience; they stand first. 0 at a first training.
    treatment
        What is done so that groups of rows are treated alike; strategies and loops need not know what.
    """

    number: int
    train: Examples
    validation: Examples
    past: Examples
    past_validation: Examples
    task: Task
    config: TaskConfig
    targets: Sequence[str]
    outputs: tuple[str, ...]
    encode: Callable[[Sequence[str], Sequence[str]], Examples]
    known_outputs: int = 0
    treatment: Treatment | None = None

    def criterion(self, examples: Examples) -> Criterion:
        """The task's loss for rows that are learned together with these; see also `treatment`."""
        own = self.task.criterion(self.config, examples.targets, self.outputs)
        return own if self.treatment is None else self.treatment.criterion(own, examples)

    def treated(self, examples: Examples) -> Examples:
        """What is learned in place of rows that a strategy has chosen: usually they themselves."""
        return examples if self.treatment is None else self.treatment.rows(examples)

    @property
    def strata(self) -> list[str]:
        """The stratum of each training row in a memory."""
        own = self.task.strata(self.targets)
        return own if self.treatment is None else self.treatment.strata(self.train.texts, own)

    @property
    def parents(self) -> Mapping[int, int]:
        """New outputs that begin with the weights of a known one, by their positions."""
        return self.task.parents(self.outputs, self.known_outputs)


GradientLoop = Callable[[TextNetwork, "Strategy", Experience], Iterator[Any]]


class Strategy:
    """Fine-tuning: go on training on the new rows alone. Learns the new best and forgets the old most."""

    declared: ClassVar[Method] = FINETUNE
    noise: Noise | None = (
        None  # what hides each row of the experience; set before it is learned, by whoever promised it
    )

    def __init__(self, config: StrategyConfig, *, seed: int = 0, memory: Memory | None = None) -> None:
        self.config = config
        self.seed = seed
        self.memory = memory if memory is not None else Memory(0)

    def needs_past(self) -> bool:
        """Whether the coming update needs the rows of earlier experiences; asked after `restore`.

        Always, or only because the parent version was learned by another strategy and stored nothing for this one.
        """
        return self.declared.uses_past

    @property
    def only_chooses(self) -> bool:
        """Whether it decides which rows are learned and nothing else: neither loss nor gradients are its own."""
        own = type(self)
        return own.loss is Strategy.loss and own.adjust_gradients is Strategy.adjust_gradients

    @property
    def watches_steps(self) -> bool:
        """Whether it has to see each step that weights take."""
        return type(self).after_step is not Strategy.after_step

    def remark(self) -> Message | None:
        """What a person should know of the coming update before it is judged; asked after `restore`."""
        if not self.declared.rehearses or len(self.memory):
            return None
        return message(
            "strategy.memory_empty",
            "There are no remembered texts to rehearse, so this update learns from its own rows alone. "
            "With a memory size above 0, the next one has some.",
        )

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        """Before learning, with the parent version's weights: keep what later steps are compared with."""

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        """Rows to learn from in this epoch (counted from 1)."""
        return experience.train

    def validation_set(self, experience: Experience) -> Examples:
        """Rows that choose the best epoch; never a test row."""
        return experience.validation

    def loss(self, model: TextNetwork, batch: Batch, criterion: Criterion) -> Tensor:
        """What one step makes smaller; a scalar."""
        return criterion(model(batch.tokens, batch.mask), *batch.truth)

    def adjust_gradients(self, model: TextNetwork, batch: Batch) -> None:
        """Change the gradients after the backward pass and before clipping."""

    def after_step(self, model: TextNetwork) -> None:
        """Look at the weights that a step has just moved."""

    def running_state(self) -> dict[str, Tensor]:
        """What has gathered since `begin_experience`; goes into every checkpoint."""
        return {}

    def resume(self, state: dict[str, Tensor]) -> None:
        """Take over the `running_state` of a checkpoint; called after `begin_experience`."""

    def learn(self, model: TextNetwork, experience: Experience, gradient_loop: GradientLoop) -> Iterator[Any]:
        """Learn one experience, yielding events; a method without gradients overrides this."""
        self.begin_experience(model, experience)
        yield from gradient_loop(model, self, experience)

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        """After learning: remember what the next update will need. Every version keeps a memory, if its capacity is not 0."""
        features = None
        if self.memory.needs_features:
            features = predict_features(model, experience.train, torch.device("cpu")).numpy()
        self.remember(self.memory, experience, features)

    def remember(self, memory: Memory, experience: Experience, features: NDArray[Any] | None = None) -> None:
        """Let the training rows of an experience pass a memory."""
        memory.observe(
            experience.train.texts,
            experience.targets,
            experience.strata,
            experience=experience.number,
            seed=self.seed,
            features=features,
        )

    def state(self) -> dict[str, Any]:
        """What the next update needs: tensors at the top level, otherwise plain lists, numbers and strings."""
        return {"memory": self.memory.to_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the state that the parent version was stored with."""
        if "memory" in state:
            stored = Memory.from_dict(state["memory"])
            self.memory = stored.resized(self.memory.capacity, seed=self.seed, selection=self.memory.selection)
