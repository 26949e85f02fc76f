"""Cuts decoded text into rows of fields.

Three manners, because files disagree on what a quotation mark is:

* ``strict``: quotes as RFC 4180 has them; anything else raises `csv.Error`;
* ``lines``: a row is a line; a quote that does not enclose a whole field is an ordinary character;
* ``careful``: a row is a line, or several where a quote opens that a later line closes and `quoting` joins them.

Knows nothing of headers; only ``careful``, in `quoting`, knows how many fields a row should have.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from core.base.errors import DataError

Manner = Literal["strict", "lines", "careful"]

_NO_LIMIT = 2**31 - 1  # the reader checks lengths itself, so that the error can name the row
FASTTEXT = "__label__"  # stands before each label in files for fastText
_REPLACEMENT = "\ufffd"
WRONG_ENCODING = "data.wrong_encoding"  # the key of the error that another way of reading may mend
csv.field_size_limit(_NO_LIMIT)


class Lines:
    """The lines of a text stream, counted, without byte order marks inside.

    Lines end at ``\\n``, ``\\r\\n`` or ``\\r`` alone: the stream must be opened with ``newline=""``, and nothing here
    calls `str.splitlines`, which would also split at NEL (U+0085).

    Parameters
    ----------
    skip
        Lines at the top that are counted and left out.
    translate
        A function that makes CSV of a line that is written otherwise.
    """

    def __init__(
        self,
        stream: Iterable[str],
        name: str,
        encoding: str,
        *,
        skip: int = 0,
        translate: Callable[[str], str] | None = None,
    ) -> None:
        self._stream = stream
        self._name = name
        self._encoding = encoding
        self._skip = skip
        self._translate = translate
        self.number = 0  # lines handed out so far, those left out included
        self.exhausted = False  # True once somebody asked for a line beyond the last
        self.held: list[
            str
        ] = []  # what was handed out since somebody emptied it: the lines of the row that is read now
        self.replaced: dict[int, int] = {}  # line → signs in it that stand for bytes without meaning

    def __iter__(self) -> Iterator[str]:
        try:
            for line in self._stream:
                self.number += 1
                if self.number <= self._skip:
                    continue
                if "\0" in line:
                    raise self._zero_character()
                if _REPLACEMENT in line:
                    self.replaced[self.number] = line.count(_REPLACEMENT)
                if "\ufeff" in line:
                    line = line.replace("\ufeff", "")
                if self._translate is not None:
                    line = self._translate(line)
                self.held.append(line)
                yield line
        except UnicodeError:
            raise wrong_encoding(self._name, self._encoding, self.number + 1) from None
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


def wrong_encoding(file: str, encoding: str, line: int) -> DataError:
    """The error for bytes that the encoding does not know."""
    return DataError(
        "data.wrong_encoding",
        "'{file}' cannot be read as {encoding}: near line {line} it holds bytes which that encoding does not "
        "know. "
        "Choose another encoding, or open the file where it was made and save it as UTF-8.",
        file=file,
        encoding=encoding,
        line=line,
    )


def split_rows(lines: Lines, delimiter: str, manner: Manner) -> Iterator[list[str]]:
    """Yield one list of fields per row; a blank line gives an empty list.

    A space as delimiter cuts once, after the first word: label, space, text. A delimiter of several signs knows no quotes.
    """
    if delimiter == " ":
        return (_label_and_text(line) for line in lines)
    if manner == "lines" or len(delimiter) > 1:
        return (fields_of_line(line, delimiter) for line in lines)
    return csv.reader(lines, delimiter=delimiter, strict=True)


def fields_of_line(line: str, delimiter: str) -> list[str]:
    """The fields of a line that stands for itself: quotes count where the whole line follows RFC 4180."""
    line = line.rstrip("\r\n")
    if not line:
        return []
    if '"' in line and len(delimiter) == 1:
        try:
            return next(csv.reader([line], delimiter=delimiter, strict=True))
        except csv.Error:
            pass
    return line.split(delimiter)


def _label_and_text(line: str) -> list[str]:
    if line.lstrip(" ").startswith(FASTTEXT):
        return _fasttext(line.strip(" \r\n"))
    label, _, text = line.strip(" \r\n").partition(" ")
    return [label, text.strip(" ")] if label else []


def _fasttext(line: str) -> list[str]:
    """Label and text of a line such as ``__label__bad a cold room``; several labels become a list, as JSON has it."""
    labels = []
    while line.startswith(FASTTEXT):
        label, _, line = line.partition(" ")
        labels.append(label.removeprefix(FASTTEXT))
        line = line.lstrip(" ")
    return [labels[0] if len(labels) == 1 else json.dumps(labels, ensure_ascii=False), line]
