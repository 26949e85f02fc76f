"""What is known of a set of word vectors without reading it, and how well it covers a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

OWN = "own:"


@dataclass(frozen=True)
class VectorInfo:
    """A set of word vectors.

    Parameters
    ----------
    reference
        How settings name it: ``"packaged:<name>"`` or ``"own:<name>"``.
    words, dimensions
        Number of words, and of values per word.
    languages
        The words' languages, such as ``("en",)``; empty when they could not be told.
    licence
        The vectors' licence, in the words of who published them; empty when the file did not say.
    source
        Where they came from: a web address, a file's name, or how many texts they were learned from.
    installed
        Whether they can be read now.
    install
        The command that makes them readable; empty when they are.
    broken
        Lines of the file that held no vector and were left out.
    learned
        Whether they were learned here, from own texts.
    """

    reference: str
    name: str
    words: int
    dimensions: int
    languages: tuple[str, ...]
    licence: str
    source: str
    installed: bool = True
    install: str = ""
    broken: int = 0
    learned: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def own(name: str, **facts: Any) -> VectorInfo:
        """A set of this workspace, with what is known of it before its words are counted."""
        return VectorInfo(f"{OWN}{name}", name, 0, 0, **{"languages": (), "licence": "", **facts})

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> VectorInfo:
        return VectorInfo(**{**stored, "languages": tuple(stored["languages"])})


@dataclass(frozen=True)
class Coverage:
    """How much of a vocabulary has a vector.

    Parameters
    ----------
    types_share
        Share of the different words, 0 to 1; 0 for an empty vocabulary.
    tokens_share
        The same with every occurrence counted: what share of a text a model knows something about.
    missing
        The most frequent words without a vector, with their counts.
    """

    types_share: float
    tokens_share: float
    missing: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "types_share": self.types_share,
            "tokens_share": self.tokens_share,
            "missing": [list(pair) for pair in self.missing],
        }
