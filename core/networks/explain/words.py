"""Which token of a model belongs to which word of a text."""

from __future__ import annotations

from bisect import bisect_right

from core.data.dataset.inputs import FIELD, columns_of, values_for
from core.networks.standalone.pipeline import TextPipeline, windows_of
from core.networks.text.words import Span, words_of


def words_of_tokens(pipeline: TextPipeline, text: str, words: list[Span]) -> list[tuple[int, ...]] | None:
    """The words that each token of ``pipeline.encode([text])[0]`` is part of or holds; none for marks that were added.

    A token of nothing but space belongs to the word beside it; all tokens of a further column that is no text belong to its
    value. None where normalising changed the text so that positions in it can no longer be told.
    """
    plain = pipeline.options["segmentation"] == "pretrained" or (not pipeline.inputs and FIELD not in text)
    tokens = _of_text(pipeline, text, words) if plain else _of_columns(pipeline, text, words)
    if tokens is None or not words:
        return None
    ids = pipeline.encode([text])[0]
    if len(tokens) != len(ids):  # cut at the longest length, or stop words left out
        tokens = _those_read(tokens, ids)
    return [owners for _, owners in tokens] if len(tokens) == len(ids) else None


def words_read(pipeline: TextPipeline, text: str) -> tuple[int, int] | None:
    """How many words of a text lie within what is read of it, and how many there are; None where that cannot be told."""
    words = words_of(text)
    owners = words_of_tokens(pipeline, text, words)
    return None if owners is None else (max((word + 1 for of in owners for word in of), default=0), len(words))


Tokens = list[tuple[int, tuple[int, ...]]]  # ids, and the numbers of the words that own them


def _of_columns(pipeline: TextPipeline, text: str, words: list[Span]) -> Tokens | None:
    """All tokens of a row: of its further columns, then of its text."""
    body, columns = columns_of(text)
    by_name = {column.field.name: column for column in columns}
    values = values_for(pipeline.inputs, [column.field for column in columns])
    tokens: Tokens = []
    for known, parts in zip(pipeline.inputs, pipeline.encode_inputs([values])[0], strict=True):
        column = by_name.get(known["name"])
        inside = (
            [] if column is None else [index for index, (at, _) in enumerate(words) if column.start <= at < column.end]
        )
        if column is None or len(parts) == 1:
            tokens += [(number, tuple(inside)) for part in parts for number in part]
            continue
        border, read, again = parts
        own = [(words[index][0] - column.start, words[index][1] - column.start) for index in inside]
        read_tokens = _of_text(pipeline, text[column.start : column.end], own)
        if read_tokens is None:
            return None
        of_words = [tuple(inside[index] for index in owners) for _, owners in read_tokens[: len(read)]]
        repeated = [
            owners
            for number, owners in zip(read, of_words, strict=False)
            if pipeline.has_own_word(known["name"], number)
        ]
        tokens += [(number, ()) for number in border]
        tokens += [*zip(read, of_words, strict=False), *zip(again, repeated, strict=False)]
    of_body = _of_text(pipeline, body, [word for word in words if word[1] <= len(body)]) if body.strip() else []
    return None if of_body is None else tokens + of_body


def _of_text(pipeline: TextPipeline, text: str, words: list[Span]) -> Tokens | None:
    """All tokens of a text, those that are cut off or left out included."""
    read = pipeline.prepare(text)
    encoding = pipeline.tokenizer.encode(read, add_special_tokens=pipeline.options["segmentation"] == "pretrained")
    positions = _positions(pipeline, text, read)
    if positions is None:
        return None
    starts = [start for start, _ in words]
    return [
        (number, _touched(positions[start:end], words, starts) if words else ())
        for window in windows_of(encoding)
        for number, (start, end) in zip(window.ids, window.offsets, strict=True)
    ]


def _touched(positions: list[int], words: list[Span], starts: list[int]) -> tuple[int, ...]:
    inside = [position for position in positions if position >= 0]
    if not inside:
        return ()
    touched = {
        word for position in inside if (word := bisect_right(starts, position) - 1) >= 0 and position < words[word][1]
    }
    return tuple(sorted(touched)) or (min(bisect_right(starts, inside[-1]), len(words) - 1),)


def _those_read(tokens: list[tuple[int, tuple[int, ...]]], ids: list[int]) -> list[tuple[int, tuple[int, ...]]]:
    """The tokens that were kept, in order; fewer than ``ids`` where they are not the same."""
    kept: list[tuple[int, tuple[int, ...]]] = []
    for token in tokens:
        if len(kept) < len(ids) and token[0] == ids[len(kept)]:
            kept.append(token)
    return kept


def _positions(pipeline: TextPipeline, text: str, read: str) -> list[int] | None:
    """Position in ``text`` of each character of what the tokenizer reads, −1 for added ones; None where they do not match."""
    if pipeline.hides:
        return None
    if pipeline.options["segmentation"] == "pretrained":
        _, stood = pipeline.as_text(text)
        return [-1] * (len(read) - len(stood)) + stood
    normalizer = pipeline.tokenizer.normalizer
    written = [
        (position, part)
        for position, letter in enumerate(text.encode("utf-8", "replace").decode("utf-8"))
        for part in (letter if normalizer is None else normalizer.normalize_str(letter))
        if not part.isspace()
    ]
    letters = iter(written)
    positions: list[int] = []
    for letter in read:
        if letter.isspace():  # some were put in between words; where they stand says enough
            positions.append(positions[-1] if positions else 0)
            continue
        position, part = next(letters, (-1, ""))
        if part != letter:
            return None
        positions.append(position)
    return positions
