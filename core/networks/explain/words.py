"""Which token of a model belongs to which word of a text."""

from __future__ import annotations

from bisect import bisect_right

from core.networks.standalone.predict import TextPipeline
from core.networks.text.words import Span


def words_of_tokens(pipeline: TextPipeline, text: str, words: list[Span]) -> list[tuple[int, ...]] | None:
    """The words that each token of ``pipeline.encode([text])[0]`` is part of or holds; none for marks that were added.

    A token of nothing but space belongs to the word beside it. None where normalising changed the text so that places in
    it can no longer be told.
    """
    read = pipeline.prepare(text)
    encoding = pipeline.tokenizer.encode(read, add_special_tokens=pipeline.options["segmentation"] == "pretrained")
    places = _places(pipeline, text, read)
    if places is None or not words:
        return None
    found = [
        (number, _touched(places[start:end], words))
        for number, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
    ]
    ids = pipeline.encode([text])[0]
    if len(found) != len(ids):  # cut at the longest length, or stop words left out
        found = _those_read(found, ids)
    return [owners for _, owners in found] if len(found) == len(ids) else None


def _touched(places: list[int], words: list[Span]) -> tuple[int, ...]:
    inside = [place for place in places if place >= 0]
    if not inside:
        return ()
    starts = [start for start, _ in words]
    found = {word for place in inside if (word := bisect_right(starts, place) - 1) >= 0 and place < words[word][1]}
    return tuple(sorted(found)) or (min(bisect_right(starts, inside[-1]), len(words) - 1),)


def _those_read(found: list[tuple[int, tuple[int, ...]]], ids: list[int]) -> list[tuple[int, tuple[int, ...]]]:
    """The tokens that were kept, in order; fewer than ``ids`` where they are not the same."""
    kept: list[tuple[int, tuple[int, ...]]] = []
    for token in found:
        if len(kept) < len(ids) and token[0] == ids[len(kept)]:
            kept.append(token)
    return kept


def _places(pipeline: TextPipeline, text: str, read: str) -> list[int] | None:
    """Place in ``text`` of each character of what the tokenizer reads, −1 for added ones; None where they do not match."""
    if pipeline.options["segmentation"] == "pretrained":
        prefix = len(read) - len(text)
        return [place - prefix if place >= prefix else -1 for place in range(len(read))]
    normalizer = pipeline.tokenizer.normalizer
    written = [
        (place, part)
        for place, letter in enumerate(text.encode("utf-8", "replace").decode("utf-8"))
        for part in (letter if normalizer is None else normalizer.normalize_str(letter))
        if not part.isspace()
    ]
    letters = iter(written)
    places: list[int] = []
    for letter in read:
        if letter.isspace():  # some were put in between words; where they stand says enough
            places.append(places[-1] if places else 0)
            continue
        place, part = next(letters, (-1, ""))
        if part != letter:
            return None
        places.append(place)
    return places
