"""Writes texts with an exported model, token by token through its cache. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from core.base.config import Config, setting
from core.networks.causal.tokens import END
from core.networks.standalone.predict import UNKNOWN
from core.tasks.language_modelling.engine import Floats, LanguageEngine, log_probabilities


class SamplingConfig(Config):
    """How a text is drawn from the model."""

    temperature: float = setting(
        0.8,
        label="Temperature",
        help="Below 1 the model keeps to what it finds likely, such as 0.5 for safe sentences; above 1 it gambles.",
        bounds=(0.1, 2.0),
        step=0.1,
    )
    top_p: float = setting(
        0.9,
        label="Top-p",
        help="Each token is drawn from the most likely ones that together reach this probability; 1 takes all.",
        bounds=(0.05, 1.0),
        step=0.05,
    )
    written_tokens: int = setting(
        60, label="Longest continuation (tokens)", help="Writing ends here at the latest.", bounds=(5, 300), step=5
    )
    written_seed: int = setting(
        0,
        label="Seed of the text",
        help="Same seed, same beginning, same sliders: same text.",
        bounds=(0, 1_000_000),
        step=1,
        advanced=True,
    )


def write(engine: LanguageEngine, prompt: str, config: SamplingConfig) -> Iterator[str]:
    """Continue a beginning, piece by piece; ends where the model ends its text, or at the longest length.

    An empty prompt lets the model begin by itself. Of a beginning longer than the model looks back, the end is read.

    Yields
    ------
    str
        What to append to the prompt; joined, the continuation.
    """
    generator = np.random.default_rng(config.written_seed)
    wanted = min(config.written_tokens, engine.context)
    begun = engine.vocabulary.encode_prompt(prompt.rstrip())
    read = [END, *begun][-max(1, engine.context - wanted) :]
    shown = engine.vocabulary.decode(begun)
    written: list[int] = []
    unreadable = [UNKNOWN, *engine.vocabulary.nameless]
    tokens, cache = np.array([read], dtype=np.int64), engine.empty_cache(1)
    while len(written) < wanted:
        logits, cache = engine.step(tokens, cache)
        token = choose(_allowed(logits[0, -1], unreadable, may_end=bool(written)), config, generator)
        if token == END:
            return
        written.append(token)
        text = engine.vocabulary.decode([*begun, *written])
        yield text[len(shown) :]
        shown = text
        tokens = np.array([[token]], dtype=np.int64)


def write_text(engine: LanguageEngine, prompt: str, config: SamplingConfig) -> str:
    """The whole continuation at once."""
    return "".join(write(engine, prompt, config))


def choose(logits: Floats, config: SamplingConfig, generator: np.random.Generator) -> int:
    """Draw one token from the nucleus (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration").

    The most likely tokens are taken until their probabilities reach ``top_p``; one of them is drawn in proportion.
    """
    chances: npt.NDArray[np.float64] = np.exp(log_probabilities(logits / config.temperature))
    order = np.argsort(-chances, kind="stable")
    reached = np.cumsum(chances[order])
    nucleus = order[: int(np.searchsorted(reached, min(config.top_p, reached[-1]))) + 1]
    weights = chances[nucleus] / chances[nucleus].sum()
    return int(generator.choice(nucleus, p=weights))


def _allowed(logits: Floats, unreadable: Sequence[int], *, may_end: bool) -> Floats:
    """Without tokens that nobody can read, and without an end before anything was written."""
    logits = logits.copy()
    logits[list(unreadable)] = -np.inf
    if not may_end:
        logits[END] = -np.inf
    return logits
