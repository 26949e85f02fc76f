"""JSON in every form a table comes in: an object or list a line, one array, or one object around it."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas

from core.base.errors import DataError
from core.base.files import has_endless_number
from core.base.messages import Message
from core.data.reading import table_checks
from core.data.reading.formats import base
from core.data.reading.formats.base import as_string, form_of_kind, refuse_corrections, table_of
from core.data.reading.formats.json_shapes import Columns, Records, shape_of
from core.data.reading.formats.rows_table import guess_head, table_of_rows
from core.data.reading.notes import note_replaced_cells, note_weak_encoding
from core.data.reading.source import check_text
from core.data.reading.table_format import FormatCorrections, Guess, TableFormat, confidence
from core.data.reading.text.checks import no_rows
from core.data.reading.text.encoding import codec_of, detect_encoding, is_slightly_damaged, named_encoding
from core.data.reading.text.rows import wrong_encoding

JSON_LIMIT = 512 * 1024**2  # bytes: as Python objects they take several times as much
_ENDINGS = (".json", ".jsonl", ".ndjson")
_BLANK = re.compile(r"\s*")
_SPARSE = 4  # times as many cells as values that a table may have beyond `CELLS_LIMIT`


class JsonLines:
    """Objects whose keys name the columns, an absent key leaving its cell empty; or lists, judged as rows of a sheet are."""

    name = "json"

    def fits(self, path: Path, head: bytes) -> bool:
        start = _decoded_head(head).lstrip("\ufeff \t\r\n")
        if len(head) < base.HEAD and (start.startswith("[") or path.suffix.lower() in _ENDINGS) and _is_value(start):
            return True
        following = start[1:].lstrip()[:2]
        if start.startswith("["):
            return (
                following[:1] in ("{", "") or (following[:1] == "[" and following[1:2] in '"[') or following[:1] == '"'
            )
        return start.startswith("{") and following[:1] in ('"', "}")

    def parts(self, path: Path) -> list[str]:
        shape = _shape(path, _encoding(path, None)[0])[0]
        return shape.parts if isinstance(shape, Records) else []

    def detect(self, path: Path, corrections: FormatCorrections) -> TableFormat:
        encoding, sure = _encoding(path, corrections.encoding)
        shape = _shape(path, encoding, corrections.sheet)[0]
        guesses = [Guess("encoding", encoding, confidence(sure, corrections.encoding))]
        part = ""
        if isinstance(shape, Records) and len(shape.parts) > 1:
            part = corrections.sheet or shape.parts[0]
            guesses.append(Guess("sheet", part, confidence(False, corrections.sheet)))
        allowed = {"encoding", "sheet"} if part else {"encoding"}
        if isinstance(shape, list):
            allowed |= {"header", "skip_rows"}
            guesses += guess_head(_cells(shape), corrections)
        refuse_corrections(path, corrections, allowed)
        return form_of_kind(self.name, guesses, part=part)

    def read(self, path: Path, form: TableFormat | None) -> pandas.DataFrame:
        form = form or self.detect(path, FormatCorrections())
        shape, damaged = _shape(path, form.encoding, form.part or None)
        notes: list[Message] = []
        if any(guess.part == "encoding" and not guess.sure for guess in form.guesses) and form.encoding != "utf-8":
            notes.append(note_weak_encoding(form.encoding))
        if isinstance(shape, list):
            return table_of_rows(path, _cells(shape), form, notes)
        if isinstance(shape, Columns):
            return table_of(
                path,
                shape.names,
                [[as_string(value) for value in column] for column in shape.values],
                form,
                [*notes, *shape.notes],
            )
        names, columns = _columns(path, shape.rows)
        if damaged:
            broken = [
                (row, name)
                for name, column in zip(names, columns, strict=True)
                for row, cell in enumerate(column, 1)
                if "\ufffd" in cell
            ]
            notes.append(note_replaced_cells(len(broken), sorted(broken)))
        return table_of(path, names, columns, form, [*notes, *shape.notes])


def _decoded_head(head: bytes) -> str:
    """The first bytes as text, as far as a bracket and a quotation mark go."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return head.decode("utf-32", "replace")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace")
    if head[:2].startswith((b"{\0", b"[\0")):
        return head.decode("utf-16-le", "replace")
    if head[:2] in (b"\0{", b"\0["):
        return head.decode("utf-16-be", "replace")
    return head.decode("utf-8-sig", "replace")


