"""What EWC, MAS and SI share: weights that mattered for the past are pulled back to where they were.

Each strategy measures importance in its own way; the penalty, the growing of the model and the storage are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch, make_batch
from core.networks.text.examples import Examples
from core.tasks.base import Task

Tensors = dict[str, Tensor]  # by the name of the parameter, in its shape
Scores = Callable[[Tensor, Tensor], Sequence[tuple[float, Tensor]]]


class Importance(Strategy):
    """Add a quadratic penalty on weights that leave the values which earlier experiences need.

    Penalty: P(θ) = ½ λ Σ_i (A_i θ_i² − 2 B_i θ_i), and so ∂P/∂θ_i = λ (A_i θ_i − B_i). Two tensors a parameter hold
    any number of quadratic terms ½ F_i (θ_i − θ*_i)²: A sums the F_i, B the F_i θ*_i.

    The penalty moves gradients alone and does not show in the reported loss, which stays comparable with that of other
    strategies. A sparse gradient is penalised in the rows that it touches: rows that no text of the batch uses do not
    move, so nothing has to pull them back. New outputs and new words start with no importance.

    Importance is not rescaled: F (θ − θ*)² has the unit of the loss, however large a model's weights are, so that one
    default strength serves all architectures. It is far above 1, the value of the Bayesian derivation for EWC, because
    a diagonal misses what weights do together.
    """

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self.importance: Tensors = {}  # A
        self.pull: Tensors = {}  # B

    @property
    def strength(self) -> float:
        """The λ of the penalty; 0 switches it off."""
        raise NotImplementedError

    def measure(self, model: TextNetwork, examples: Examples, outputs: int, task: Task) -> Tensors:
        """How much each weight matters for these rows, as seen by a model that knows the first ``outputs`` outputs."""
        raise NotImplementedError

    def merge(self, importance: Tensors, model: TextNetwork) -> None:
        """Take in the importance of one more experience; all of it now holds the model where it is."""
        for name, parameter in model.learned_parameters():
            self.importance[name] = self.importance[name] + importance[name]
            self.pull[name] = self.importance[name] * parameter.detach()

    def needs_past(self) -> bool:
        return self.strength > 0 and not self.importance

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        """Make room for what has grown; measure the past where the parent version was learned without this strategy."""
        if self.importance:
            self._fit(model)
        elif len(experience.past) and self.strength > 0:
            measured = self.measure(model, experience.past, experience.known_outputs, experience.task)
            self._fit(model)
            for _ in range(experience.number - 1):  # as if each earlier experience had shown the same
                self.merge(measured, model)

    def adjust_gradients(self, model: TextNetwork, batch: Batch) -> None:
        if self.strength == 0 or not self.importance:
            return
        for name, parameter in model.learned_parameters():
            if parameter.grad is None:
                continue
            if self.importance[name].device != parameter.device:
                self.importance[name] = self.importance[name].to(parameter.device)
                self.pull[name] = self.pull[name].to(parameter.device)
            weight, precision, pull = parameter.detach(), self.importance[name], self.pull[name]
            if not parameter.grad.is_sparse:
                parameter.grad.add_(precision * weight - pull, alpha=self.strength)
                continue
            gradient = parameter.grad.coalesce()
            rows = gradient.indices()[0]
            values = gradient.values() + self.strength * (precision[rows] * weight[rows] - pull[rows])
            parameter.grad = torch.sparse_coo_tensor(
                gradient.indices(), values, gradient.shape, is_coalesced=True, check_invariants=False
            )

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        super().end_experience(model, experience)
        self._fit(model)
        self.merge(self.measure(model, experience.train, len(experience.outputs), experience.task), model)

    def state(self) -> dict[str, Any]:
        stored = {"importance": self.importance, "pull": self.pull}
        tensors = {
            f"{self.declared.name}.{kind}.{name}": value for kind in stored for name, value in stored[kind].items()
        }
        return super().state() | tensors

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.importance = _having(state, f"{self.declared.name}.importance.")
        self.pull = _having(state, f"{self.declared.name}.pull.")

    def _fit(self, model: TextNetwork) -> None:
        """Give every weight of the model its place, on the CPU; what is new has no importance yet."""
        for name, parameter in model.learned_parameters():
            for stored in (self.importance, self.pull):
                stored[name] = _grown(stored.get(name), parameter.shape)


def _having(state: dict[str, Any], prefix: str) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _grown(stored: Tensor | None, shape: torch.Size) -> Tensor:
    """The stored values, followed by zeros where the parameter has more rows than before."""
    if stored is not None and stored.shape == shape:
        return stored.cpu()
    grown = torch.zeros(shape)
    if stored is not None:
        grown[tuple(slice(0, size) for size in stored.shape)] = stored.cpu()
    return grown


def some_rows(examples: Examples, most: int, seed: Iterable[int]) -> Examples:
    """All rows, or a random ``most`` of them."""
    if len(examples) <= most:
        return examples
    return examples.take(np.random.default_rng(list(seed)).choice(len(examples), most, replace=False))


def mean_gradients(model: TextNetwork, examples: Examples, scores: Scores, *, power: int) -> Tensors:
    """Mean over rows of Σ_s weight_s · |∂score_s/∂θ|^power, one row at a time: never of a batch's mean gradient.

    Parameters
    ----------
    scores
        A function from one row's logits (outputs) and target to the weighted scalars to differentiate.
    """
    parameters = dict(model.learned_parameters())
    sums = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    was_training = model.training
    model.eval()
    for row in range(len(examples)):
        batch = make_batch(examples, np.array([row]), torch.device("cpu"))
        weighted = scores(model(batch.tokens, batch.mask)[0], batch.targets[0])
        for number, (weight, score) in enumerate(weighted):
            more = number + 1 < len(weighted)
            gradients = torch.autograd.grad(score, list(parameters.values()), retain_graph=more, allow_unused=True)
            for total, gradient in zip(sums.values(), gradients, strict=True):
                if gradient is not None:
                    _add(total, gradient, weight / len(examples), power)
    model.train(was_training)
    return sums


def _add(total: Tensor, gradient: Tensor, weight: float, power: int) -> None:
    if gradient.is_sparse:
        gradient = gradient.coalesce()
        total.index_add_(0, gradient.indices()[0], gradient.values().abs().pow(power), alpha=weight)
    else:
        total.add_(gradient.abs().pow(power), alpha=weight)
