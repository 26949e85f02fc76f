"""Learning from few rows: first the encoder learns which texts belong together, then the head learns their targets.

Knows nothing of files or versions; both halves are generators of events, as the training loop is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.base.events import CheckpointDue, Event, Finished, StepDone
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch, drop_tokens, make_batch, predict_features
from core.training import loop
from core.training.config import TrainingConfig
from core.training.loop import Objective, Rows, learned_weights, stopped_by_hand
from core.training.objectives.supervised import train
from core.training.optimiser import Optimizer

PAIRS_PART = 0.9  # of the whole learning, for the bar: a head on features that are already there takes a moment
BAR = 1000
PAIR_BATCH = 16  # texts at most: twice as many did worse with 16 rows a target, on rows held back for choosing
HEAD_STEPS = 200  # at least: with 32 rows, an epoch of the head is a single step
ShouldStop = Callable[[], bool]


@dataclass
class _Run:
    """What both halves are given."""

    model: TextNetwork
    strategy: Strategy
    experience: Experience
    config: TrainingConfig
    device: torch.device
    should_stop: ShouldStop


def learn(
    model: TextNetwork,
    strategy: Strategy,
    experience: Experience,
    config: TrainingConfig,
    *,
    device: torch.device | None = None,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Event]:
    """Learn one experience: from pairs first where the model asks for it (`TextNetwork.pair_readings`), else at once.

    In the first half a batch holds as many texts of each target; the encoder learns that the cosine of two texts'
    features is 1 with the same target and 0 with different ones. In the second half the encoder is frozen, every text
    encoded once, and the head learned from there.

    Tunstall et al. draw pairs and encode both texts of each. Here all pairs of a batch count at once: B texts encoded
    give B (B − 1) / 2 pairs, against B / 2. Like theirs, pairs of either kind weigh the same in the end.

    Parameters
    ----------
    model
        The model, changed in place.
    should_stop
        A function asked after every step; where it stops the first half, nothing is worth keeping (`Finished`: epoch 0).
    resume
        The state of an earlier `CheckpointDue` of the same run, of either half.

    Yields
    ------
    Event
        The events of `core.training.loop.run`.

    References
    ----------
    Tunstall et al. 2022, "Efficient Few-Shot Learning Without Prompts" (SetFit, arXiv 2209.11055).
    """
    device = device or torch.device("cpu")
    if not model.pair_readings:
        yield from train(model, strategy, experience, config, device=device, should_stop=should_stop, resume=resume)
        return
    model.to(device)
    run = _Run(model, strategy, experience, config, device, should_stop)
    paired = resume is not None and "pairs" not in resume
    if not paired:
        yield from _learn_pairs(run, resume["pairs"] if resume is not None else None)
        if should_stop():
            model.eval()
            yield Finished(0, 0, stopped_by_hand())
            return
    if resume is not None and paired:
        model.load_state_dict(model.state_dict() | resume["model"])
    tuned = learned_weights(model)
    with model.head_alone():
        for event in _learn_head(run, resume if paired else None):
            if isinstance(event, CheckpointDue):  # the loop saves what learns, and that is now the head alone
                event = CheckpointDue({**event.state, "model": tuned | event.state["model"]})
            yield event


def balanced_batch(targets: np.ndarray, size: int, seed: tuple[int, int]) -> np.ndarray:
    """Row numbers of at most ``size`` different rows, as many of each of some targets, at least two where there are two.

    With more targets than half the size, another choice of them for another seed.
    """
    generator = np.random.default_rng(seed)
    present = np.unique(targets)
    ways = max(1, min(len(present), size // 2))
    drawn = generator.permutation(present)[:ways]
    each = size // ways
    return np.concatenate([generator.permutation(np.flatnonzero(targets == target))[:each] for target in drawn])


def pair_loss(features: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of the cosine of all pairs; those with the same target weigh half, however few they are.

    Parameters
    ----------
    features
        (batch, width).
    targets
        int64 (batch).
    """
    unit = nn.functional.normalize(features, dim=1)
    same = targets[:, None] == targets[None, :]
    error = (unit @ unit.T - same.to(unit.dtype)).square()
    once = torch.ones_like(same).triu(diagonal=1)  # every pair, and none of a text with itself
    parts = [error[kind & once].mean() for kind in (same, ~same) if bool((kind & once).any())]
    return torch.stack(parts).mean()


