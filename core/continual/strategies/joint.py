"""Joint retraining: the upper reference every other strategy is measured against, and the most expensive."""

from __future__ import annotations

from core.continual.methods.restarting import JOINT
from core.continual.strategies.base import Experience, Strategy
from core.networks.text.examples import Examples


class Joint(Strategy):
    """Train a new model from random start on all rows of all experiences; needs every earlier dataset at hand."""

    declared = JOINT

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        return experience.past.joined(experience.train)

    def validation_set(self, experience: Experience) -> Examples:
        return experience.past_validation.joined(experience.validation)
