"""Training: batches, optimiser and loop. Knows nothing of files, versions or the screen; loads no torch by itself."""

from core.training.config import TrainingConfig

__all__ = ["TrainingConfig"]
