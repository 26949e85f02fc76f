"""How an update learns; one file each, declared in `core.continual.methods`."""

from core.continual.memory import Memory
from core.continual.strategies.base import Experience, Strategy
from core.continual.strategies.closed_form import ClosedForm
from core.continual.strategies.joint import Joint
from core.continual.strategies.replay import Replay
from core.networks.encoders.batches import Batch

__all__ = ["Batch", "ClosedForm", "Experience", "Joint", "Memory", "Replay", "Strategy"]
