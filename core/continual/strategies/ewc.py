"""Elastic weight consolidation (Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks")."""

from __future__ import annotations

import torch
from torch import Tensor

from core.continual.methods.protecting import EWC, EwcConfig
from core.continual.strategies.importance import Importance, Tensors, mean_gradients, some_rows
from core.networks.encoders.base import TextNetwork
from core.networks.text.examples import Examples
from core.tasks.base import Task


class ElasticWeightConsolidation(Importance):
    """After each experience, measure how much each weight matters for the answers, by the diagonal of the Fisher
    information; later experiences may move weights that matter little.

    Fisher: F_i = mean over rows x of E_{y ~ p(y | x, θ*)} [(∂ log p(y | x, θ*) / ∂θ_i)²], per row and never of a batch's
    mean gradient. The expectation over the model's own answers is computed exactly for few outputs; beyond that, and for
    entities, one answer a row is drawn from p.
    Penalty: ½ λ Σ_k Σ_i F_ki (θ_i − θ*_ki)² over past experiences k, each with its own F_k and θ*_k, stored as two sums
    (`Importance`); Huszár's note shows why one term centred at the last θ* must not be added to older ones. Online:
    one term, A ← γ A + F_k, centred at the last θ*.

    References
    ----------
    Huszár 2018, "Note on the quadratic penalties in elastic weight consolidation". Schwarz et al. 2018, "Progress &
    Compress" (online).
    """

    declared = EWC
    config: EwcConfig

    @property
    def strength(self) -> float:
        return self.config.ewc_strength

    def measure(self, model: TextNetwork, examples: Examples, outputs: int, task: Task) -> Tensors:
        generator = torch.Generator().manual_seed(self.seed)

        def scores(logits: Tensor, targets: Tensor) -> list[tuple[float, Tensor]]:
            return task.drawn(logits, targets, outputs, generator)

        rows = some_rows(examples, self.config.ewc_rows, [self.seed])
        return mean_gradients(model, rows, scores, power=2)

    def merge(self, importance: Tensors, model: TextNetwork) -> None:
        if self.config.ewc_variant == "online":
            self.importance = {name: self.config.ewc_decay * value for name, value in self.importance.items()}
            super().merge(importance, model)
            return
        for name, parameter in model.learned_parameters():
            self.importance[name] = self.importance[name] + importance[name]
            self.pull[name] = self.pull[name] + importance[name] * parameter.detach()
