"""Would the answer be another one, were somebody else meant? Identity words are exchanged in texts, and answers compared.

Two groups of an axis are compared at a time, the first of the axis with each of the others. A text that names one of them, by
words that all have a counterpart, is answered as it stands and with the counterparts; the gap is the probability of the
positive label where the second group is named, minus that where the first is. Knows models only as a function.

References
----------
N. Garg et al. (2019), "Counterfactual Fairness in Text Classification through Robustness".
S. Kiritchenko, S. Mohammad (2018), "Examining Gender and Race Bias in Two Hundred Sentiment Analysis Systems".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.data.dataset.language import han_share
from core.fairness.terms import Finder, TermGroup, axes_of
from core.statistics.intervals import MINIMUM_ROWS, Estimate, Floats, estimate, percentiles, rate_of

Source = Literal["texts", "templates"]
Answering = Callable[[Sequence[str]], tuple[Floats, NDArray[np.bool_]]]

MOST_TEXTS = 300  # of one pair of groups
MOST_WORDS = 30  # pairs of words that are listed
WORD_TEXTS = 5  # in which a pair of words must have been exchanged alone
MOST_FILLED = 10  # words of a group in templates
RESAMPLES = 1000
_TEMPLATES = Path(__file__).parent / "templates"
_FOLLOWED = re.compile(r"\s+[A-Za-z]")  # by a word: "her book", not "saw her."


@dataclass(frozen=True)
class Exchange:
    """A text with one group's words, and with their counterparts; ``words`` are the pairs, each as listed."""

    first: str
    second: str
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WordGap:
    """What one exchange of words does, in texts where nothing else was exchanged: the mean gap, −1 to 1."""

    first: str
    second: str
    texts: int
    gap: Estimate

    def to_dict(self) -> dict[str, Any]:
        return {"first": self.first, "second": self.second, "texts": self.texts, "gap": self.gap.to_dict()}


@dataclass(frozen=True)
class PairGap:
    """Two groups, in a user's texts or in templates.

    Parameters
    ----------
    gap
        Mean over texts of the positive label's probability with the second group minus that with the first, −1 to 1; None
        where there are fewer than 30 texts.
    flips
        Share of texts whose answer is positive for one group only.
    """

    axis: str
    first: str
    second: str
    source: Source
    texts: int
    gap: Estimate | None
    flips: Estimate | None
    words: tuple[WordGap, ...]

    def to_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("axis", "first", "second", "source", "texts")}
        figures = {name: getattr(self, name) for name in ("gap", "flips")}
        return {
            **plain,
            **{name: each.to_dict() if each is not None else None for name, each in figures.items()},
            "words": [word.to_dict() for word in self.words],
        }


def counterfactual_gaps(
    answering: Answering, texts: Sequence[str], terms: Sequence[TermGroup], language: str, *, seed: int = 0
) -> Iterator[PairGap]:
    """Yields all pairs of groups that any text or template can be written for, axis by axis.

    Parameters
    ----------
    answering
        The function from texts to the positive label's probability, 0 to 1, and to whether it is the answer, ``(texts,)`` each.
    texts
        The user's own; at most 300 a pair are taken, by chance.
    """
    for axis, groups in axes_of(terms).items():
        for second in groups[1:]:
            pair = (groups[0], second)
            sources: list[tuple[Source, list[Exchange]]] = [
                ("texts", _some(exchanges(texts, *pair), seed)),
                ("templates", _some(from_templates(*pair, language), seed)),
            ]
            for source, made in sources:
                if made:
                    yield _measured(answering, axis, pair, source, made, seed)


def exchanges(texts: Sequence[str], first: TermGroup, second: TermGroup) -> list[Exchange]:
    """The texts that name one of two groups, with that group's words and with their counterparts; no pair stands twice.

    Texts that name both, or a word without a counterpart, are passed over: what would be exchanged in them is not clear.
    """
    finder = Finder((first, second))
    made: dict[tuple[str, str], Exchange] = {}
    ways = [_counterparts(first, second), _counterparts(second, first)]
    for text in texts:
        for number, way in enumerate(ways):
            written = _written(text, finder, way)
            if written is not None:
                other, words = written
                pair = (text, other) if number == 0 else (other, text)
                ordered = words if number == 0 else tuple((after, before) for before, after in words)
                made.setdefault(pair, Exchange(*pair, ordered))
    return list(made.values())


