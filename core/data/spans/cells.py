"""Cells that hold entities, however they are written: lists of start, end and type, objects, marks in the text, a tag a token."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.spans.targets import NO_SPANS, Span, jumps, spans_of_tags, target_of
from core.data.spans.tokens import joined, tokens_of

MARKED = re.compile(r"\[([^\[\]\n]+)\]\(([^()\s]{1,40})\)")  # [Apple](ORG)
TAG = re.compile(r"O|[BIESLUM][-_].{1,60}")
_STARTS = ("start", "start_offset", "begin", "start_char", "startOffset")
_ENDS = ("end", "end_offset", "stop", "end_char", "endOffset")
_TYPES = ("label", "type", "tag", "entity", "labels", "entity_group", "entity_type", "category", "class")
_SAMPLE = 200  # rows by which a column is known
_FIRST = 5  # rows named in a sentence
_FEW = 0.2  # share of texts with a mark, from which on they are taken for marked


class EntitySets(NamedTuple):
    """The entities of each row.

    Parameters
    ----------
    targets
        One for each row; empty where nobody said.
    texts
        The texts that they count in.
    notes
        What was left out or read otherwise.
    """

    targets: list[str]
    texts: list[str]
    notes: tuple[Message, ...]


def hold_spans(texts: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether cells hold entities of the texts beside them: all that are filled are lists of them, and some are not empty."""
    filled = [(text, cell) for text, cell in zip(texts, cells, strict=True) if cell.strip()][:_SAMPLE]
    read = [_spans_in(text, cell) for text, cell in filled]
    return all(spans is not None for spans in read) and any(read)


def are_marked(texts: Sequence[str]) -> bool:
    """Whether texts carry their entities as ``[Apple](ORG)``; links to pages are none."""
    some = texts[:_SAMPLE]
    return sum(bool(unmarked(text)[1]) for text in some) >= max(2, _FEW * len(some))


def read_entities(written: Sequence[str], cells: Sequence[str] | None, column: str = "") -> EntitySets:
    """The entities of each row.

    Parameters
    ----------
    written
        Texts, or lists of tokens, as a table has them.
    cells
        What stands beside them; None where the texts carry marks.
    column
        Column that the cells are of.

    Raises
    ------
    DataError
        When a cell is no list of entities, or no row has any.
    """
    if cells is None:
        plain = [unmarked(text) for text in written]
        return _checked([text for text, _ in plain], [spans for _, spans in plain])
    texts: list[str] = []
    rows: list[list[Span] | None] = []
    jumped: Counter[int] = Counter()
    for row, (text, cell) in enumerate(zip(written, cells, strict=True)):
        tagged = _tagged(text, cell)
        if tagged is not None:
            jumped[row] = jumps(tagged.tags)
            texts.append(tagged.text)
            rows.append(tagged.spans)
            continue
        spans = _spans_in(text, cell) if cell.strip() else None
        if spans is None and cell.strip():
            raise DataError(
                "data.no_spans",
                "Column '{column}' holds '{cell}' in row {row:,}, which is no list of entities. Expected one such as {example}, "
                "or objects with start, end and label.",
                column=column,
                cell=cell[:60],
                row=row + 1,
                example='[[0, 5, "ORG"]]',
            )
        texts.append(text)
        rows.append(spans)
    return _checked(texts, rows, [jump_note(+jumped)] if +jumped else [])


def read_cell(text: str, cell: str) -> tuple[str, list[Span] | None]:
    """The text of a row and its entities, as one cell says them; None for a cell that does not."""
    tagged = _tagged(text, cell)
    return (
        (tagged.text, tagged.spans) if tagged is not None else (text, _spans_in(text, cell) if cell.strip() else None)
    )


def unmarked(text: str) -> tuple[str, list[Span]]:
    """A text without its marks, and the entities that they stood for."""
    if "](" not in text:
        return text, []
    plain, spans, end = "", [], 0
    for match in MARKED.finditer(text):
        surface, name = match.groups()
        if "/" in name or "." in name:
            continue
        plain += text[end : match.start()]
        spans.append(Span(len(plain), len(plain) + len(surface), name))
        plain, end = plain + surface, match.end()
    return plain + text[end:], spans


def fitting_target(text: str, cell: str) -> str | None:
    """The target of a cell's entities, of those that can be; None for a cell that is no list of such."""
    spans = _spans_in(text, cell)
    return None if spans is None else target_of(_apart(_held(text, spans)))


class _Tagged(NamedTuple):
    """A row that came as tokens with a tag each."""

    text: str
    tags: list[str]
    spans: list[Span]


def _tagged(text: str, cell: str) -> _Tagged | None:
    """The row of a list of tokens and one of tags; None for any other."""
    if not (text.startswith("[") and cell.startswith("[")):
        return None
    tokens, tags = _list(text), _list(cell)
    if not tokens or tags is None or len(tokens) != len(tags):
        return None
    if not all(isinstance(tag, str) and TAG.fullmatch(tag) for tag in tags):
        return None
    whole, places = joined([str(token) for token in tokens])
    spans = [Span(places[start][0], places[end - 1][1], name) for start, end, name in spans_of_tags(tags)]
    return _Tagged(whole, tags, spans)


