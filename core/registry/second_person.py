"""Against the gate with two people: what one asks for and why waits in the registry until another confirms it.

There are no accounts, so a name is a statement, not a proof.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

from core.base.errors import RegistryError
from core.base.files import parse_json
from core.base.messages import showable

NAME_CHARACTERS, REASON_CHARACTERS = 100, 1000  # a tag holds 5,000


@dataclass(frozen=True)
class OverrideRequest:
    """A promotion against the gate that waits for a second person.

    Parameters
    ----------
    by, reason
        Who asks, and why.
    at
        ISO 8601, UTC.
    how
        A few words for the history of champions.
    rules
        The gate's rules that it was asked for by; None when nobody looked at them.
    """

    version: int
    by: str
    reason: str
    at: str
    how: str = ""
    rules: dict[str, Any] | None = None

    def to_text(self) -> str:
        """Compact JSON for a tag."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_text(text: str | None) -> OverrideRequest | None:
        """Read what `to_text` wrote; a missing or unreadable tag is no request."""
        try:
            request = OverrideRequest(**parse_json(text)) if text else None
        except (ValueError, TypeError):
            return None
        if request is None or not isinstance(request.version, int):
            return None
        written = (request.by, request.reason, request.at, request.how)
        return request if all(isinstance(part, str) for part in written) else None


def written_name(name: str) -> str:
    """A name as it is kept: on one line, without spaces around, never too long."""
    return " ".join(showable(name).split())[:NAME_CHARACTERS]


def check_second(asked_by: str, confirmed_by: str) -> None:
    """Raise `RegistryError` unless this is the name of another person."""
    if not written_name(confirmed_by):
        raise RegistryError("registry.who_confirms", "Say who confirms: another name than that of who asked.")
    if _compared(asked_by) == _compared(confirmed_by):
        raise RegistryError(
            "registry.same_person",
            "'{name}' asked for this promotion, so somebody else has to confirm it.",
            name=written_name(confirmed_by),
        )


def _compared(name: str) -> str:
    """The name without what tells nobody apart: case, width, spaces and signs that are not seen."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in plain if not sign.isspace() and unicodedata.category(sign) != "Cf")
