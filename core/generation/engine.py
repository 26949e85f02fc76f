"""A stored version in ONNX Runtime: steps with a key/value cache. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.files import read_json
from core.generation.tokens import Vocabulary
from core.networks.standalone.predict import open_session

Floats = npt.NDArray[np.float32]
Cache = tuple[Floats, Floats]
INPUTS = ("tokens", "past_keys", "past_values")
OUTPUTS = ("logits", "keys", "values")
MODEL = "model.onnx"


class GeneratorEngine:
    """What an exported language model answers.

    Attributes
    ----------
    vocabulary
        Texts as token ids and back.
    context
        Number of tokens that the model was taught to look back on.
    provider
        The execution provider that really runs, such as ``"CPUExecutionProvider"``.
    """

    def __init__(self, folder: Path, *, providers: Sequence[str] | None = None, threads: int | None = None) -> None:
        config = read_json(folder / "config.json")
        self.vocabulary = Vocabulary.load(folder)
        self.context: int = config["model"]["max_length"]
        shape = config["model"]
        self._cache_shape = (shape["layers"], shape["heads"], shape["embedding_size"] // shape["heads"])
        self._session = open_session(folder / MODEL, providers, threads)
        self.provider: str = self._session.get_providers()[0]

    def empty_cache(self, batch: int) -> Cache:
        """The cache before the first token."""
        layers, heads, size = self._cache_shape
        nothing = np.zeros((layers, batch, heads, 0, size), dtype=np.float32)
        return nothing, nothing

    def step(self, tokens: npt.NDArray[np.int64], cache: Cache) -> tuple[Floats, Cache]:
        """Logits (batch, new, vocabulary) of the token after each of tokens (batch, new), and the longer cache."""
        given = dict(zip(INPUTS, (tokens, *cache), strict=True))
        logits, keys, values = self._session.run(list(OUTPUTS), given)
        return logits, (keys, values)


def log_probabilities(logits: Floats) -> npt.NDArray[np.float64]:
    """Natural logarithm of the softmax over the last axis, in float64."""
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    result: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