def _list(cell: str) -> list[Any] | None:
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):  # spaCy's {"entities": […]}
        value = value.get("entities", value.get("spans"))
    return value if isinstance(value, list) else None


def _spans_in(text: str, cell: str) -> list[Span] | None:
    """The entities in a cell; None for a cell that is no list of such."""
    if (tagged := _tagged(text, cell)) is not None:
        return tagged.spans
    listed = _list(cell)
    if listed is None:
        return None
    read = [_span(entry) for entry in listed]
    return None if any(span is None for span in read) else [span for span in read if span is not None]


def _span(entry: Any) -> Span | None:
    """A list of start, end and type in that order, or an object with them."""
    if isinstance(entry, Mapping):
        parts = [next((entry[key] for key in keys if key in entry), None) for keys in (_STARTS, _ENDS, _TYPES)]
    elif isinstance(entry, list) and len(entry) >= 3:
        parts = entry[:3]
    else:
        return None
    start, end, name = parts
    if isinstance(name, list) and len(name) == 1:
        name = name[0]
    numbers = [value for value in (start, end) if isinstance(value, int | float) and not isinstance(value, bool)]
    if (
        len(numbers) < 2
        or not isinstance(name, str)
        or not name.strip()
        or any(int(value) != value for value in numbers)
    ):
        return None
    return Span(int(numbers[0]), int(numbers[1]), name.strip())


def _checked(texts: list[str], rows: Sequence[list[Span] | None], notes: Sequence[Message] = ()) -> EntitySets:
    """Without entities that can't be: outside their text, empty, or within others; with what is to be said of them."""
    outside: Counter[int] = Counter()
    overlapping: Counter[int] = Counter()
    inside_words: Counter[int] = Counter()
    targets = []
    for row, (text, spans) in enumerate(zip(texts, rows, strict=True)):
        if spans is None:
            targets.append("")
            continue
        held = _held(text, spans)
        kept = _apart(held)
        outside[row] = len(spans) - len(held)
        overlapping[row] = len(held) - len(kept)
        inside_words[row] = _inside_words(text, kept)
        targets.append(target_of(kept))
    if not any(target not in ("", NO_SPANS) for target in targets):
        raise DataError(
            "data.no_entities",
            "None of the {rows:,} rows has an entity, so there is nothing to learn. Choose the column that holds them.",
            rows=len(texts),
        )
    told = [(outside_note, outside), (overlap_note, overlapping), (inside_words_note, inside_words)]
    further = [note(+counts) for note, counts in told if +counts]
    return EntitySets(targets, texts, (*notes, *further))


def outside_note(rows: Counter[int]) -> Message:
    """That entities lie beyond their text; rows → how many of theirs do."""
    return message(
        "data.spans_outside",
        "Entities that reach beyond their text, or hold nothing: {count:,}, first in rows {rows}. They were left out.",
        count=rows.total(),
        rows=_named(rows),
    )


def overlap_note(rows: Counter[int]) -> Message:
    """That entities lie across each other."""
    return message(
        "data.spans_overlap",
        "Entities that overlap a longer one: {count:,}, first in rows {rows}. They were left out.",
        count=rows.total(),
        rows=_named(rows),
    )


def inside_words_note(rows: Counter[int]) -> Message:
    """That entities end inside a word."""
    return message(
        "data.spans_inside_words",
        "Entities that begin or end inside a word: {count:,}, first in rows {rows}. A model marks whole words, so it cannot find "
        "exactly these.",
        count=rows.total(),
        rows=_named(rows),
    )


def jump_note(rows: Counter[int]) -> Message:
    """That tags go on with an entity which no tag has begun."""
    return message(
        "data.tags_jump",
        "Tags that go on with an entity which none before begins: {count:,}, first in rows {rows}. Each was read as the "
        "beginning of one.",
        count=rows.total(),
        rows=_named(rows),
    )


def _held(text: str, spans: Iterable[Span]) -> set[Span]:
    """Those that lie within the text and hold something."""
    within = [_trimmed(text, span) for span in set(spans) if 0 <= span.start < span.end <= len(text)]
    return {span for span in within if span.start < span.end}


def _trimmed(text: str, span: Span) -> Span:
    """Without blanks at its ends."""
    surface = text[span.start : span.end]
    start = span.start + len(surface) - len(surface.lstrip())
    return Span(start, max(start, span.end - (len(surface) - len(surface.rstrip()))), span.type)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Of those that overlap the longest, of equals the first."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept)


def _inside_words(text: str, spans: Sequence[Span]) -> int:
    if not spans:
        return 0
    places = tokens_of(text)
    starts, ends = {start for start, _ in places}, {end for _, end in places}
    return sum(span.start not in starts or span.end not in ends for span in spans)


def _named(rows: Counter[int]) -> list[str]:
    return [f"{row + 1:,}" for row in sorted(rows)[:_FIRST]]
