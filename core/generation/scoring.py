"""How well texts are foreseen: perplexity per token and bits per character, and what of it is forgotten.

Knows nothing of how the probabilities came about. Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.generation.engine import GeneratorEngine, log_probabilities
from core.generation.tokens import Vocabulary, windows
from core.networks.standalone.predict import UNKNOWN, batches_by_length, pad

UNKNOWN_BITS = 17.0  # what it costs to name any of 131,072 characters
_MOST_NUMBERS = 20_000_000  # logits held at a time


@dataclass(frozen=True)
class GeneratorScore:
    """How well a set of texts is foreseen.

    Parameters
    ----------
    perplexity
        ``e^(mean −ln p)`` over all tokens and one end for each text; 1 to the size of the vocabulary for a guess, lower
        is better. Comparable only between models with the same tokens.
    bits_per_character
        ``Σ −log2 p`` over characters (ends count as one), with 17 bits more for each unknown character; lower is better,
        comparable between any models of the same texts.
    tokens, characters
        What was counted, ends included.
    unknown_share
        Share of the tokens that are a character the version does not know.
    """

    perplexity: float
    bits_per_character: float
    tokens: int
    characters: int
    unknown_share: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def score(loss: float, texts: Sequence[Sequence[int]], vocabulary: Vocabulary) -> GeneratorScore:
    """Make a score of the summed −ln p of these texts' tokens and ends."""
    tokens = sum(len(text) + 1 for text in texts)
    characters = sum(len(vocabulary.decode(text)) + 1 for text in texts)
    unknown = sum(list(text).count(UNKNOWN) for text in texts)
    mean = loss / max(tokens, 1)
    return GeneratorScore(
        perplexity=math.exp(min(mean, 700.0)),
        bits_per_character=(loss / math.log(2) + UNKNOWN_BITS * unknown) / max(characters, 1),
        tokens=tokens,
        characters=characters,
        unknown_share=unknown / max(tokens, 1),
    )


def score_texts(engine: GeneratorEngine, texts: Sequence[str]) -> GeneratorScore:
    """Measure texts through the exported model: what is measured is what writes."""
    encoded = engine.vocabulary.encode(texts)
    pieces = [piece for text in encoded for piece in windows(text, engine.context)]
    longest = max((len(piece) for piece in pieces), default=1)
    size = max(1, min(64, _MOST_NUMBERS // (longest * len(engine.vocabulary))))
    loss = 0.0
    for rows in batches_by_length(pieces, size):
        padded, mask = pad([pieces[row] for row in rows])
        logits, _ = engine.step(padded[:, :-1], engine.empty_cache(len(rows)))
        logs = np.take_along_axis(log_probabilities(logits), padded[:, 1:, None], axis=2)[:, :, 0]
        loss -= float(logs[mask[:, 1:]].sum())
    return score(loss, encoded, engine.vocabulary)


def forgetting(matrix: Sequence[Sequence[float | None]]) -> float | None:
    """Mean rise of each older test over the lowest value it ever had; lower is better, positive means forgotten.

    ``F = 1/(T−1) · Σ_{j < T} (R[T, j] − min_{l < T} R[l, j])``, the mirror image of forgetting in accuracy (Chaudhry et
    al. 2018). None for the first version.

    Parameters
    ----------
    matrix
        R[i][j]: perplexity, or bits, on experience j's frozen test after experience i; None where unknown.
    """
    rises = []
    for test in range(len(matrix) - 1):
        earlier = [value for row in matrix[:-1] if (value := row[test]) is not None]
        last = matrix[-1][test]
        if earlier and last is not None:
            rises.append(last - min(earlier))
    return sum(rises) / len(rises) if rises else None
