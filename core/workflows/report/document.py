"""What a report is made of, before it becomes HTML or Markdown: sections of sentences, tables and charts, all in words.

Also the words themselves: `ReportLanguage` puts messages into one language. Knows nothing of versions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.base.messages import Message, fill, message
from core.base.wording import score
from core.fairness.config import WAYS

Lookup = Callable[[str, str], str]  # key of a text and its English template → the template in the reader's language


def in_english(key: str, english: str) -> str:
    """The lookup of who needs no catalogue."""
    return english


@dataclass(frozen=True)
class ReportLanguage:
    """Sentences in one language.

    Core brings English along; another language is a function that finds the template of a key, such as in the
    dashboard's catalogues. A template it does not have stays English.
    """

    language: str = "en"
    lookup: Lookup = in_english

    def say(self, message: Message) -> str:
        """The sentence with its facts filled in."""
        separator = "、" if self.language == "zh" else ", "
        facts = {
            name: separator.join(str(item) for item in value) if isinstance(value, list | tuple) else value
            for name, value in message.facts.items()
        }
        if message.key.startswith("mitigation."):  # some facts are choices of that setting
            facts |= {name: self.choice("mitigation", str(facts[name])) for name in WAYS if name in facts}
        return fill(self.lookup(message.key, message.text), facts)

    def setting(self, name: str, english: str) -> str:
        """The name of a setting, as a form shows it."""
        return self.lookup(f"settings.{name}_label", english)

    def choice(self, setting: str, value: str) -> str:
        """What one of the choices of a setting is called on screen; the value itself where no catalogue is at hand."""
        return self.lookup(f"choices.{setting}_{value}", self.lookup(f"choices.{value}", value))

    def name(self, kind: str, name: str) -> str:
        """What a model or a strategy is called on screen; the name in the code where no catalogue is at hand."""
        return self.lookup(f"names.{kind}_{name}", name)

    def language_of(self, code: str) -> str:
        """The name of the language of a dataset."""
        known = {
            "en": message("report.english", "English"),
            "zh": message("report.chinese", "Chinese"),
            "mixed": message("report.mixed", "English and Chinese"),
        }
        return self.say(known.get(code, message("report.other", "other")))


@dataclass(frozen=True)
class Cell:
    """One cell of a table; ``heat`` colours it, 0 (not at all) to 1."""

    text: str
    heat: float | None = None


@dataclass(frozen=True)
class Table:
    """A table; the first column names the row."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class Paragraph:
    """A sentence or more; ``tone`` is ``"plain"``, ``"note"`` or ``"warning"``."""

    text: str
    tone: str = "plain"
    kind: str = "paragraph"


@dataclass(frozen=True)
class Points:
    """Values with their intervals, one a row, on an axis from 0 to 1; None for what has none."""

    title: str
    rows: tuple[tuple[str, float, float, float], ...]
    kind: str = "points"


@dataclass(frozen=True)
class Curve:
    """Lines over epochs, which count from 1; ``best`` is the epoch that was kept."""

    title: str
    axis: str
    epoch: str
    series: tuple[tuple[str, tuple[float, ...]], ...]
    best: int
    kind: str = "curve"


Block = Table | Paragraph | Points | Curve


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it; one without blocks is left out."""

    title: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    language: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(default_factory=tuple)


def table(head: list[str], rows: list[list[str | Cell]], caption: str = "") -> Table:
    """A table of texts, some of them coloured."""
    made = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Table(tuple(head), made, caption)


def figure(estimate: dict[str, float]) -> str:
    """A score with its interval: ``0.912 (0.897–0.926)``."""
    return score(estimate["value"], estimate["low"], estimate["high"])
