"""Texts as token ids and back: subwords, or single characters for Chinese. Imports no torch.

Id 0, which pads elsewhere, ends a text here and stands before its beginning; id 1 is one unknown character.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from tokenizers import Tokenizer

from core.data.dataset.language import language_of
from core.networks.standalone import write as standalone
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.write import END
from core.networks.text import TextConfig, fit_pipeline

UNKNOWN_NATS = 17 * math.log(2)  # what it costs to name any of 131,072 characters
WHOLE = 1_000_000  # tokens of a text: nothing is cut off here, `windows` divides


class Vocabulary(standalone.Vocabulary):
    """The tokens of one version; one learns them from texts."""

    @classmethod
    def fit(cls, texts: Sequence[str], *, size: int, lowercase: bool) -> Vocabulary:
        """Learn the tokens of training texts: characters where most of them are Chinese, else subwords (BPE)."""
        chinese = language_of(texts) == "zh"
        segmentation: Literal["characters", "subwords"] = "characters" if chinese else "subwords"
        # Not normalised: NFKC writes Chinese commas and stops as English ones, and so would the model.
        config = TextConfig(segmentation=segmentation, vocabulary_size=size, lowercase=lowercase, normalise=False)
        return cls._of(fit_pipeline(texts, config).tokenizer, segmentation)

    @classmethod
    def _of(cls, tokenizer: Tokenizer, segmentation: str) -> Vocabulary:
        options = {"segmentation": segmentation, "max_length": WHOLE, "stop_words": []}
        return cls(TextPipeline(tokenizer, options))


def windows(ids: Sequence[int], length: int) -> list[list[int]]:
    """Pieces to learn from: each token, and the end, is predicted exactly once, from at most ``length`` before it.

    A piece of n + 1 ids holds n predictions. The first begins with the end of the text before; a later piece begins
    with the last id of the piece before and knows nothing earlier.
    """
    whole = [END, *ids, END]
    return [list(whole[start : start + length + 1]) for start in range(0, len(whole) - 1, length)]
