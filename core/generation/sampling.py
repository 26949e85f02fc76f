"""Writes texts with an exported model, token by token through its cache. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from core.generation.config import SamplingConfig
from core.generation.engine import Floats, GeneratorEngine, log_probabilities
from core.generation.tokens import END
from core.networks.standalone.predict import UNKNOWN


def write(engine: GeneratorEngine, prompt: str, config: SamplingConfig) -> Iterator[str]:
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


def write_text(engine: GeneratorEngine, prompt: str, config: SamplingConfig) -> str:
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
