"""Cuts decoded text into rows of fields.

Three manners, because files disagree on what a quotation mark is:

* ``strict``: quotes as RFC 4180 has them; anything else raises `csv.Error`;
* ``lines``: a row is a line; a quote that does not enclose a whole field is an ordinary character;
* ``lenient``: the csv module's own guesswork.

Knows nothing of headers or of how many fields a row should have.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Literal

from core.errors import DataError

Manner = Literal["strict", "lines", "lenient"]

_NO_LIMIT = 2**31 - 1  # the reader checks lengths itself, so that the error can name the row


class Lines:
    """The lines of a text stream, counted, without byte order marks inside.

    Lines end at ``\\n``, ``\\r\\n`` or ``\\r`` alone: the stream must be opened with ``newline=""``, and nothing here
    calls `str.splitlines`, which would also split at NEL (U+0085).
    """

    def __init__(self, stream: Iterable[str], name: str, encoding: str) -> None:
        self._stream = stream
        self._name = name
        self._encoding = encoding
        self.number = 0  # lines handed out so far
        self.exhausted = False  # True once somebody asked for a line beyond the last

    def __iter__(self) -> Iterator[str]:
        try:
            for line in self._stream:
                self.number += 1
                if "\0" in line:
                    raise self._zero_character()
                yield line.replace("\ufeff", "") if "\ufeff" in line else line
        except UnicodeError:
            raise DataError(
                "data.wrong_encoding",
                "'{file}' cannot be read as {encoding}: near line {line} it holds bytes which that encoding does not "
                "know. "
                "Choose another encoding, or open the file where it was made and save it as UTF-8.",
                file=self._name,
                encoding=self._encoding,
                line=self.number + 1,
            ) from None
        self.exhausted = True

    def _zero_character(self) -> DataError:
        return DataError(
            "data.zero_character",
            "Line {line} of '{file}' holds a zero character (NUL), which no text has. Either the file is damaged, "
            "or it is UTF-16 and was read as {encoding}. Choose another encoding, or remove the character.",
            line=self.number,
            file=self._name,
            encoding=self._encoding,
        )


def split_rows(lines: Lines, delimiter: str, manner: Manner) -> Iterator[list[str]]:
    """Yield one list of fields per row; a blank line gives an empty list.

    A space as delimiter cuts once, after the first word: label, space, text.
    """
    if delimiter == " ":
        return (_label_and_text(line) for line in lines)
    if manner == "lines":
        return (_fields(line.rstrip("\r\n"), delimiter) for line in lines)
    csv.field_size_limit(_NO_LIMIT)
    return csv.reader(lines, delimiter=delimiter, strict=manner == "strict")


def _label_and_text(line: str) -> list[str]:
    label, _, text = line.strip(" \r\n").partition(" ")
    return [label, text.strip(" ")] if label else []


def _fields(line: str, delimiter: str) -> list[str]:
    if not line:
        return []
    if '"' in line:
        try:
            return next(csv.reader([line], delimiter=delimiter, strict=True))
        except csv.Error:
            pass
    return line.split(delimiter)
