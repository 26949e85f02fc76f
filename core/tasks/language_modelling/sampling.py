"""How a text is drawn from a language model. Imports no torch."""

from __future__ import annotations

from typing import Any

from core.base.config import Config, setting
from core.networks.standalone.write import TEMPERATURE, TOKENS, TOP_P


class SamplingConfig(Config):
    """How a text is drawn from the model."""

    temperature: float = setting(
        TEMPERATURE,
        label="Temperature",
        help="Below 1 the model keeps to what it finds likely, such as 0.5 for safe sentences; above 1 it gambles.",
        bounds=(0.1, 2.0),
        step=0.1,
    )
    top_p: float = setting(
        TOP_P,
        label="Top-p",
        help="Each token is drawn from the most likely ones that together reach this probability; 1 takes all.",
        bounds=(0.05, 1.0),
        step=0.05,
    )
    written_tokens: int = setting(
        TOKENS, label="Longest continuation (tokens)", help="Writing ends here at the latest.", bounds=(5, 300), step=5
    )
    written_seed: int = setting(
        0,
        label="Seed of the text",
        help="Same seed, same beginning, same sliders: same text.",
        bounds=(0, 1_000_000),
        step=1,
        advanced=True,
    )

    def options(self) -> dict[str, Any]:
        """What `core.networks.standalone.write.Writer` is told."""
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "tokens": self.written_tokens,
            "seed": self.written_seed,
        }
