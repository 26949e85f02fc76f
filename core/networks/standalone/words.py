"""What a word is, in English and Chinese, and words that no model may see; needs nothing but Python."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

if __package__:
    from core.data.dataset import inputs as columns
else:  # in a bundle, however it is started
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import inputs as columns  # type: ignore[import-not-found,no-redef]

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
LETTER = (
    r"[^\W\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"  # or a digit, where spaces stand between words
)
WORD_OR_SIGN = re.compile(rf"{LETTER}+|\S")


class HiddenWords:
    """Words that no model may see: a text is read as if they were not there, so that nothing tells how long they were.

    English words count as whole words in any case, Chinese ones wherever they stand; the longest wins.

    Parameters
    ----------
    words
        The words, each of which may be several with a space between them.
    shown
        Phrases that hold such a word and mean something else; they stay.
    """

    def __init__(self, words: Iterable[str], shown: Iterable[str] = ()) -> None:
        self._hidden = {" ".join(word.split()).lower() for word in words}
        phrases = self._hidden | ({phrase.lower() for phrase in shown} if self._hidden else set())
        by_start: dict[str, list[str]] = {}
        for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase)):
            if first := WORD_OR_SIGN.match(phrase):
                by_start.setdefault(first[0], []).append(phrase)
        self._patterns = {
            start: re.compile("|".join(map(self._pattern, own)), re.IGNORECASE) for start, own in by_start.items()
        }

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def hide(self, text: str) -> str:
        """The text without them; what follows the first further column stays as it is."""
        if not self._patterns:
            return text
        body, sign, rest = text.partition(columns.FIELD)
        kept, start, end = [], 0, 0
        for token in WORD_OR_SIGN.finditer(body):
            pattern = self._patterns.get(token[0].lower()) if token.start() >= end else None
            match = pattern.match(body, token.start()) if pattern is not None else None
            if match is None:
                continue
            end = match.end()
            if " ".join(match[0].split()).lower() in self._hidden:
                kept.append(body[start : match.start()].strip())
                start = end
        if not kept:
            return text
        return " ".join(part for part in [*kept, body[start:].strip()] if part) + sign + rest

    @staticmethod
    def _pattern(phrase: str) -> str:
        escaped = r"\s+".join(re.escape(part) for part in phrase.split())
        return escaped if HAN.search(phrase) else rf"{escaped}(?!{LETTER})"
