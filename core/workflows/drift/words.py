"""Which words of a text a version knows."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.dataset.inputs import body_of
from core.data.dataset.same_text import Keys, key_numbers
from core.networks.text.words import lettered_words
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Past


@dataclass(frozen=True, eq=False)
class Counted:
    """Of each text, how many of its words are unknown, and how many it has; int64 (texts,)."""

    unknown: np.ndarray
    words: np.ndarray


@dataclass(frozen=True, eq=False)
class KnownWords:
    """How a version's texts fall into words, and which of them it knows."""

    split: Callable[[str], list[str]]
    known: Container[str]

    def read(self, texts: Sequence[str]) -> Counted:
        split = [self.split(text) for text in texts]
        unknown = [sum(word not in self.known for word in words) for words in split]
        return Counted(np.array(unknown, dtype=np.int64), np.array([len(words) for words in split], dtype=np.int64))


def known_words(folder: VersionFolder, past: Past) -> KnownWords | None:
    """The words of a version: its vocabulary, or where that holds characters or pieces of words, those of all learned texts.

    None where the vocabulary does not say and texts that it learned were deleted.
    """
    pipeline = folder.load_pipeline()
    if pipeline.options["segmentation"] == "words":
        splitter = pipeline.tokenizer.pre_tokenizer

        def split(text: str) -> list[str]:
            return [word for word, _ in splitter.pre_tokenize_str(pipeline.prepare(body_of(text)))]

        return KnownWords(split, pipeline.tokenizer.get_vocab())
    if past.missing:
        return None
    return KnownWords(lettered_words, _Numbered(past.words))


class _Numbered:
    """Words of which only the numbers are known."""

    def __init__(self, numbers: Keys) -> None:
        self._numbers = frozenset(numbers.tolist())
        self._asked: dict[object, bool] = {}

    def __contains__(self, word: object) -> bool:
        if word not in self._asked:
            self._asked[word] = int(key_numbers([str(word)], key=str)[0]) in self._numbers
        return self._asked[word]