def from_templates(first: TermGroup, second: TermGroup, language: str) -> list[Exchange]:
    """The built-in templates with each of the groups' words and its counterpart in their place."""
    made = []
    for name in {"zh": ("zh",), "mixed": ("en", "zh")}.get(language, ("en",)):
        stored = _stored(name)
        form, wanted = stored["axes"].get(first.axis, {"form": "noun", "words": None}).values()
        counterparts = list(dict.fromkeys(zip(first.words, second.words, strict=False)))
        pairs = [pair for pair in counterparts if wanted is None or pair[0] in wanted] or counterparts
        suiting = [pair for pair in pairs if (han_share(pair[0]) > 0) == (name == "zh")]
        for template in stored[form]:
            for pair in suiting[:MOST_FILLED]:
                first_text, second_text = (_filled(template, word, form) for word in pair)
                made.append(Exchange(first_text, second_text, (pair,)))
    return made


def _written(
    text: str, finder: Finder, way: dict[str, tuple[str, ...]]
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """The text with counterparts, and the pairs that were exchanged; None where nothing was, or not everything."""
    parts: list[str] = []
    words: dict[tuple[str, str], None] = {}
    end = 0
    for occurrence in finder.occurrences(text):
        others = way.get(occurrence.word)
        if others is None:
            return None
        followed = _FOLLOWED.match(text, occurrence.end) is not None
        other = others[0] if followed else others[-1]
        parts += [text[end : occurrence.start], _cased(other, text[occurrence.start : occurrence.end])]
        words[occurrence.word, other] = None
        end = occurrence.end
    return ("".join([*parts, text[end:]]), tuple(words)) if words else None


def _counterparts(group: TermGroup, other: TermGroup) -> dict[str, tuple[str, ...]]:
    """Word → its counterparts: of several, such as "his" and "him" for "her", the first stands before a word."""
    ways: dict[str, tuple[str, ...]] = {}
    for word, counterpart in zip(group.words, other.words, strict=False):
        ways[word] = (*ways.get(word, ()), counterpart)
    return ways


def _cased(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _filled(template: str, word: str, form: str) -> str:
    if form == "name":
        word = word.title()
    text = template.replace("a {term}", f"a{'n' if word[:1] in 'aeiou' else ''} {word}").replace("{term}", word)
    return text[:1].upper() + text[1:]


def _some(made: list[Exchange], seed: int) -> list[Exchange]:
    if len(made) <= MOST_TEXTS:
        return made
    rows = np.sort(np.random.default_rng(seed).permutation(len(made))[:MOST_TEXTS])
    return [made[row] for row in rows.tolist()]


def _measured(
    answering: Answering,
    axis: str,
    pair: tuple[TermGroup, TermGroup],
    source: Source,
    made: Sequence[Exchange],
    seed: int,
) -> PairGap:
    probabilities, positive = answering([text for each in made for text in (each.first, each.second)])
    gaps = probabilities[1::2] - probabilities[::2]
    flipped = positive[1::2] != positive[::2]
    enough = len(made) >= MINIMUM_ROWS
    return PairGap(
        axis,
        pair[0].name,
        pair[1].name,
        source,
        len(made),
        _mean(gaps, seed) if enough else None,
        rate_of(flipped) if enough else None,
        tuple(_words(made, gaps, seed)),
    )


def _words(made: Sequence[Exchange], gaps: Floats, seed: int) -> list[WordGap]:
    """The pairs of words that carry the gap, the largest first."""
    rows: dict[tuple[str, str], list[int]] = {}
    for row, each in enumerate(made):
        if len(each.words) == 1:
            rows.setdefault(each.words[0], []).append(row)
    words = [WordGap(*pair, len(own), _mean(gaps[own], seed)) for pair, own in rows.items() if len(own) >= WORD_TEXTS]
    return sorted(words, key=lambda word: -abs(word.gap.value))[:MOST_WORDS]


def _mean(values: Floats, seed: int) -> Estimate:
    """The mean with its bootstrapped 95 % interval."""
    generator = np.random.default_rng(seed)
    drawn = values[generator.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    return estimate(float(values.mean()), *percentiles(drawn), smallest=-1.0)


@cache
def _stored(language: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((_TEMPLATES / f"{language}.json").read_text("utf-8"))
    return stored
