"""The strategies an update can use; one file each, and one line here."""

from core.models.batches import Batch
from core.strategies.agem import AveragedGradientEpisodicMemory
from core.strategies.base import Experience, Strategy, StrategyConfig
from core.strategies.closed_form import ClosedForm
from core.strategies.der import DarkExperienceReplay
from core.strategies.derpp import DarkExperienceReplayPlusPlus
from core.strategies.ewc import ElasticWeightConsolidation
from core.strategies.gdumb import GreedyDumb
from core.strategies.joint import Joint
from core.strategies.lwf import LearningWithoutForgetting
from core.strategies.mas import MemoryAwareSynapses
from core.strategies.memory import Memory
from core.strategies.ncm import NearestClassMean
from core.strategies.replay import Replay
from core.strategies.ridge import Ridge
from core.strategies.si import SynapticIntelligence
from core.strategies.slda import StreamingLDA

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
