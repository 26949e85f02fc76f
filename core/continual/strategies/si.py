"""Synaptic intelligence (Zenke, Poole & Ganguli 2017, "Continual Learning Through Synaptic Intelligence")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from core.base.events import EpochDone
from core.base.messages import Message, message
from core.continual.methods.protecting import SI, SiConfig
from core.continual.strategies.base import Experience, GradientLoop
from core.continual.strategies.importance import Importance, Tensors
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch
from core.networks.text.examples import Examples
from core.tasks.base import Task

DAMPING = 1e-3  # ξ: keeps weights that hardly moved from seeming all-important


class SynapticIntelligence(Importance):
    """While learning, add up how much each weight's own movement lowered the loss; later experiences may move weights
    that contributed little.

    Path: ω_i = − Σ over steps of g_i Δθ_i, g the gradient of the loss without the penalty.
    Importance: Ω_i = Σ over experiences of max(0, ω_i) / ((θ_i,end − θ_i,begin)² + ξ).
    Penalty: c Σ_i Ω_i (θ_i − θ*_i)² with c = λ / 2, θ* after the last experience.

    The path ends where the weights come from, at the best epoch. A path that was not walked cannot be measured
    afterwards: after a version of another strategy, the first update protects nothing (`remark`).
    """

    declared = SI
    config: SiConfig

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._begin: Tensors = {}
        self._path: Tensors = {}
        self._best_path: Tensors = {}  # of the epoch whose weights are kept
        self._step: list[tuple[str, Tensor, Tensor]] = []  # name, gradient, weights before the step

    @property
    def strength(self) -> float:
        return self.config.si_strength

    def needs_past(self) -> bool:
        return False

    def remark(self) -> Message | None:
        if self.strength == 0 or self.importance:
            return None
        return message(
            "strategy.si_unprotected",
            "Synaptic intelligence can only protect what it has watched being learned. The base version was learned "
            "with another strategy, so this update protects nothing; the next one will.",
        )

    def learn(self, model: TextNetwork, experience: Experience, gradient_loop: GradientLoop) -> Iterator[Any]:
        for event in super().learn(model, experience, gradient_loop):
            if isinstance(event, EpochDone) and event.best:
                self._best_path = {name: value.clone() for name, value in self._path.items()}
            yield event

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        super().begin_experience(model, experience)
        self._begin = {name: parameter.detach().clone() for name, parameter in model.learned_parameters()}
        self._path = {name: torch.zeros_like(value) for name, value in self._begin.items()}
        self._best_path = dict(self._path)

    def adjust_gradients(self, model: TextNetwork, batch: Batch) -> None:
        self._step = []
        for name, parameter in model.learned_parameters():
            if parameter.grad is None:
                continue
            if parameter.grad.is_sparse:
                gradient = parameter.grad.coalesce()
                self._step.append((name, gradient, parameter.detach()[gradient.indices()[0]]))
            else:
                self._step.append((name, parameter.grad.clone(), parameter.detach().clone()))
        super().adjust_gradients(model, batch)

    @torch.no_grad()
    def after_step(self, model: TextNetwork) -> None:
        parameters = dict(model.learned_parameters())
        for name, gradient, before in self._step:
            path = self._path[name] = self._path[name].to(before.device)
            if gradient.is_sparse:
                rows = gradient.indices()[0]
                path.index_add_(0, rows, gradient.values() * (parameters[name][rows] - before), alpha=-1)
            else:
                path.addcmul_(gradient, parameters[name] - before, value=-1)
        self._step = []

    def running_state(self) -> Tensors:
        paths = {"path": self._path, "best_path": self._best_path}
        return {f"{kind}.{name}": value for kind in paths for name, value in paths[kind].items()}

    def resume(self, state: Tensors) -> None:
        self._path = {name: state[f"path.{name}"].clone() for name in self._begin}
        self._best_path = {name: state[f"best_path.{name}"].clone() for name in self._begin}

    def measure(self, model: TextNetwork, examples: Examples, outputs: int, task: Task) -> Tensors:
        measured = {}
        for name, parameter in model.learned_parameters():
            moved = parameter.detach() - self._begin[name]
            measured[name] = self._best_path[name].cpu().clamp(min=0) / (moved.square() + DAMPING)
        return measured
