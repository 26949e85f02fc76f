"""Tells Chinese from English by the letters used; knows no words and no grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from core.data.dataset.inputs import body_of

Language = Literal["zh", "en", "mixed", "other"]

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")
_LETTER = re.compile(r"[^\W\d_]+")
_SAMPLE = 1000  # texts looked at, evenly spaced
_LETTERS_PER_HAN = 3  # a Chinese character says about as much as three Latin letters


def han_share(text: str) -> float:
    """Share of Chinese characters among the letters of a text, 0 to 1; 0 without letters."""
    letters = _count(_LETTER, text)
    return _count(_HAN, text) / letters if letters else 0.0


def language_of(texts: Sequence[str]) -> Language:
    """The language of some texts as a whole.

    ``"zh"`` or ``"en"`` when nearly all is in Chinese characters or Latin letters, ``"mixed"`` when both matter, and
    ``"other"`` when most letters are neither, or there are none. Other languages in Latin letters count as ``"en"``.
    """
    sample = "\n".join(map(body_of, texts[:: max(1, len(texts) // _SAMPLE)]))
    han, latin, letters = (_count(pattern, sample) for pattern in (_HAN, _LATIN, _LETTER))
    if 2 * (han + latin) < letters or han + latin == 0:
        return "other"
    share = _LETTERS_PER_HAN * han / (_LETTERS_PER_HAN * han + latin)
    if share >= 0.8:
        return "zh"
    return "en" if share <= 0.1 else "mixed"


def _count(pattern: re.Pattern[str], text: str) -> int:
    """Characters of all runs."""
    return sum(map(len, pattern.findall(text)))