def _learn_pairs(run: _Run, state: dict[str, Any] | None) -> Iterator[Event]:
    """Tune the encoder; strategies that watch or correct gradients do so here too."""
    objective = _Pairs(run)
    if len(np.unique(objective.examples.targets)) < 2:
        return  # all belong together: there is nothing to tell apart
    model, config = run.model, run.config.model_copy(update={"epochs": 1})
    if state is not None and "progress" not in state:  # of a run that an earlier edition began
        state = state | {"progress": {"step": state["step"], "loss_sum": state["loss_sum"]}}
    optimizer = Optimizer(model.parameter_groups(), config, objective.steps, model.sparse_parameters())
    model.train()
    for event in loop.run(
        model, objective, optimizer, config, device=run.device, should_stop=run.should_stop, resume=state
    ):
        if isinstance(event, StepDone):
            bar = round(BAR * PAIRS_PART * event.step / event.steps)
            yield replace(event, step=bar, steps=BAR)
        elif isinstance(event, CheckpointDue):
            yield CheckpointDue({"pairs": event.state})
    optimizer.zero_grad()  # none may be left on weights that are frozen next


def _belonging(targets: np.ndarray) -> np.ndarray:
    """Which rows belong together, by a number for each, int64 (rows): those with the same target, or the same set of them."""
    if targets.ndim == 1:
        return targets
    numbers: np.ndarray = np.unique(targets, axis=0, return_inverse=True)[1].reshape(-1)
    return numbers


class _Pairs(Objective):
    """Which texts have the same target; one epoch of as many batches as the model asks for."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        examples = run.experience.treated(run.strategy.training_set(run.experience, 1))
        self.examples = replace(examples, targets=_belonging(examples.targets))
        self._size = min(run.config.batch_size, PAIR_BATCH)
        self.steps = max(1, math.ceil(run.model.pair_readings * len(self.examples) / self._size))
        self._batch: Batch | None = None

    def batches(self, epoch: int) -> Sequence[Rows]:
        seed = self._run.config.seed
        return [balanced_batch(self.examples.targets, self._size, (seed, step)) for step in range(self.steps)]

    def loss(self, rows: Rows) -> Tensor:
        run = self._run
        self._batch = make_batch(self.examples, rows, run.device)
        seen = drop_tokens(self._batch, run.config.word_dropout, run.model.hiding_token)
        return pair_loss(run.model.features(seen.tokens, seen.mask), self._batch.targets)

    def before_step(self) -> None:
        assert self._batch is not None
        self._run.strategy.adjust_gradients(self._run.model, self._batch)

    def after_step(self) -> None:
        self._run.strategy.after_step(self._run.model)

    def state(self) -> dict[str, Tensor]:
        return {name: value.cpu().clone() for name, value in self._run.strategy.running_state().items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        self._run.strategy.resume(state)


def _learn_head(run: _Run, resume: dict[str, Any] | None) -> Iterator[Event]:
    """The ordinary loop, on features that are made beforehand: a resumed run then reads exactly the same ones."""
    model = run.model
    rows = run.experience.treated(run.strategy.training_set(run.experience, 1))
    for examples in (rows, run.strategy.validation_set(run.experience)):
        if len(examples):
            predict_features(model, examples, run.device)
    steps = math.ceil(len(rows) / run.config.batch_size)
    epochs = max(run.config.epochs, math.ceil(HEAD_STEPS / steps))
    # A hidden token would make it another text, to be encoded anew in every epoch.
    config = run.config.model_copy(update={"epochs": epochs, "word_dropout": 0.0})
    events = train(
        model,
        run.strategy,
        run.experience,
        config,
        device=run.device,
        should_stop=run.should_stop,
        resume=resume,
    )
    for event in events:
        if isinstance(event, StepDone):
            share = (event.epoch - 1 + event.step / event.steps) / event.epochs
            bar = round(BAR * (PAIRS_PART + (1 - PAIRS_PART) * share))
            event = replace(event, epoch=1, epochs=1, step=bar, steps=BAR)
        yield event
