"""Texts alone: how well each token is foreseen from those before it, and how a text goes on.

An answer to a text is how surprising it was: nats and the tokens they are spread over. So perplexity is a function of a sum over
rows, like every other score.

References
----------
F. Jelinek, R. Mercer, L. Bahl, J. Baker (1977), "Perplexity—a measure of the difficulty of speech recognition tasks".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.base.errors import DataError
from core.networks.architectures import Architecture
from core.networks.architectures.causal import CAUSAL
from core.networks.causal.tokens import UNKNOWN_NATS, Vocabulary
from core.networks.standalone.pipeline import UNKNOWN, TextPipeline
from core.statistics.additive import Score, Statistics
from core.statistics.intervals import Floats
from core.tasks.answering import Baseline, Engine
from core.tasks.base import Criterion, Task
from core.tasks.language_modelling.engine import LanguageEngine
from core.tasks.language_modelling.ngrams import best_ngrams

if TYPE_CHECKING:
    import onnx
    from torch import Tensor

FEWEST = 25  # texts; fewer teach nothing but themselves
_MOST = 700.0  # e to more is no float
_KEPT_BACK = 10  # every so many texts choose the length of the n-grams


def _perplexity(sums: Floats) -> Floats:
    nats, tokens = sums[..., 0], sums[..., 1]
    perplexity: Floats = np.exp(np.minimum(nats / np.maximum(tokens, 1), _MOST))
    return perplexity


PERPLEXITY = Score("perplexity", _perplexity, smallest=1.0, largest=math.inf, higher_is_better=False)


class LanguageModelling(Task):
    """Texts are continued; targets are not looked at."""

    name = "language_modelling"
    label = "Continuation of a text"
    help = "Only the texts are read: the model learns to foresee them, and can go on with a beginning."
    scores = (PERPLEXITY,)
    reads = "nothing"
    foretells = False  # how surprising an old text was says nothing of what to write
    programs = (*Task.programs, "write.py")

    def networks(self) -> Mapping[str, Architecture]:
        return {CAUSAL.name: CAUSAL}

    def outputs(self, targets: Sequence[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        return ("nats", "tokens")

    def encode(self, targets: Sequence[str], outputs: Sequence[str]) -> NDArray[Any]:
        return np.zeros(len(targets), dtype=np.float32)

    def check_size(self, rows: int) -> None:
        if rows < FEWEST:
            raise DataError(
                "task.too_few_texts",
                "{rows} texts are too few for a language model: it needs at least {fewest}, to learn, to validate and to test. "
                "Add texts.",
                rows=rows,
                fewest=FEWEST,
            )

    def criterion(self, config: Any, targets: NDArray[Any], outputs: Sequence[str]) -> Criterion:
        """Nats per token of a batch."""

        def loss(values: Tensor, truth: Tensor) -> Tensor:
            return values[:, 0].sum() / values[:, 1].sum()

        return loss

    def measure(self, outputs: NDArray[Any], targets: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
        return {"perplexity": float(_perplexity(outputs.astype(np.float64).sum(axis=0)))}

    def answers(self, values: NDArray[Any], outputs: Sequence[str]) -> list[str]:
        """Nats and tokens, as `statistics` reads them."""
        return [f"{float(nats):.4f} {round(float(tokens))}" for nats, tokens in values]

    def told(self, answer: str) -> str:
        nats, tokens = map(float, answer.split())
        return f"{math.exp(min(nats / max(tokens, 1), _MOST)):,.1f}"

    def respond(self, engine: Any, texts: Sequence[str], values: NDArray[Any]) -> list[str]:
        """How each text goes on."""
        return [engine.write(text) for text in texts]

    def statistics(self, truth: Sequence[str], answers: Sequence[str]) -> Statistics:
        return np.array([[float(value) for value in answer.split()] for answer in answers]).reshape(len(answers), 2)

    def baseline(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        outputs: Sequence[str],
        *,
        language: str,
        pipeline: TextPipeline,
    ) -> Baseline:
        """Interpolated Kneser-Ney n-grams over the model's own tokens; their length is chosen on some of the texts."""
        vocabulary = Vocabulary(pipeline)
        encoded = vocabulary.encode(texts)
        aside = encoded[::_KEPT_BACK]
        ngrams = best_ngrams([ids for row, ids in enumerate(encoded) if row % _KEPT_BACK], aside, len(vocabulary))

        def answer(texts: Sequence[str]) -> list[str]:
            asked = vocabulary.encode(texts)
            return [f"{ngrams.loss([ids]) + UNKNOWN_NATS * ids.count(UNKNOWN):.4f} {len(ids) + 1}" for ids in asked]

        return Baseline("ngrams", answer)

    # -- serving

    def write(self, network: Any) -> onnx.ModelProto:
        from core.networks.causal.graph import write_step

        return write_step(network.decoder)

    def engine(self, folder: Path, **options: Any) -> Engine:
        return LanguageEngine(folder, **options)
