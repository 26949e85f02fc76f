"""The strategies an update can use; one file each, and one line here."""

from core.continual.memory import Memory
from core.continual.strategies.agem import AveragedGradientEpisodicMemory
from core.continual.strategies.base import Experience, Strategy, StrategyConfig
from core.continual.strategies.closed_form import ClosedForm
from core.continual.strategies.der import DarkExperienceReplay
from core.continual.strategies.derpp import DarkExperienceReplayPlusPlus
from core.continual.strategies.ewc import ElasticWeightConsolidation
from core.continual.strategies.gdumb import GreedyDumb
from core.continual.strategies.joint import Joint
from core.continual.strategies.lwf import LearningWithoutForgetting
from core.continual.strategies.mas import MemoryAwareSynapses
from core.continual.strategies.ncm import NearestClassMean
from core.continual.strategies.replay import Replay
from core.continual.strategies.ridge import Ridge
from core.continual.strategies.si import SynapticIntelligence
from core.continual.strategies.slda import StreamingLDA
from core.networks.encoders.batches import Batch

STRATEGIES: dict[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (
        Strategy,
        Replay,
        DarkExperienceReplay,
        DarkExperienceReplayPlusPlus,
        AveragedGradientEpisodicMemory,
        ElasticWeightConsolidation,
        SynapticIntelligence,
        MemoryAwareSynapses,
        LearningWithoutForgetting,
        NearestClassMean,
        Ridge,
        StreamingLDA,
        GreedyDumb,
        Joint,
    )
}

__all__ = ["STRATEGIES", "Batch", "ClosedForm", "Experience", "Joint", "Memory", "Replay", "Strategy", "StrategyConfig"]
