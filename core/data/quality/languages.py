"""Which languages a dataset mixes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from core.base.messages import message
from core.data.dataset.language import language_of
from core.data.quality.base import CHUNK, Finding, Fix, Inspected, capped, drop

FEW = 0.1  # share up to which a second language is a stray one
_NAMED = ("zh", "en")
_READ = 200  # characters of a text: enough to tell
_LETTER = re.compile("[A-Za-z]")


def language_mix(inspected: Inspected) -> Iterator[Finding | float]:
    """Texts in another language than nearly all the others, or two languages side by side."""
    texts = inspected.dataset.texts
    spoken = np.zeros(len(texts), dtype="<U5")
    for row, text in enumerate(texts):
        if row % CHUNK == 0:
            yield row / len(texts)
        spoken[row] = _language(text[:_READ])
    counts = {language: int((spoken == language).sum()) for language in _NAMED}
    main = max(counts, key=counts.__getitem__)
    second = next(language for language in _NAMED if language != main)
    if not counts[second]:
        return
    rows = np.flatnonzero(spoken == second)
    share = counts[second] / len(texts)
    stray = share <= FEW
    facts = {"count": counts[second], "share": share, "main": counts[main]}
    if second == "zh":
        sentence = message(
            "quality.chinese_among",
            "Chinese texts among {main:,} in Latin letters: {count:,} ({share:.2%}).",
            **facts,
        )
    else:
        sentence = message(
            "quality.latin_among",
            "Texts in Latin letters among {main:,} Chinese ones: {count:,} ({share:.2%}).",
            **facts,
        )
    fix = Fix(
        "drop",
        message("quality.language_fix", "Remove these rows: {count:,}", count=len(rows)),
        (drop(inspected, rows, "chosen"),),
    )
    yield Finding(
        "language_mix",
        "info",
        len(rows),
        sentence,
        message(
            "quality.language_advice",
            "With so few there is hardly anything to learn from; remove them if such texts will not be asked about.",
        )
        if stray
        else message(
            "quality.language_both_advice",
            "Both can be learned: choose an encoder for many languages, or characters and words (segmentation “auto”), and "
            "look at the results of each language alone.",
        ),
        capped(rows),
        fixes=(fix,) if stray else (),
    )


def _language(text: str) -> str:
    """As `language_of`, and quick where no letter is outside of ASCII."""
    if text.isascii():
        return "en" if _LETTER.search(text) else "other"
    return language_of((text,))
