"""Skip-gram vectors of own texts (Mikolov et al. 2013, "Distributed Representations of Words and Phrases")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from core.base.errors import DataError
from core.data.dataset.inputs import body_of
from core.networks.text import TextConfig, TextPipeline, fit_pipeline
from core.networks.vectors import errors
from core.networks.vectors.config import SkipGramConfig

FEWEST_WORDS = 10  # different ones; below that nothing can be learned about any of them
SEED = 0


class SplitTexts:
    """Texts as lists of words, split as a model with these settings would split them."""

    def __init__(self, texts: Sequence[str], config: TextConfig) -> None:
        self.texts = [body_of(text) for text in texts]
        self.pipeline: TextPipeline = fit_pipeline(self.texts, config)

    def __iter__(self) -> Iterator[list[str]]:
        """One text after the other; may be asked for again, since learning reads the texts several times."""
        split = self.pipeline.tokenizer.pre_tokenizer.pre_tokenize_str
        for text in self.texts:
            yield [word for word, _ in split(self.pipeline.prepare(text))]


def count_words(texts: Sequence[str], config: TextConfig) -> Counter[str]:
    """How often each word occurs in the texts; whole words where the settings ask for subwords."""
    if config.segmentation == "subwords":
        config = config.model_copy(update={"segmentation": "words"})
    counts: Counter[str] = Counter()
    for words in SplitTexts(texts, config):
        counts.update(words)
    return counts


def learn_vectors(
    texts: Sequence[str], config: SkipGramConfig, progress: Callable[[float], object]
) -> tuple[list[str], np.ndarray]:
    """Words, most frequent first, and their vectors, float32 (words, dimensions).

    Raises
    ------
    DataError
        When the texts hold too few words, or gensim is not installed.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError:
        raise errors.no_gensim() from None
    sentences = SplitTexts(texts, TextConfig(segmentation=config.vectors_units))
    model = Word2Vec(
        vector_size=config.vectors_size,
        window=config.vectors_window,
        min_count=config.vectors_minimum,
        sg=1,
        seed=SEED,
        workers=1,  # two would race for the same rows, and no run would be like the one before
    )
    model.build_vocab(sentences)
    words = list(model.wv.index_to_key)
    if len(words) < FEWEST_WORDS:
        raise DataError(
            "vectors.too_few",
            "Only {words} words occur at least {minimum} times in these {texts:,} texts; at least {fewest} are needed. "
            "Take more texts, or lower the smallest count of a word.",
            words=len(words),
            minimum=config.vectors_minimum,
            texts=len(texts),
            fewest=FEWEST_WORDS,
        )
    for epoch in range(config.vectors_epochs):
        progress(epoch / config.vectors_epochs)
        highest, lowest = model.alpha, model.min_alpha
        share = (highest - lowest) / config.vectors_epochs
        model.train(
            sentences,
            total_examples=model.corpus_count,
            epochs=1,
            start_alpha=highest - epoch * share,
            end_alpha=highest - (epoch + 1) * share,
        )
    progress(1.0)
    return words, np.asarray(model.wv.vectors, dtype=np.float32)
