"""A stored language model in ONNX Runtime, and how surprised it is by texts. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.files import read_json
from core.networks.causal.tokens import UNKNOWN_NATS, windows
from core.networks.standalone.pipeline import UNKNOWN, batches_by_length, pad
from core.networks.standalone.predict import Answers
from core.networks.standalone.write import Floats, Writer, log_probabilities

_MOST_NUMBERS = 20_000_000  # logits held at a time
_MOST_WINDOWS = 64


class LanguageEngine(Writer):
    """What an exported language model answers; of a text, how surprised it is and by how many tokens.

    Attributes
    ----------
    labels
        Names of the columns of what `compute` returns.
    """

    precision = "fp32"
    thresholds: NDArray[Any] | None = None

    def __init__(
        self,
        folder: str | Path,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        precision: str | None = None,
    ) -> None:
        super().__init__(folder, providers, threads)
        self.task: str = read_json(Path(folder) / "config.json")["task"]
        self.labels: list[str] = read_json(Path(folder) / "labels.json")
        self.pipeline = self.vocabulary.pipeline

    @property
    def probable(self) -> bool:
        return False

    def compute(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Floats:
        """Σ −ln p over the tokens and the end of each text, and how many those are: float32 (texts, 2)."""
        return self._surprise(self.vocabulary.encode(texts), progress)

    def answer(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Answers:
        """The same, and how much of each text is read when it is gone on with: of a long one the end."""
        encoded = self.vocabulary.encode(texts)
        held = np.array([len(ids) for ids in encoded], dtype=np.int64)
        return Answers(self._surprise(encoded, progress), np.minimum(held, self.reach()), held)

    def _surprise(self, encoded: Sequence[list[int]], progress: Callable[[float], None] | None) -> Floats:
        result = np.zeros((len(encoded), 2), dtype=np.float64)
        pieces = [(row, piece) for row, ids in enumerate(encoded) for piece in windows(ids, self.context)]
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