def _encoding(path: Path, given: str | None) -> tuple[str, bool]:
    return (named_encoding(given), True) if given is not None else detect_encoding(path, False)


def _shape(path: Path, encoding: str, part: str | None = None) -> tuple[Records | Columns | list[Any], bool]:
    """What the file holds, and whether bytes without meaning were replaced."""
    size = path.stat().st_size
    if size > JSON_LIMIT:
        raise DataError(
            "data.json_too_large",
            "'{file}' holds {size:,.0f} MB of JSON; the limit is {limit:,.0f} MB. Upload a part of it, or save it as CSV.",
            file=path.name,
            size=size / 1024**2,
            limit=JSON_LIMIT / 1024**2,
        )
    content = path.read_bytes()
    check_text(path, content[:512])
    damaged = False
    try:
        text = content.decode(codec_of(encoding))
    except UnicodeDecodeError as error:
        if not is_slightly_damaged(path, False, encoding):
            raise wrong_encoding(path.name, encoding, content.count(b"\n", 0, error.start) + 1) from None
        text, damaged = content.decode(codec_of(encoding), "replace"), True
    del content
    return shape_of(path, _values(path, text.removeprefix("\ufeff")), part), damaged


def _values(path: Path, text: str) -> list[Any]:
    """The values of the file: one for a document, one a line for JSON Lines."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise no_rows(path)
    if not _is_value(lines[0][1]) or len(lines) == 1:
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError) as error:
            _check_comma(path, text, error)
            if (values := _one_after_another(text)) is not None:
                return values
            if text.lstrip().startswith("[") or len(lines) == 1 or not _is_value(lines[-1][1]):
                raise _unreadable(path, "JSON", error) from None
    values = []
    for number, line in lines:
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise _unreadable(path, "JSON Lines", error, f"line {number:,}: {str(error).partition(':')[0]}") from None
    return values


def _unreadable(path: Path, kind: str, error: Exception, reason: str = "") -> DataError:
    if isinstance(error, RecursionError):
        return base.nested(path)
    return base.endless_number(path) if has_endless_number(error) else base.unreadable(path, kind, reason or error)


def _check_comma(path: Path, text: str, error: Exception) -> None:
    """Raise `DataError` where a comma before a closing bracket is what is wrong, as people leave it behind the last row."""
    if not isinstance(error, json.JSONDecodeError):
        return
    before, behind = text[: error.pos].rstrip(), text[error.pos :].lstrip(", \t\r\n")
    if behind[:1] in ("]", "}") and (before.endswith(",") or text[error.pos : error.pos + 1] == ","):
        raise DataError(
            "data.json_comma",
            "In '{file}' a comma stands before the closing '{bracket}' of line {line:,}, where JSON has none. Remove the comma.",
            file=path.name,
            bracket=behind[0],
            line=error.lineno,
        )


def _one_after_another(text: str) -> list[Any] | None:
    """Objects over several lines each, one after another, as jq prints them; None for anything else."""
    decoder, values, offset = json.JSONDecoder(), [], 0
    while (start := _BLANK.match(text, offset)) is not None and start.end() < len(text):
        try:
            value, offset = decoder.raw_decode(text, start.end())
        except (ValueError, RecursionError):
            return None
        values.append(value)
    return values if len(values) > 1 and all(isinstance(value, dict | list) for value in values) else None


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _cells(rows: Sequence[Any]) -> list[list[str]]:
    return [[base.without_half_characters(as_string(cell)) for cell in row] for row in rows]


def _columns(path: Path, rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Objects as columns of strings; `DataError` where nearly every row brings keys of its own."""
    names: dict[str, None] = {}
    filled = 0
    for row in rows:
        names.update(dict.fromkeys(row))
        filled += len(row)
        if (
            len(names) * len(rows) > max(table_checks.CELLS_LIMIT, _SPARSE * max(filled, len(rows)))
            and len(names) > 1000
        ):
            raise table_checks.too_wide(path, "", len(rows), len(names))
    if len(names) * len(rows) > max(table_checks.CELLS_LIMIT, _SPARSE * filled):
        raise table_checks.too_wide(path, "", len(rows), len(names))
    if not names:
        raise no_rows(path)
    return list(names), [[as_string(row.get(name)) for row in rows] for name in names]
