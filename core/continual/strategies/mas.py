"""Memory aware synapses (Aljundi et al. 2018, "Memory Aware Synapses: Learning what (not) to forget")."""

from __future__ import annotations

from torch import Tensor

from core.continual.methods.protecting import MAS, MasConfig
from core.continual.strategies.importance import Importance, Tensors, mean_gradients, some_rows
from core.networks.encoders.base import TextNetwork
from core.networks.text.examples import Examples
from core.tasks.base import Task


class MemoryAwareSynapses(Importance):
    """A weight matters when the model's answers change much with it, whether they are right or not; later experiences
    may move the others. No target is needed to measure it.

    Importance: Ω_i = mean over rows x of |∂ ‖f(x)‖² / ∂θ_i|, f the logits, per row; summed over experiences.
    Penalty: ½ λ Σ_i Ω_i (θ_i − θ*_i)², θ* after the last experience.
    """

    declared = MAS
    config: MasConfig

    @property
    def strength(self) -> float:
        return self.config.mas_strength

    def measure(self, model: TextNetwork, examples: Examples, outputs: int, task: Task) -> Tensors:
        def scores(logits: Tensor, targets: Tensor) -> list[tuple[float, Tensor]]:
            return [(1.0, logits[:outputs].square().sum())]

        rows = some_rows(examples, self.config.mas_rows, [self.seed])
        return mean_gradients(model, rows, scores, power=1)
