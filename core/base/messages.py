"""Sentences for people, kept translatable: a key, an English template and the facts that fill it.

The English text stands where it is raised, so the code reads well and the command line needs no catalogue; a
screen in another language looks the key up in its own catalogue and fills in the same facts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from core.base.wording import agreeing

_BEFORE_STOP = re.compile(r"\{(\w+)\}[.。]")  # facts behind which a template has a full stop
_STOPPED = re.compile(r"(?<![.。/\\])[.。]\Z")
_NAMED_BY = ("port", "seed", "version", "year")  # facts whose number is a name: it counts nothing
_DIGIT_THAT_COUNTS = re.compile(r"[1-9a-z]")  # also of "inf" and "nan"
_HALVES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Message:
    """One sentence: ``str(message)`` is the English text with its facts filled in.

    Parameters
    ----------
    key
        Name in the catalogues, such as ``"data.column_missing"``.
    text
        English template with ``{named}`` places.
    facts
        Values for the named places: strings, numbers, or lists of strings (shown joined by commas).
    """

    key: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return fill(self.text, self.facts)

    def to_dict(self) -> dict[str, Any]:
        return {"key": self.key, "text": self.text, "facts": self.facts}

    @staticmethod
    def from_dict(stored: dict[str, Any]) -> Message:
        return Message(stored["key"], stored["text"], dict(stored["facts"]))


def message(key: str, text: str, /, **facts: Any) -> Message:
    """Build a `Message`; the short form used all over `core`."""
    return Message(key, text, facts)


def fill(template: str, facts: dict[str, Any]) -> str:
    """Fill a template's named places; lists read as ``a, b, c``, text longer than 200 characters is cut, and English
    nouns agree with a count of one. Thousands are separated. A reason that ends with a full stop of its own gets no second one.
    """
    readable = {name: _readable(value, counts=name not in _NAMED_BY) for name, value in facts.items()}
    for name in _BEFORE_STOP.findall(template):
        if isinstance(value := readable.get(name), str) and _STOPPED.search(value):
            readable[name] = value[:-1]
    return agreeing(template, facts).format(**readable)


class _Counted(int):
    """A whole number that is written with separated thousands, whether or not its place in a template asks for them."""

    def __format__(self, form: str) -> str:
        return super().__format__(form or ",")


class _Measured(float):
    """A number that is written without a sign where it rounds to zero."""

    def __format__(self, form: str) -> str:
        written = super().__format__(form)
        return written if _DIGIT_THAT_COUNTS.search(written) else written.replace("-", "").replace("−", "")


def _readable(value: Any, *, counts: bool) -> Any:
    if isinstance(value, float):
        return _Measured(value)
    if counts and isinstance(value, int) and not isinstance(value, bool):
        return _Counted(value)
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value)
    if isinstance(value, str):
        value = showable(value)
        return value[:200] + "…" if len(value) > 200 else value
    return value


def showable(text: str) -> str:
    """The text with � for what can be neither shown nor written, such as the bytes of a file's name that is not UTF-8."""
    return text if text.isascii() else _HALVES.sub("\ufffd", text)
