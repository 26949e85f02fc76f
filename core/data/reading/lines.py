"""A list of texts, one a line, as a person writes it beside a table."""

from __future__ import annotations

import re
from pathlib import Path

from core.base.errors import DataError
from core.data.reading.text.encoding import codec_of, detect_encoding

# How files begin that hold no lines of text: zip and with it every newer workbook, Excel of old, gzip, PDF, Parquet.
NO_TEXT = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF-", b"PAR1")


def read_lines(path: Path, encoding: str | None = None) -> dict[int, str]:
    """The texts of a file, one a line, by the number of the line from 1; blank lines are left out.

    Raises
    ------
    DataError
        When the file cannot be read as text, or holds none.
    """
    # as an editor counts lines; splitlines knows more ends
    written = re.split(r"\r\n|\r|\n", _decoded(path, encoding).removeprefix("\ufeff"))
    lines = {number: line.strip() for number, line in enumerate(written, 1) if line.strip()}
    if not lines:
        raise DataError(
            "forget.no_texts",
            "The file '{file}' holds no text. Write the texts to be forgotten into it, one whole text a line.",
            file=path.name,
        )
    return lines


def _decoded(path: Path, encoding: str | None) -> str:
    """A list of texts as it was written; what is no text, such as a workbook, is refused in the words of a list."""
    try:
        data = path.read_bytes()
        if not data.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):  # blanks and byte order marks alone
            return ""
        guessed = encoding or detect_encoding(path, False)[0]
        if data.startswith(NO_TEXT):  # some encodings would read anything
            raise UnicodeDecodeError(guessed, data[:8], 0, 8, "binary")
        return data.decode(codec_of(guessed))
    except (OSError, UnicodeDecodeError, LookupError, DataError) as error:
        raise DataError(
            "forget.texts_unreadable",
            "The file '{file}' cannot be read as text ({reason}). Save it as UTF-8, one text a line.",
            file=path.name,
            reason=getattr(error, "strerror", None) or f"not {encoding or 'UTF-8'}",
        ) from error
