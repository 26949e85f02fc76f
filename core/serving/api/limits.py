"""How much one caller may ask for; what lies beyond is refused with a sentence that names the limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ApiLimits:
    """Largest sizes that are accepted.

    Parameters
    ----------
    body_bytes
        Bytes of a request's body; more is refused before it is read into memory.
    body_seconds
        Seconds within which a body must have arrived.
    texts
        Texts of one request.
    characters, document_characters
        Characters of one text, and of one in which entities are marked: such a document is read in parts.
    waiting
        Requests that may be in work or wait at the same time; one more is answered with 503.
    engines
        Versions that are kept loaded; the least recently used one is closed for a further one.
    """

    body_bytes: int = 2 * 1024 * 1024
    body_seconds: float = 60.0
    texts: int = 1000
    characters: int = 20_000
    document_characters: int = 200_000
    waiting: int = 256
    engines: int = 4
