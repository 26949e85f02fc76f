"""The strategies an update can use; one file each, and one line here."""

from core.models.batches import Batch
from core.strategies.base import Experience, Strategy, StrategyConfig
from core.strategies.joint import Joint
from core.strategies.memory import Memory
from core.strategies.replay import Replay

STRATEGIES: dict[str, type[Strategy]] = {strategy.name: strategy for strategy in (Strategy, Replay, Joint)}

__all__ = ["STRATEGIES", "Batch", "Experience", "Joint", "Memory", "Replay", "Strategy", "StrategyConfig"]
