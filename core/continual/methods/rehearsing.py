"""Strategies that learn from remembered rows beside the new ones: their settings and how they are declared."""

from __future__ import annotations

from core.base.config import setting
from core.continual.methods.base import Method, StrategyConfig


class ReplayConfig(StrategyConfig):
    """How much of the past is rehearsed, and how much of the model may move."""

    replay_ratio: float = setting(
        1.0,
        label="Remembered rows per new row",
        help="1 means that half of what the update reads is from the memory. "
        "More forgets less and learns the new more slowly.",
        bounds=(0.0, 4.0),
        step=0.25,
        group="strategy",
    )
    frozen_layers: int = setting(
        0,
        label="Frozen lower layers",
        help="This many layers, counted from the words upwards, stay as they are in an update. Faster, and steadier "
        "with few new rows; new words are then hardly learned.",
        bounds=(0, 6),
        step=1,
        group="strategy",
        advanced=True,
    )


REPLAY = Method(
    "replay",
    "core.continual.strategies.replay:Replay",
    ReplayConfig,
    rehearses=True,
    only_chooses=True,
)


class DerConfig(StrategyConfig):
    """How closely remembered answers are kept."""

    der_alpha: float = setting(
        1.0,
        label="Weight of old answers",
        help="How closely the answers to remembered texts keep to what they once were.",
        bounds=(0.0, 5.0),
        step=0.1,
        group="strategy",
    )


DER = Method(
    "der",
    "core.continual.strategies.der:DarkExperienceReplay",
    DerConfig,
    rehearses=True,
    distils=True,
)


class DerppConfig(DerConfig):
    """How closely remembered answers are kept, and how much remembered targets count."""

    der_beta: float = setting(
        1.0,
        label="Weight of old labels",
        help="How much the labels of remembered texts count beside those of new ones.",
        bounds=(0.0, 5.0),
        step=0.1,
        group="strategy",
    )


DERPP = Method(
    "derpp",
    "core.continual.strategies.derpp:DarkExperienceReplayPlusPlus",
    DerppConfig,
    rehearses=True,
    distils=True,
)


class AgemConfig(StrategyConfig):
    """How many remembered rows watch over a step."""

    agem_rows: int = setting(
        64,
        label="Remembered rows per step",
        help="How many remembered texts say in each step which direction would harm them. More is steadier and slower.",
        bounds=(8, 512),
        step=8,
        scale="log",
        group="strategy",
    )


AGEM = Method(
    "agem",
    "core.continual.strategies.agem:AveragedGradientEpisodicMemory",
    AgemConfig,
    rehearses=True,
)


class SelfTrainingConfig(ReplayConfig):
    """How sure the version before has to be, and how much is rehearsed."""

    least_probability: float = setting(
        0.5,
        label="Least probability",
        help="What the version before marks in new texts is taken for true from this probability on. Higher takes over fewer "
        "mistakes, and forgets more.",
        bounds=(0.0, 1.0),
        step=0.05,
        group="strategy",
    )


SELF_TRAINING = Method(
    "self_training",
    "core.continual.strategies.self_training:SelfTraining",
    SelfTrainingConfig,
    rehearses=True,
    only_chooses=True,
    fills_in=True,
)
