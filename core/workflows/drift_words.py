"""Which words of a text a version knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.standalone.predict import HAN
from core.workflows.version import VersionFolder

if TYPE_CHECKING:
    from core.workflows.update import Past

LISTED = 30

# Where a vocabulary of pieces has a number for everything, a word is what stands between spaces and signs, in Chinese
# one character.
_WORDS = re.compile(rf"{HAN.pattern}|(?:(?!{HAN.pattern})[^\W\d_])+")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, eq=False)
class Found:
    """Of each text, how many of its words are unknown, and how many it has; and in how many texts each unknown one is."""

    unknown: np.ndarray
    words: np.ndarray
    texts_with: Counter[str]

    def most_frequent(self) -> dict[str, int]:
        """Unknown words → texts; signs and numbers are not listed."""
        named = {word: texts for word, texts in self.texts_with.items() if _LETTER.search(word)}
        return dict(sorted(named.items(), key=lambda pair: (-pair[1], pair[0]))[:LISTED])


@dataclass(frozen=True, eq=False)
class Words:
    """How a version's texts fall into words, and which of them it knows."""

    split: Callable[[str], list[str]]
    known: Container[str]

    def read(self, texts: Sequence[str]) -> Found:
        unknown, words, texts_with = [], [], Counter[str]()
        for text in texts:
            split = self.split(text)
            fresh = [word for word in split if word not in self.known]
            unknown.append(len(fresh))
            words.append(len(split))
            texts_with.update(set(fresh))
        return Found(np.array(unknown, dtype=np.int64), np.array(words, dtype=np.int64), texts_with)


def known_words(folder: VersionFolder, past: Past) -> Words | None:
    """The words of a version; None when its vocabulary has pieces for every word and the texts it learned were deleted."""
    pipeline = folder.load_pipeline()
    if pipeline.options["segmentation"] in ("words", "characters"):
        splitter = pipeline.tokenizer.pre_tokenizer

        def split(text: str) -> list[str]:
            return [word for word, _ in splitter.pre_tokenize_str(pipeline.prepare(text))]

        return Words(split, pipeline.tokenizer.get_vocab())
    if past.missing:
        return None

    def cut(text: str) -> list[str]:
        return _WORDS.findall(pipeline.prepare(text).lower())

    return Words(cut, {word for text in past.train[0] for word in cut(text)})
