"""The shape of a language model. Imports no torch."""

from __future__ import annotations

from core.base.config import like, setting
from core.base.settings import AttentionConfig


class CausalConfig(AttentionConfig):
    """Shape of a causal Transformer; fixed for as long as the model lives."""

    embedding_size: int = like(
        AttentionConfig,
        "embedding_size",
        default=64,
        help="Numbers that describe one token; must be an even multiple of the number of heads.",
    )
    hidden_size: int = like(AttentionConfig, "hidden_size", default=256)
    dropout: float = setting(
        0.1,
        label="Dropout",
        help="Share of values switched off at random while learning; guards against learning by heart.",
        bounds=(0.0, 0.8),
        step=0.05,
    )
    context: int = setting(
        128,
        label="Context (tokens)",
        help="How far the model looks back. Longer texts are learned in pieces of this length.",
        bounds=(8, 1024),
        step=8,
    )
