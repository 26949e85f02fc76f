"""Learning by gradients with differential privacy: rows drawn by chance, each clipped, their sum hidden in noise (DP-SGD).

References
----------
Abadi et al. 2016, "Deep Learning with Differential Privacy". Mironov et al. 2019, "Rényi Differential Privacy of the Sampled
Gaussian Mechanism" (Poisson sampling). McMahan et al. 2018, "Learning Differentially Private Recurrent Language Models" (groups).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.base.events import Event
from core.continual.noise import Noise
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import drop_tokens, make_batch
from core.networks.encoders.windows import AT_ONCE, owners_of_windows
from core.training.config import TrainingConfig
from core.training.loop import Rows, run
from core.training.objectives.supervised import Targets
from core.training.optimiser import Optimizer
from core.training.private.gradients import Gradients, Recorder

AT_MOST = 256  # rows whose gradients are held together
HELD = 16_000_000  # numbers of such gradients, tables left out
NEVER_CLIPPED = 1e9  # units are clipped before; clipping the noisy sum again would only slow learning
SECRET, STEP = "private.secret", "private.step"


def train(
    model: TextNetwork,
    strategy: Strategy,
    experience: Experience,
    config: TrainingConfig,
    noise: Noise,
    *,
    device: torch.device | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Event]:
    """Learn one experience with noise: all epochs are run, and the last whole one's weights are kept.

    Validation rows are only measured. A resumed run draws the same rows and the same noise as it would have drawn without
    having been stopped: the seed of both is in the checkpoint, and nowhere else.

    Parameters
    ----------
    model
        The model, changed in place; names of its weights stay.
    should_stop, resume
        Those of `core.training.loop.run`, whose events are yielded.
    """
    device = device or torch.device("cpu")
    model.to(device)
    model.train()
    objective = _Private(model, strategy, experience, config, noise, device)
    settings = config.model_copy(update={"gradient_clip": NEVER_CLIPPED, "gradient_accumulation": 1})
    groups = [*model.parameter_groups(), (None, [own for own in model.sparse_parameters() if own.requires_grad])]
    optimizer = Optimizer(groups, settings, objective.steps * config.epochs)
    with objective.recorder.watching():
        yield from run(model, objective, optimizer, settings, device=device, should_stop=should_stop, resume=resume)


class _Private(Targets):
    """The target of each text, seen through noise."""

    patience = 0

    def __init__(
        self,
        model: TextNetwork,
        strategy: Strategy,
        experience: Experience,
        config: TrainingConfig,
        noise: Noise,
        device: torch.device,
    ) -> None:
        super().__init__(model, strategy, experience, config, device)
        self.patience, self.accumulated = 0, 1
        self.steps = max(1, round(1 / noise.sample_rate))
        self.recorder = Recorder(model)
        self._taken = 0
        self._hide_with(noise)
        self._sums: dict[Tensor, Tensor] = {}
        tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding | nn.EmbeddingBag)}
        dense = sum(own.numel() for own in self.recorder.learned if id(own) not in tables)
        self._at_once = max(1, min(AT_MOST, HELD // max(1, dense)))
        self._padding = {
            module.weight: module.padding_idx
            for module in model.modules()
            if isinstance(module, nn.Embedding | nn.EmbeddingBag) and module.padding_idx is not None
        }

    def _hide_with(self, noise: Noise) -> None:
        self._noise, self._secret = noise, noise.secret
        self._units = noise.rows_by_unit(len(self._examples))
        self._unit_of = np.full(len(self._examples), -1, dtype=np.int64)
        for number, rows in enumerate(self._units):
            self._unit_of[rows] = number

    def batches(self, epoch: int) -> Sequence[Rows]:
        """Rows of the units that take part in each step: each unit by itself with the same chance, so a step may have none."""
        self._examples = self._strategy.training_set(self._experience, epoch)
        generator = np.random.default_rng([self._secret, 0, epoch])
        nothing = np.zeros(0, dtype=np.int64)
        batches = []
        for _ in range(self.steps):
            taken = np.flatnonzero(generator.random(len(self._units)) < self._noise.sample_rate)
            batches.append(np.concatenate([nothing, *(self._units[unit] for unit in taken)]))
        return batches

    def loss(self, rows: Rows) -> Tensor:
        """The mean loss; the gradients of the units are taken, clipped and added up on the way."""
        self._sums = {own: torch.zeros_like(own) for own in self.recorder.learned}
        total = 0.0
        for pack in self._packs(rows):
            gradients = Gradients(len(pack))
            for part, numbers in self._parts(pack):
                total += self._take(part, numbers, gradients)
            gradients.clipped(self._noise.clip_norm, self._sums)
        # A number by itself, whose own gradient is nobody's: those of the weights are known already.
        return torch.tensor(total / max(1, len(rows)), requires_grad=True)

    @torch.no_grad()
    def before_step(self) -> None:
        """Hide the sum in noise, and divide it by how many units were to be expected."""
        generator = np.random.default_rng([self._secret, 1, self._taken])
        deviation = np.float32(self._noise.multiplier * self._noise.clip_norm)
        expected = max(1.0, self._noise.sample_rate * len(self._units))
        for own, total in self._sums.items():
            # NumPy's generator takes all of the seed; PyTorch's would take 32 bits of it.
            drawn = torch.from_numpy(generator.standard_normal(tuple(own.shape), np.float32) * deviation).to(total)
            if own in self._padding:  # stands for no token, so no row can move it
                drawn[self._padding[own]] = 0
            own.grad = total.add_(drawn).div_(expected)
        self._sums, self._taken = {}, self._taken + 1

    def state(self) -> dict[str, Tensor]:
        own = {SECRET: torch.tensor(self._secret), STEP: torch.tensor(self._taken)}
        return {**super().state(), **own}

    def restore(self, state: dict[str, Tensor]) -> None:
        self._taken = int(state[STEP])
        self._hide_with(replace(self._noise, secret=int(state[SECRET])))
        super().restore({name: value for name, value in state.items() if name not in (SECRET, STEP)})

    def _packs(self, rows: Rows) -> Iterator[list[Rows]]:
        """Units, each with its rows, some together: those whose texts are of similar length."""
        units = [self._units[unit] for unit in dict.fromkeys(self._unit_of[rows].tolist())]
        units.sort(key=self._longest)
        pack: list[Rows] = []
        for unit in units:
            room = self._room(self._longest(unit))
            if pack and sum(map(len, pack)) + len(unit) > room:
                yield pack
                pack = []
            pack.append(unit)
        if pack:
            yield pack

    def _parts(self, pack: list[Rows]) -> Iterator[tuple[Rows, Rows]]:
        """The rows of a pack, and the numbers of their units in it, as many as are read together."""
        rows = np.concatenate(pack)
        numbers = np.repeat(np.arange(len(pack)), [len(unit) for unit in pack])
        room = self._room(max(map(self._longest, pack)))
        for first in range(0, len(rows), room):
            yield rows[first : first + room], numbers[first : first + room]

    def _longest(self, rows: Rows) -> int:
        return max(len(self._examples.ids[row]) for row in rows)

    def _room(self, tokens: int) -> int:
        """How many rows of this length are read together: no more than a network takes in one go, so that none is read twice."""
        window = getattr(self._model, "window", None)
        return max(1, min(self._at_once, AT_ONCE // -(-tokens // window) if window else AT_MOST))

    def _take(self, rows: Rows, units: Rows, gradients: Gradients) -> float:
        """Add the gradients of these rows to their units; returns the sum of their losses."""
        batch = make_batch(self._examples, rows, self._device)
        seen = drop_tokens(batch, self._config.word_dropout, self._model.hiding_token)

        def total() -> Tensor:
            return self._strategy.loss(self._model, seen, self._criterion) * len(rows)

        owners = torch.from_numpy(units).to(self._device)
        parts = owners_of_windows(self._model, batch.mask)
        return self.recorder.of(total, owners, gradients, parts, self._model.head)
