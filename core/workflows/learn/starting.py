"""Gives a model's words the vectors that its settings name, and says how many of them had one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.base.config import Config
from core.base.errors import DataError
from core.networks.architectures import VectorsConfig
from core.networks.encoders import TextNetwork
from core.networks.encoders.embeddings import start_embedding
from core.networks.text import TextPipeline
from core.networks.vectors import VectorStore

SPECIAL = 2  # padding and the unknown token, which are no words
WORD_START = "▁"
MISSING_SHOWN = 20


@dataclass(frozen=True)
class VectorStart:
    """What a model took over from a set of word vectors.

    Parameters
    ----------
    reference, name, licence, dimensions
        Facts of the set; its licence goes wherever the model goes.
    words, found
        Tokens that were looked up, and those among them that have a vector.
    missing
        The most frequent tokens without a vector.
    present
        False when the set has been removed since the version before: the new words then start like any others.
    """

    reference: str
    name: str
    licence: str
    dimensions: int
    words: int
    found: int
    missing: tuple[str, ...]
    tuned: bool
    present: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "missing": list(self.missing)}


def start_from_vectors(
    model: TextNetwork, pipeline: TextPipeline, config: Config, store: VectorStore, first_token: int = 0
) -> VectorStart | None:
    """Write vectors into the model's embedding, as its config asks for; None when it does not.

    Parameters
    ----------
    first_token
        Number of tokens known before an update: only the new ones get vectors.

    Raises
    ------
    DataError
        When the set is not there at a first training; an update goes on without it.
    """
    if not isinstance(config, VectorsConfig) or not config.word_vectors:
        return None
    model.embedding.requires_grad_(config.learns_embedding)  # an embedding that has grown forgets it
    vocabulary = pipeline.tokenizer.get_vocab()
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    first = max(first_token, SPECIAL)
    try:
        info = store.describe(config.word_vectors)
        vectors, has_vector = store.lookup(config.word_vectors, [_as_word(token, pipeline) for token in tokens])
    except DataError:
        if not first_token:
            raise
        return VectorStart(
            config.word_vectors, "", "", 0, len(tokens) - first, 0, (), config.tune_vectors, present=False
        )
    has_vector[:SPECIAL] = False
    start_embedding(model, vectors, has_vector, first)
    missing = [tokens[number] for number in np.flatnonzero(~has_vector[first:]) + first]
    return VectorStart(
        reference=info.reference,
        name=info.name,
        licence=info.licence,
        dimensions=info.dimensions,
        words=len(tokens) - first,
        found=int(has_vector[first:].sum()),
        missing=tuple(missing[:MISSING_SHOWN]),
        tuned=config.tune_vectors,
    )


def _as_word(token: str, pipeline: TextPipeline) -> str:
    """What to look up: of subwords only those that begin a word, since the rest of one is no word of its own."""
    if pipeline.options["segmentation"] != "subwords":
        return token
    return token[1:] if token.startswith(WORD_START) else ""
