"""Training: batches, optimiser and loop. Knows nothing of files, versions or the screen."""

from core.training.config import TrainingConfig
from core.training.objectives.supervised import train

__all__ = [
    "TrainingConfig",
    "train",
]
