"""Texts with a token and its tag a line, and an empty line between two texts, as CoNLL-2003 has them.

The table has a column of texts and one of entities; with marks between documents, one that numbers these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas

from core.base.messages import Message, message
from core.data.reading.formats.base import HEAD, form_of_kind, refuse_corrections, table_of
from core.data.reading.notes import note_replaced_bytes
from core.data.reading.source import is_compressed, open_content
from core.data.reading.table_format import FormatCorrections, Guess, TableFormat, confidence
from core.data.reading.text.checks import no_rows
from core.data.reading.text.encoding import codec_of, detect_encoding, named_encoding
from core.data.spans.cells import TAG, jump_note
from core.data.spans.targets import Span, jumps, spans_of_tags, target_of
from core.data.spans.tokens import joined

DOCUMENT = "-DOCSTART-"
TEXT, ENTITIES, GROUP = "text", "entities", "group"
_FEWEST = 3  # lines by which a file is known
_NAMED = 5  # lines named in a sentence
_REPLACED = "\ufffd"
_NOTHING_MARKED = 20  # where all of them are outside of entities


class Conll:
    """A token a line."""

    name = "conll"

    def fits(self, path: Path, head: bytes) -> bool:
        """Whether every line that is seen is a token with a tag behind it, and some are empty between them."""
        lines = _lines(head.decode("utf-8", "replace"))
        if len(head) >= HEAD:  # the last one may be cut
            lines = lines[:-1]
        filled = [_fields(line) for line in lines if line.strip() and not line.startswith((DOCUMENT, "# "))]
        if len(filled) < _FEWEST or any(len(fields) < 2 or not TAG.fullmatch(fields[-1]) for fields in filled):
            return False
        if any(fields[-1] != "O" for fields in filled):
            return True
        return len(filled) >= _NOTHING_MARKED and len(filled) < len(lines)

    def parts(self, path: Path) -> list[str]:
        return []

    def detect(self, path: Path, corrections: FormatCorrections) -> TableFormat:
        refuse_corrections(path, corrections, {"encoding"})
        if corrections.encoding is None:
            encoding, sure = detect_encoding(path, is_compressed(path))
        else:
            encoding, sure = named_encoding(corrections.encoding), True
        return form_of_kind(self.name, [Guess("encoding", encoding, confidence(sure, corrections.encoding))])

    def read(self, path: Path, form: TableFormat | None) -> pandas.DataFrame:
        form = form or self.detect(path, FormatCorrections())
        with open_content(path, is_compressed(path)) as source:
            read = source.read()
        content = read.decode(codec_of(form.encoding), "replace")
        lines = _lines(content.removeprefix("\ufeff"))
        columns: dict[str, list[str]] = {TEXT: [], ENTITIES: [], GROUP: []}
        jumped: Counter[int] = Counter()
        without: list[int] = []
        document = 0
        for first, end, begins in _sentences(lines):
            document += begins
            fields = [_fields(line) for line in lines[first:end]]
            tags = [row[-1] if len(row) > 1 and TAG.fullmatch(row[-1]) else "" for row in fields]
            without += [first + number + 1 for number, tag in enumerate(tags) if not tag]
            text, places = joined([row[0] for row in fields])
            spans = [Span(places[start][0], places[last - 1][1], name) for start, last, name in spans_of_tags(tags)]
            jumped[len(columns[TEXT])] = jumps(tags)
            columns[TEXT].append(text)
            columns[ENTITIES].append(target_of(spans))
            columns[GROUP].append(str(document))
        if not columns[TEXT]:
            raise no_rows(path)
        if document < 2:
            del columns[GROUP]
        notes = [
            message(
                "data.note_tags",
                "Read as texts with a token and its tag a line: {texts:,} texts.",
                texts=len(columns[TEXT]),
            )
        ]
        if without:
            notes.append(_without_tag(without))
        if +jumped:
            notes.append(jump_note(+jumped))
        replaced = {number: line.count(_REPLACED) for number, line in enumerate(lines, 1) if _REPLACED in line}
        if replaced and not _is_whole(read, codec_of(form.encoding)):
            notes.append(note_replaced_bytes(replaced, form.encoding))
        return table_of(path, list(columns), list(columns.values()), form, notes)


def _without_tag(lines: list[int]) -> Message:
    return message(
        "data.note_without_tag",
        "Lines without a tag of a scheme that is known: {count:,}, first {lines}. Their tokens are read as outside of entities.",
        count=len(lines),
        lines=[f"{line:,}" for line in lines[:_NAMED]],
    )


def _sentences(lines: list[str]) -> Iterator[tuple[int, int, bool]]:
    """First line of each text, that behind its last one, and whether a document begins with it."""
    first, begins = -1, False
    for number, line in enumerate([*lines, ""]):
        marks = line.startswith(DOCUMENT)
        if line.strip() and not marks:
            first = number if first < 0 else first
            continue
        if first >= 0:
            yield first, number, begins
            first, begins = -1, False
        begins = begins or marks


def _is_whole(read: bytes, codec: str) -> bool:
    """Whether all bytes have a meaning; a text may have a sign for those that had none before."""
    try:
        read.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _lines(content: str) -> list[str]:
    """Only where a line feed stands a line ends: other signs that may end one can be tokens."""
    return [line.removesuffix("\r") for line in content.split("\n")]


def _fields(line: str) -> list[str]:
    """Cut at tabs, or where there is none at blanks; a token may be a blank itself."""
    return line.split("\t") if "\t" in line else line.split()
