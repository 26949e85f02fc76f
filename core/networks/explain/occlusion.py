"""Occlusion (Zeiler & Fergus 2014; Li et al. 2016, "Understanding Neural Networks through Representation Erasure"):
a word counts for what is lost without it. Works on whatever file serves, since it only asks for probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from core.networks.explain.attribution import Attribution, Word, margin
from core.networks.text.words import Span, words_of


class Engine(Protocol):
    """What answers; a `core.networks.standalone.predict.Classifier`."""

    def compute(self, texts: Sequence[str]) -> np.ndarray: ...


def occlude(engine: Engine, texts: Sequence[str], outputs: Sequence[int] | None = None) -> list[Attribution]:
    """Explain texts by leaving out one word at a time; every text is asked about once more than it has words.

    Parameters
    ----------
    outputs
        Number of the output that each text is explained for; by default the most probable one.
    """
    spans = [words_of(text) for text in texts]
    asked: list[str] = []
    for text, words in zip(texts, spans, strict=True):
        asked += [text, "", *(without(text, word) for word in words)]
    answers = engine.compute(asked)
    attributions, start = [], 0
    for number, (text, words) in enumerate(zip(texts, spans, strict=True)):
        rows = answers[start : start + 2 + len(words)]
        start += 2 + len(words)
        output = int(rows[0].argmax()) if outputs is None else outputs[number]
        whole, nothing, *others = margin(rows, output).tolist()
        scores = tuple(Word(*word, whole - other) for word, other in zip(words, others, strict=True))
        attributions.append(Attribution(text, output, scores, "occlusion", whole - nothing))
    return attributions


def without(text: str, word: Span) -> str:
    """The text with one word left out."""
    return text[: word[0]] + text[word[1] :]
