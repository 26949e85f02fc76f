"""A text as words and signs with their places, for models that mark stretches of a text. Goes into bundles; needs nothing.

A Chinese character is a token of its own, and so is every sign; letters that follow each other are one, and digits likewise.
Places count characters of the text as it was written, so that whatever is marked can be cut out of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
Place = tuple[int, int]  # the first character, and that behind the last one
BLANK, ALONE, LETTER, DIGIT, ATTACHED = range(5)


class _Kinds(dict[str, int]):
    """Kind of each character that was met."""

    def __missing__(self, letter: str) -> int:
        kind = self[letter] = _kind(letter)
        return kind


def _kind(letter: str) -> int:
    category = unicodedata.category(letter)
    if letter.isspace() or category in ("Cc", "Zs", "Zl", "Zp"):
        return BLANK
    if category[0] == "M" or category == "Cf" or "\U0001f3fb" <= letter <= "\U0001f3ff":
        return ATTACHED  # accents, joiners, colours of skin: part of what stands before
    if category[0] == "L":
        return ALONE if HAN.match(letter) else LETTER
    return DIGIT if category[0] == "N" else ALONE


_KINDS = _Kinds()
_JOINER = "\u200d"  # makes one sign of two, such as a family of persons


def tokens_of(text: str) -> list[Place]:
    """Where the tokens of a text stand, from left to right; blanks belong to none."""
    places: list[Place] = []
    before = BLANK
    for index, letter in enumerate(text):
        kind = _KINDS[letter]
        if kind == BLANK:
            before = BLANK
            continue
        touches = bool(places) and places[-1][1] == index
        glued = kind == ATTACHED or text[index - 1 : index] == _JOINER
        if touches and (glued or (kind == before and kind in (LETTER, DIGIT))):
            places[-1] = (places[-1][0], index + 1)
            continue
        places.append((index, index + 1))
        before = kind
    return places


def joined(tokens: Sequence[str]) -> tuple[str, list[Place]]:
    """Tokens of a file as one text, and where each stands in it: Chinese without spaces, all else with one between two tokens."""
    chinese = sum(len(token) == 1 and _stands_close(token) for token in tokens)
    space = "" if 2 * chinese > len(tokens) else " "
    places: list[Place] = []
    parts: list[str] = []
    end = 0
    for token in tokens:
        if parts:
            parts.append(space)
            end += len(space)
        parts.append(token)
        places.append((end, end + len(token)))
        end += len(token)
    return "".join(parts), places


def _stands_close(letter: str) -> bool:
    return HAN.match(letter) is not None or "\u3000" <= letter <= "\u303f" or "\uff00" <= letter <= "\uffef"
