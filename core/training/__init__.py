"""Training: batches, optimiser, loop and its events. Knows nothing of files, versions or the screen."""

from core.training.batches import predict_logits
from core.training.config import TrainingConfig
from core.training.events import CheckpointDue, EpochDone, Event, Finished, StageStarted, StepDone
from core.training.loop import train

__all__ = [
    "CheckpointDue",
    "EpochDone",
    "Event",
    "Finished",
    "StageStarted",
    "StepDone",
    "TrainingConfig",
    "predict_logits",
    "train",
]
