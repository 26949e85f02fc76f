"""Texts with a token and its tag a line, and an empty line between two texts, as CoNLL-2003 has them.

The table has a column of texts and one of entities; with marks between documents, one that numbers these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas

from core.base.messages import Message, message
from core.data.reading.formats.base import form_of_kind, refuse_corrections, table_of
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
_NOTHING_MARKED = 20  # where all of them are outside of entities


class Conll:
    """A token a line."""

    name = "conll"

    def fits(self, path: Path, head: bytes) -> bool:
        """Whether every line that is seen is a token with a tag behind it, and some are empty between them."""
        lines = head.decode("utf-8", "replace").splitlines()
        if len(head) >= 1024:  # the last one may be cut
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
        texts: list[str] = []
        entities: list[str] = []
        documents: list[str] = []
        jumped: Counter[int] = Counter()
        document = 0
        for tokens, tags, begins in _sentences(path, form.encoding):
            document += begins
            if not tokens:
                continue
            text, places = joined(tokens)
            spans = [Span(places[start][0], places[end - 1][1], name) for start, end, name in spans_of_tags(tags)]
            jumped[len(texts)] = jumps(tags)
            texts.append(text)
            entities.append(target_of(spans))
            documents.append(str(document))
        if not texts:
            raise no_rows(path)
        notes: list[Message] = [
            message(
                "data.note_tags", "Read as texts with a token and its tag a line: {texts:,} texts.", texts=len(texts)
            ),
            *([jump_note(+jumped)] if +jumped else []),
        ]
        names, columns = [TEXT, ENTITIES], [texts, entities]
        if document > 1:
            names, columns = [*names, GROUP], [*columns, documents]
        return table_of(path, names, columns, form, notes)


def _sentences(path: Path, encoding: str) -> Iterator[tuple[list[str], list[str], bool]]:
    """Tokens and tags of each text, and whether a document begins with it."""
    tokens: list[str] = []
    tags: list[str] = []
    begins = False
    with open_content(path, is_compressed(path)) as source:
        content = source.read().decode(codec_of(encoding), "replace")
    for line in [*content.removeprefix("\ufeff").splitlines(), ""]:
        marks = line.startswith(DOCUMENT)
        if not line.strip() or marks:
            if tokens:
                yield tokens, tags, begins
                tokens, tags, begins = [], [], False
            begins = begins or marks
            continue
        fields = _fields(line)
        tokens.append(fields[0])
        tags.append(fields[-1] if len(fields) > 1 and TAG.fullmatch(fields[-1]) else "O")


def _fields(line: str) -> list[str]:
    """Cut at tabs, or where there is none at blanks; a token may be a blank itself."""
    return line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
