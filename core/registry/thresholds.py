"""From which probability on a classifier answers by itself: decided by its owner, kept with the classifier, not a version."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from core.base.errors import RegistryError
from core.base.files import parse_json


@dataclass(frozen=True)
class Threshold:
    """Answers that are less probable go to a person.

    Parameters
    ----------
    value
        Probability, above 0 and at most 1.
    version
        The version whose answers were looked at when it was chosen.
    at
        ISO 8601, UTC.
    """

    value: float
    version: int
    at: str

    def to_text(self) -> str:
        """Compact JSON for a tag."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def from_text(text: str | None) -> Threshold | None:
        """Read what `to_text` wrote; a missing or unreadable tag is no threshold."""
        try:
            return Threshold(**parse_json(text)) if text else None
        except (ValueError, TypeError):
            return None


def check_threshold(value: float) -> None:
    """Raise `RegistryError` unless this can be a threshold."""
    if not 0 < value <= 1:
        raise RegistryError(
            "registry.threshold_range",
            "A threshold of {value} is not possible. Give a probability above 0 and at most 1, such as 0.9.",
            value=value,
        )
