"""Strategies that hold what was learned without keeping rows: their settings and how they are declared."""

from __future__ import annotations

from typing import Literal

from core.base.config import like, setting
from core.continual.methods.base import Method, StrategyConfig


class EwcConfig(StrategyConfig):
    """How firmly the past is held, and how it is summed up."""

    ewc_strength: float = setting(
        200.0,
        label="Strength",
        help="How firmly weights that earlier data needed are held in place. 0 is plain fine-tuning.",
        bounds=(0.0, 2000.0),
        step=50,
        group="strategy",
    )
    ewc_variant: Literal["separate", "online"] = setting(
        "separate",
        label="Past experiences",
        help="Separate remembers where each experience left the weights; online holds them where they are now "
        "and lets the oldest fade.",
        group="strategy",
        advanced=True,
    )
    ewc_decay: float = setting(
        0.9,
        label="Fading of the past",
        help="Online only: the share of the earlier importance that stays with each update.",
        bounds=(0.0, 1.0),
        step=0.05,
        group="strategy",
        advanced=True,
    )
    ewc_rows: int = setting(
        500,
        label="Rows to measure with",
        help="At most this many rows tell which weights matter. More is more exact and takes longer.",
        bounds=(50, 5000),
        step=50,
        group="strategy",
        advanced=True,
    )


EWC = Method(
    "ewc",
    "core.continual.strategies.ewc:ElasticWeightConsolidation",
    EwcConfig,
    needs_likelihood=True,
    protects=True,
)


class SiConfig(StrategyConfig):
    """How firmly the past is held."""

    si_strength: float = setting(
        0.3,
        label="Strength",
        help="How firmly weights that made earlier losses fall are held in place. 0 is plain fine-tuning.",
        bounds=(0.0, 5.0),
        step=0.1,
        group="strategy",
    )


SI = Method(
    "si",
    "core.continual.strategies.si:SynapticIntelligence",
    SiConfig,
    protects=True,
)


class MasConfig(StrategyConfig):
    """How firmly the past is held."""

    mas_strength: float = setting(
        0.2,
        label="Strength",
        help="How firmly weights that earlier answers depend on are held in place. 0 is plain fine-tuning.",
        bounds=(0.0, 5.0),
        step=0.1,
        group="strategy",
    )
    mas_rows: int = like(EwcConfig, "ewc_rows")


MAS = Method(
    "mas",
    "core.continual.strategies.mas:MemoryAwareSynapses",
    MasConfig,
    protects=True,
)


class LwfConfig(StrategyConfig):
    """How closely the new model keeps to the old one's answers."""

    lwf_strength: float = setting(
        1.0,
        label="Strength",
        help="How closely the answers to new texts keep to those of the version before. 0 is plain fine-tuning.",
        bounds=(0.0, 20.0),
        step=0.25,
        group="strategy",
    )
    lwf_temperature: float = setting(
        2.0,
        label="Temperature",
        help="Above 1, small differences between unlikely labels count more when answers are compared.",
        bounds=(1.0, 10.0),
        step=0.5,
        group="strategy",
        advanced=True,
    )


LWF = Method(
    "lwf",
    "core.continual.strategies.lwf:LearningWithoutForgetting",
    LwfConfig,
    needs_likelihood=True,
    protects=True,
)
