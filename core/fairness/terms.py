"""Words that name who somebody is, by axis and group: built-in lists, lists that a user edits, and where they stand in texts.

The lists are of the kind that Dixon et al. (2018), "Measuring and mitigating unintended bias in text classification", and
Kiritchenko and Mohammad (2018), the Equity Evaluation Corpus, measure with. Knows nothing of models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from core.base.errors import ConfigError
from core.data.dataset.language import han_share

Language = Literal["en", "zh", "mixed", "other"]

MOST_WORDS = 5000  # of one list
_LISTS = Path(__file__).parent / "terms"
_LINE = re.compile(r"\s*([^/:：]+?)\s*/\s*([^:：]+?)\s*[:：](.*)\Z", re.DOTALL)
_COMMAS = re.compile("[,，、]")
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_LETTER = rf"[^\W{_HAN}]"  # a letter, digit or underscore of a language that puts spaces between words
_TOKEN = re.compile(rf"{_LETTER}+|\S")


@dataclass(frozen=True)
class TermGroup:
    """One group of people, and the words that name it.

    Parameters
    ----------
    axis
        What tells it from other groups, such as ``"gender"``; words are exchanged between groups of one axis alone.
    words
        The words in lower case. Words at the same index of two groups of an axis are counterparts, such as "she" and "he";
        a word may stand several times, as "her" does for "his" and "him". Words beyond a shorter group have no counterpart.
    """

    axis: str
    name: str
    words: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.axis}/{self.name}"


@dataclass(frozen=True)
class Occurrence:
    """A word of a list in a text: where it begins and ends (characters, end exclusive), and as it stands in the list."""

    axis: str
    start: int
    end: int
    word: str


def terms_for(language: Language | str) -> tuple[TermGroup, ...]:
    """The built-in list of a language; of a mixed dataset both lists, and of other languages the English one."""
    names = {"zh": ("zh",), "mixed": ("en", "zh")}.get(language, ("en",))
    return tuple(group for name in names for group in _built_in(name))


def parse_terms(text: str) -> tuple[TermGroup, ...]:
    """Read a list with a group a line, such as ``gender/women: she, her, woman``; empty lines and ``# notes`` are passed over.

    Raises
    ------
    ConfigError
        For a line that is not of this form, a group that stands twice, a word in two groups of one axis, and an empty list.
    """
    groups: list[TermGroup] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = _LINE.match(line)
        words = tuple(word for piece in _COMMAS.split(parts[3]) if (word := _plain(piece))) if parts else ()
        if parts is None or not words:
            raise ConfigError(
                "fairness.terms_line",
                "Line {number} of the list of words cannot be read: “{line}”. Write an axis, a slash, a group, a colon and its "
                "words with commas between them, such as “gender/women: she, her, woman”.",
                number=number,
                line=line.strip(),
            )
        groups.append(TermGroup(parts[1], parts[2], words))
    _check(groups)
    return tuple(groups)


def write_terms(groups: Sequence[TermGroup]) -> str:
    """The list as text, which `parse_terms` reads back."""
    return "\n".join(f"{group.title}: {', '.join(group.words)}" for group in groups)


def axes_of(groups: Sequence[TermGroup]) -> dict[str, list[TermGroup]]:
    """The groups of each axis, in their order."""
    axes: dict[str, list[TermGroup]] = {}
    for group in groups:
        axes.setdefault(group.axis, []).append(group)
    return axes


class Finder:
    """Finds the words of some groups in texts, each axis for itself: "old woman" is an age and a gender.

    English words count as whole words in any case, and Chinese ones wherever they stand; the longest word of an axis wins, so
    她们 is not 她. What holds a word and means something else, such as 其他 ("other") for 他 ("he"), is passed over.
    """

    def __init__(self, groups: Sequence[TermGroup]) -> None:
        never = {phrase for name in ("en", "zh") for phrase in never_meant(name)}
        self._axes = tuple(axes_of(groups))
        self._beginning: dict[str, list[tuple[int, str, bool, re.Pattern[str]]]] = {}
        for number, own in enumerate(axes_of(groups).values()):
            words = {word for group in own for word in group.words}
            for phrase in sorted(words | never, key=lambda each: (-len(each), each)):
                if first := _TOKEN.match(phrase):
                    phrases = self._beginning.setdefault(first[0].lower(), [])
                    phrases.append((number, phrase, phrase in words, _pattern(phrase)))

    def occurrences(self, text: str) -> Iterator[Occurrence]:
        """Yields each word that stands in the text, from left to right; those of one axis do not overlap."""
        ends = [0] * len(self._axes)
        for token in _TOKEN.finditer(text):
            for number, phrase, named, pattern in self._beginning.get(token[0].lower(), ()):
                if token.start() < ends[number] or not (match := pattern.match(text, token.start())):
                    continue
                ends[number] = match.end()
                if named:
                    yield Occurrence(self._axes[number], match.start(), match.end(), phrase)


def _check(groups: Sequence[TermGroup]) -> None:
    if not groups:
        raise ConfigError(
            "fairness.terms_none",
            "The list of words is empty. Write at least one group, such as “gender/women: she, her, woman”.",
        )
    if (number := sum(len(group.words) for group in groups)) > MOST_WORDS:
        raise ConfigError(
            "fairness.terms_many",
            "The list holds {number} words. At most {most} are looked for; shorten it.",
            number=number,
            most=MOST_WORDS,
        )
    titles: set[str] = set()
    places: dict[tuple[str, str], str] = {}
    for group in groups:
        if group.title in titles:
            raise ConfigError(
                "fairness.terms_twice",
                "The group “{group}” stands twice in the list of words. Put its words on one line.",
                group=group.title,
            )
        titles.add(group.title)
        for word in dict.fromkeys(group.words):
            other = places.setdefault((group.axis, word), group.name)
            if other != group.name:
                raise ConfigError(
                    "fairness.terms_in_two",
                    "The word “{word}” stands in two groups of “{axis}”: {groups}. Leave it in one of them.",
                    word=word,
                    axis=group.axis,
                    groups=[other, group.name],
                )


def _plain(word: str) -> str:
    return " ".join(word.split()).lower()


def _pattern(phrase: str) -> re.Pattern[str]:
    escaped = r"\s+".join(re.escape(part) for part in phrase.split())
    return re.compile(escaped if han_share(phrase) > 0 else rf"{escaped}(?!{_LETTER})", re.IGNORECASE)


@cache
def _built_in(language: str) -> tuple[TermGroup, ...]:
    groups = []
    for title, words in _stored(language)["groups"].items():
        axis, _, name = title.partition("/")
        groups.append(TermGroup(axis, name, tuple(words)))
    return tuple(groups)


def never_meant(language: str) -> list[str]:
    """Phrases of a language in which a listed word means nobody, such as 吉他 for 他."""
    phrases: list[str] = _stored(language)["never"]
    return phrases


@cache
def _stored(language: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((_LISTS / f"{language}.json").read_text("utf-8"))
    return stored
