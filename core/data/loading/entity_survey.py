"""What is marked in texts: each type with its figures, surfaces under several types, and mentions that nobody marked.

A surface is a marked stretch as it stands in its text. Rows of which nobody said anything are passed over. The time grows with
the characters alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from core.data.dataset.same_text import groups_of, key_numbers, text_key
from core.data.spans.targets import Span, spans_of
from core.data.spans.tokens import tokens_of

MOST_SURFACES = 5
KNOWN = 2  # times a surface is marked, from which on it is looked for where it is not


class TypeFigures(NamedTuple):
    """One type of entities.

    Parameters
    ----------
    texts
        How many texts have one of it.
    length
        Characters, the median.
    surfaces
        The most frequent ones, each with how often it is marked so.
    """

    name: str
    entities: int
    texts: int
    length: int
    surfaces: tuple[tuple[str, int], ...]


class Mention(NamedTuple):
    """A stretch of a row's text, and what becomes of the same surface in all rows.

    Parameters
    ----------
    span
        Where it stands; of one that is not marked with the type that its surface mostly has.
    marked
        Type → how often the surface is marked so, the most frequent first.
    unmarked
        How often it stands unmarked.
    """

    row: int
    span: Span
    marked: dict[str, int]
    unmarked: int = 0


class Survey(NamedTuple):
    """What is marked in the texts of a dataset.

    Parameters
    ----------
    types
        Those with most entities first.
    ambiguous
        Mentions of surfaces that have several types: those under a type that is rare for them first, and one of the usual type
        behind each.
    unmarked
        Mentions that are not marked, of surfaces that are marked elsewhere: those that nearly always are first.
    differing
        Rows of the same text in which not the same is marked, a group a text.
    """

    types: tuple[TypeFigures, ...]
    ambiguous: tuple[Mention, ...]
    unmarked: tuple[Mention, ...]
    differing: tuple[tuple[int, ...], ...]


def survey(texts: Sequence[str], targets: Sequence[str]) -> Survey:
    """Look over what is marked; ``targets`` are lists of spans, empty where nobody said."""
    marked = {row: spans_of(target) for row, target in enumerate(targets) if target}
    places: defaultdict[str, list[tuple[int, Span]]] = defaultdict(list)
    for row, spans in marked.items():
        for span in spans:
            places[texts[row][span.start : span.end]].append((row, span))
    counts = {surface: _types(span.type for _, span in marks) for surface, marks in places.items()}
    return Survey(
        tuple(type_figures(texts, targets)),
        tuple(_ambiguous(places, counts)),
        tuple(_unmarked(texts, marked, counts)),
        tuple(_differing(texts, marked)),
    )


def type_figures(texts: Sequence[str], targets: Sequence[str]) -> list[TypeFigures]:
    """The types that occur, those with most entities first."""
    rows: Counter[str] = Counter()
    lengths: defaultdict[str, list[int]] = defaultdict(list)
    surfaces: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, target in zip(texts, targets, strict=True):
        spans = spans_of(target)
        rows.update({span.type for span in spans})
        for span in spans:
            lengths[span.type].append(span.end - span.start)
            surfaces[span.type][text[span.start : span.end]] += 1
    figures = [
        TypeFigures(name, len(each), rows[name], round(median(each)), tuple(surfaces[name].most_common(MOST_SURFACES)))
        for name, each in lengths.items()
    ]
    return sorted(figures, key=lambda each: (-each.entities, each.name))


def _types(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))


def _ambiguous(
    places: Mapping[str, Sequence[tuple[int, Span]]], counts: Mapping[str, dict[str, int]]
) -> Iterator[Mention]:
    several = [surface for surface, types in counts.items() if len(types) > 1]
    rarity = {surface: min(counts[surface].values()) / sum(counts[surface].values()) for surface in several}
    for surface in sorted(several, key=lambda each: (rarity[each], each)):
        types = counts[surface]
        usual, *rare = types
        mentions = sorted(places[surface], key=lambda mention: (types[mention[1].type], mention[0]))
        yield from (Mention(row, span, types) for row, span in mentions if span.type in rare)
        yield next(Mention(row, span, types) for row, span in mentions if span.type == usual)


def _unmarked(
    texts: Sequence[str], marked: Mapping[int, Sequence[Span]], counts: Mapping[str, dict[str, int]]
) -> list[Mention]:
    known: dict[tuple[str, ...], str] = {}
    for surface, types in counts.items():
        tokens = tuple(surface[start:end] for start, end in tokens_of(surface))
        # One sign, one Chinese character or a number alone is part of too much else.
        if sum(types.values()) >= KNOWN and (len(tokens) > 1 or (len(surface) > 1 and surface.isalpha())):
            known[tokens] = surface
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for tokens in known:
        lengths[tokens[0]].add(len(tokens))
    longest_first = {token: sorted(each, reverse=True) for token, each in lengths.items()}
    met = [
        (row, start, end, surface)
        for row, spans in marked.items()
        for start, end, surface in _met(texts[row], spans, known, longest_first)
    ]
    missed = Counter(surface for *_, surface in met)

    def share(surface: str) -> float:
        times = sum(counts[surface].values())
        return times / (times + missed[surface])

    met.sort(key=lambda each: (-share(each[3]), -sum(counts[each[3]].values()), each[3], each[0]))
    return [
        Mention(row, Span(start, end, next(iter(counts[surface]))), counts[surface], missed[surface])
        for row, start, end, surface in met
    ]


def _met(
    text: str, spans: Sequence[Span], known: Mapping[tuple[str, ...], str], lengths: Mapping[str, Sequence[int]]
) -> Iterator[tuple[int, int, str]]:
    """Whole tokens outside of all entities that are a known surface, the longest at each place: start, end, surface."""
    places = tokens_of(text)
    tokens = [text[start:end] for start, end in places]
    free = [True] * len(places)
    starts, ends = [start for start, _ in places], [end for _, end in places]
    for span in spans:
        for index in range(bisect_right(ends, span.start), bisect_left(starts, span.end)):
            free[index] = False
    index = 0
    while index < len(tokens):
        for length in lengths.get(tokens[index], ()):
            if index + length > len(tokens):
                continue
            surface = known.get(tuple(tokens[index : index + length]))
            if surface is not None and all(free[index : index + length]):
                yield places[index][0], places[index + length - 1][1], surface
                index += length - 1
                break
        index += 1


def _differing(texts: Sequence[str], marked: Mapping[int, Sequence[Span]]) -> Iterator[tuple[int, ...]]:
    """Rows of equal texts, blanks and capitals aside, whose entities differ in surface or type."""
    for rows in groups_of(key_numbers(texts, text_key)):
        known = [row for row in rows.tolist() if row in marked]
        has = {tuple((text_key(texts[row][span.start : span.end]), span.type) for span in marked[row]) for row in known}
        if len(has) > 1:
            yield tuple(known)
