"""A stored language model in ONNX Runtime: steps with a key/value cache. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.files import read_json
from core.networks.causal.tokens import UNKNOWN_NATS, Vocabulary, windows
from core.networks.standalone.predict import UNKNOWN, batches_by_length, open_session, pad

Floats = npt.NDArray[np.float32]
Cache = tuple[Floats, Floats]
INPUTS = ("tokens", "past_keys", "past_values")
OUTPUTS = ("logits", "keys", "values")
MODEL = "model.onnx"
_MOST_NUMBERS = 20_000_000  # logits held at a time
_MOST_WINDOWS = 64


class LanguageEngine:
    """What an exported language model answers; of a text, how surprised it is and by how many tokens.

    Attributes
    ----------
    labels
        Names of the columns of what `compute` returns.
    vocabulary, pipeline
        Texts as token ids and back.
    context
        Number of tokens that the model was taught to look back on.
    provider
        The execution provider that really runs, such as ``"CPUExecutionProvider"``.
    """

    precision = "fp32"

    def __init__(
        self,
        folder: str | Path,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        precision: str | None = None,
    ) -> None:
        folder = Path(folder)
        config = read_json(folder / "config.json")
        self.task: str = config["task"]
        self.labels: list[str] = read_json(folder / "labels.json")
        self.vocabulary = Vocabulary.load(folder)
        self.pipeline = self.vocabulary.pipeline
        shape = config["settings"]
        self.context: int = shape["context"]
        self._cache_shape = (shape["layers"], shape["heads"], shape["embedding_size"] // shape["heads"])
        self._session = open_session(folder / MODEL, providers, threads)
        self.provider: str = self._session.get_providers()[0]

    @property
    def probable(self) -> bool:
        return False

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

    def compute(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Floats:
        """Σ −ln p over the tokens and the end of each text, and how many those are: float32 (texts, 2)."""
        result = np.zeros((len(texts), 2), dtype=np.float64)
        pieces = [
            (row, piece)
            for row, ids in enumerate(self.vocabulary.encode(texts))
            for piece in windows(ids, self.context)
        ]
        longest = max((len(piece) for _, piece in pieces), default=1)
        size = max(1, min(_MOST_WINDOWS, _MOST_NUMBERS // (longest * len(self.vocabulary))))
        done = 0
        for numbers in batches_by_length([piece for _, piece in pieces], size):
            padded, mask = pad([pieces[number][1] for number in numbers])
            logits, _ = self.step(padded[:, :-1], self.empty_cache(len(numbers)))
            logs = np.take_along_axis(log_probabilities(logits), padded[:, 1:, None], axis=2)[:, :, 0]
            counted = mask[:, 1:]
            nats = -(logs * counted).sum(axis=1) + UNKNOWN_NATS * (counted & (padded[:, 1:] == UNKNOWN)).sum(axis=1)
            rows = [pieces[number][0] for number in numbers]
            np.add.at(result, rows, np.stack([nats, counted.sum(axis=1)], axis=1))
            done += len(numbers)
            if progress is not None:
                progress(done / len(pieces))
        return result.astype(np.float32)


def log_probabilities(logits: Floats) -> npt.NDArray[np.float64]:
    """Natural logarithm of the softmax over the last axis, in float64."""
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    result: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
