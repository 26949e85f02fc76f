"""What may be wrong with what is marked, in sentences with their rows. No text stands in them: a note says where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from core.base.messages import Message, message
from core.data.loading.entity_survey import Mention, Survey
from core.data.spans.targets import Span, spans_of, target_of

SPANS = "spans"  # the fact of a note that holds the stretches it speaks of, as a target
EXAMPLES = 5
LISTED = 1000  # rows of one doubt
_MISSED = 0.01  # of all entities, from which on those that are usually marked, and here are not, are worth a look


@dataclass(frozen=True)
class Doubt:
    """Something to look at.

    Parameters
    ----------
    rows
        The most telling first; one may come several times, with a note each.
    notes
        One for each of the rows; `stretches` reads where in the text it is.
    """

    kind: str
    severity: Literal["info", "warning"]
    sentence: Message
    advice: Message
    rows: tuple[int, ...]
    notes: tuple[Message, ...]

    @property
    def count(self) -> int:
        """How many rows, mentions, surfaces or types it concerns, as the sentence says."""
        return int(self.sentence.facts["count"])


def stretches(note: Message) -> tuple[Span, ...]:
    """The stretches of its row's text that a note speaks of; none where it speaks of no place."""
    return spans_of(str(note.facts.get(SPANS, "")))


def examples(rows: Sequence[int], notes: Sequence[Message], texts: Mapping[int, str]) -> list[str]:
    """The first different words that notes speak of, each with its type.

    Parameters
    ----------
    texts
        Row → text, for the rows at least whose notes come first.
    """
    named = (
        f"{texts[row][span.start : span.end]} ({span.type})"
        for row, note in zip(rows, notes, strict=False)
        if row in texts
        for span in stretches(note)
    )
    return list(islice(dict.fromkeys(named), EXAMPLES))


def places(spans: Sequence[Span]) -> list[str]:
    """Type and place of each, counted from 1."""
    return [f"{span.type} {span.start + 1}–{span.end}" for span in spans]


def doubts(found: Survey, targets: Sequence[str]) -> list[Doubt]:
    """All that is worth a look; ``targets`` are those of all rows."""
    entities = sum(each.entities for each in found.types)
    several = [
        *_differing(found, targets),
        *_unmarked(found.unmarked, entities),
        *_ambiguous(found.ambiguous),
        *_single(found, targets),
    ]
    return sorted(several, key=lambda each: each.severity == "info")


def _differing(found: Survey, targets: Sequence[str]) -> list[Doubt]:
    rows = tuple(row for group in found.differing for row in group)
    if not rows:
        return []
    sentence = message(
        "spans.differing",
        "Texts that come again with something else marked: {count:,}, in {rows:,} rows.",
        count=len(found.differing),
        rows=len(rows),
    )
    advice = message(
        "spans.differing_advice",
        "No model can be right on all of them. Decide what is to be marked, or remove the copies that are wrong.",
    )
    notes = [_marked_note(spans_of(targets[row])) for row in rows[:LISTED]]
    return [Doubt("differing_entities", "warning", sentence, advice, rows[:LISTED], tuple(notes))]


def _unmarked(mentions: Sequence[Mention], entities: int) -> list[Doubt]:
    if not mentions:
        return []
    usual = sum(each.unmarked <= sum(each.marked.values()) for each in mentions)
    sentence = message(
        "spans.unmarked",
        "Mentions that are not marked, of words that are marked elsewhere: {count:,}, in {rows:,} rows. Of these, {usual:,} are "
        "marked more often than not.",
        count=len(mentions),
        rows=len({each.row for each in mentions}),
        usual=usual,
    )
    advice = message(
        "spans.unmarked_advice",
        "Words count that are marked at least twice and stand elsewhere, whole, outside of every entity. Those that are nearly "
        "always marked come first and were probably missed; further down come words that mean several things.",
    )
    notes = [
        message(
            "spans.note_unmarked",
            "not marked here ({place}); elsewhere {marked}; unmarked {unmarked:,}",
            place=f"{each.span.start + 1}–{each.span.end}",
            marked=_counted(each.marked),
            unmarked=each.unmarked,
            spans=target_of([each.span]),
        )
        for each in mentions[:LISTED]
    ]
    severity: Literal["info", "warning"] = "warning" if usual > _MISSED * entities else "info"
    rows = tuple(each.row for each in mentions[:LISTED])
    return [Doubt("unmarked_mentions", severity, sentence, advice, rows, tuple(notes))]


def _ambiguous(mentions: Sequence[Mention]) -> list[Doubt]:
    if not mentions:
        return []
    sentence = message(
        "spans.ambiguous",
        "Words that are marked with several types: {count:,}.",
        count=sum(each.span.type == next(iter(each.marked)) for each in mentions),  # one of its usual type each
    )
    advice = message(
        "spans.ambiguous_advice",
        "The same words may mean different things, as Jordan does. Where one of the types is rare, it is often a mistake: such "
        "rows come first, each with a row of the usual type behind it.",
    )
    notes = [
        message(
            "spans.note_ambiguous",
            "{type} here ({place}); in all {marked}",
            type=each.span.type,
            place=f"{each.span.start + 1}–{each.span.end}",
            marked=_counted(each.marked),
            spans=target_of([each.span]),
        )
        for each in mentions[:LISTED]
    ]
    rows = tuple(each.row for each in mentions[:LISTED])
    return [Doubt("ambiguous_entities", "info", sentence, advice, rows, tuple(notes))]


def _single(found: Survey, targets: Sequence[str]) -> list[Doubt]:
    names = {each.name for each in found.types if each.entities == 1}
    if not names:
        return []
    rows = [(row, span) for row, target in enumerate(targets) for span in spans_of(target) if span.type in names]
    sentence = message(
        "spans.single",
        "Types with one entity alone: {count:,} ({types}).",
        count=len(names),
        types=sorted(names),
    )
    advice = message(
        "spans.single_advice",
        "One is not enough to learn from and to measure with. Mark more of them, or put the type together with another.",
    )
    notes = tuple(_marked_note([span]) for _, span in rows[:LISTED])
    return [Doubt("single_types", "warning", sentence, advice, tuple(row for row, _ in rows[:LISTED]), notes)]


def _marked_note(spans: Sequence[Span]) -> Message:
    if not spans:
        return message("spans.note_nothing", "nothing is marked")
    return message("spans.note_marked", "{places}", places=places(spans), spans=target_of(spans))


def _counted(types: Mapping[str, int]) -> list[str]:
    return [f"{name} {count:,}" for name, count in types.items()]
