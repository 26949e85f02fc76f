"""What is known of a strategy before anything is learned. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from core.base.config import Config


class StrategyConfig(Config):
    """Settings of a strategy; fine-tuning has none."""


@dataclass(frozen=True, eq=False)
class Method:
    """A strategy as forms, lists and requests know it; what learns is loaded by `strategy`.

    Parameters
    ----------
    strategy_class
        Where its `core.continual.strategies.Strategy` stands, as ``module:class``.
    uses_past
        Whether every update asks for every earlier experience's rows; see also `Strategy.needs_past`.
    starts_fresh
        Whether it begins from random weights and a new vocabulary instead of the parent version's.
    freezes_encoder
        Whether everything below the head stays as it is, the vocabulary included.
    rehearses
        Whether it learns from remembered rows; without any it is fine-tuning.
    protects
        Whether it holds what was learned without keeping rows.
    needs_distribution
        Whether it takes the model's outputs for logits of a distribution, so that it suits only tasks that have one.
    needs_likelihood
        Whether it asks how probable answers of a network are, so that it suits only tasks that can say so.
    needs_probabilities
        Whether it needs no more than that each output is the logit of a probability, of one of them a row or of each by itself.
    only_chooses
        Whether it decides which rows are learned and nothing else, so that weights that can be solved are; see also
        `Strategy.only_chooses`.
    distils
        Whether it holds the model to the outputs that it once had, so that these must say something of the answer.
    fills_in
        Whether it fills in what targets leave open, so that it suits only tasks whose targets may.
    """

    name: str
    strategy_class: str
    config_class: type[StrategyConfig] = StrategyConfig
    uses_past: bool = False
    starts_fresh: bool = False
    freezes_encoder: bool = False
    rehearses: bool = False
    protects: bool = False
    needs_distribution: bool = False
    needs_likelihood: bool = False
    needs_probabilities: bool = False
    only_chooses: bool = False
    distils: bool = False
    fills_in: bool = False

    def strategy(self) -> Any:
        """The class that learns; the first call loads PyTorch."""
        module, _, name = self.strategy_class.partition(":")
        return getattr(import_module(module), name)


FINETUNE = Method("finetune", "core.continual.strategies.base:Strategy", only_chooses=True)
