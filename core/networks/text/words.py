"""The words of a text as a reader sees them, whatever a model cuts texts into; Chinese is cut into words.

For lists that people read: which words are new, typical of some texts, or speak for an output. A model that reads
characters or pieces of words still gets its words named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from core.data.dataset.inputs import FIELD, body_of, columns_of
from core.networks.standalone.words import HAN
from core.networks.text.stopwords import STOP_WORDS

# A run of letters and digits with inner apostrophes and hyphens, or a single other sign.
_WORD = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")
_SMALL = frozenset(STOP_WORDS)
Span = tuple[int, int]


def words_of(text: str) -> list[Span]:
    """Start and end of each word of a text; Chinese is cut in words. The value of a further column counts as one, unless it is
    a text itself; what is missing is none.
    """
    if FIELD in text:
        body, columns = columns_of(text)
        spans = _words(body)
        for column in columns:
            if column.field.kind == "text":
                spans += [
                    (start + column.start, end + column.start) for start, end in _words(text[column.start : column.end])
                ]
            elif column.field.value.strip():
                spans.append((column.start, column.end))
        return spans
    return _words(text)


def name_of(text: str, span: Span) -> str:
    """How a list names a word of a text: the value of a further column with its column."""
    word = text[span[0] : span[1]]
    if FIELD in text:
        for column in columns_of(text)[1]:
            if (column.start, column.end) == span and column.field.kind != "text":
                return f"{column.field.name}: {word}"
    return word


def _words(text: str) -> list[Span]:
    return [span for match in _WORD.finditer(text) for span in _parts(match.group(), match.start())]


def _parts(word: str, start: int) -> Iterator[Span]:
    if not HAN.search(word):
        yield start, start + len(word)
        return
    import rjieba

    for part in rjieba.cut(word):
        yield start, start + len(part)
        start += len(part)


def lettered_words(text: str) -> list[str]:
    """The words of a text one after another in small letters, numbers and signs left out."""
    text = unicodedata.normalize("NFKC", body_of(text))
    return [word for start, end in words_of(text) if (word := text[start:end].casefold())[:1].isalpha()]


def is_listed(word: str) -> bool:
    """Whether a word says something in a list: a lone Chinese character is a particle, or a piece of a word."""
    return len(word) > 1 or not HAN.match(word)


def words_in(texts: Sequence[str]) -> list[frozenset[str]]:
    """The words of each text that lists may name, in small letters; "the" and 我们 say nothing of any text."""
    return [frozenset(filter(is_listed, lettered_words(text))) - _SMALL for text in texts]
