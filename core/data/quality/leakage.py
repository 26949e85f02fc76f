"""Texts on both sides of a line that training must not cross: between the parts of a dataset, and into frozen tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.row_targets import Rows
from core.data.dataset.same_text import groups_of
from core.data.quality.base import FINDING_ROWS, Finding, Fix, Inspected, capped, drop, marks_of
from core.data.quality.nearness import Nearness, frozen_keys, near_texts
from core.data.recipe import DropTexts

Split = Literal["train", "validation", "test"]
Crossing = dict[tuple[Split, Split], list[tuple[int, int]]]

# Where two parts share a text, the row of the earlier one gives way: tests stay as they are.
_ORDER: tuple[Split, ...] = ("train", "validation", "test")
_CROSSINGS: tuple[tuple[Split, Split], ...] = (("train", "test"), ("validation", "test"), ("train", "validation"))


def leakage(inspected: Inspected) -> Iterator[Finding | float]:
    """Texts in several parts of a dataset that came divided: equal, and nearly equal."""
    parts = inspected.dataset.splits
    if parts is None or len(set(parts)) < 2:
        return
    exact = exact_crossing(inspected)
    near = near_crossing(inspected, (yield from near_texts(inspected)))
    for lower, upper in _CROSSINGS:
        leaked = exact.get((lower, upper), [])
        if leaked:
            yield _finding(inspected, "leakage", (lower, upper), leaked)
        known = {row for row, _ in leaked}
        rest = [pair for pair in near.get((lower, upper), []) if pair[0] not in known]
        if rest:
            yield _finding(inspected, "near_leakage", (lower, upper), rest)


def exact_crossing(inspected: Inspected) -> Crossing:
    """For each two parts, the rows of the lower one whose text is in the upper, each with a row of it there."""
    parts = inspected.dataset.splits
    crossing: Crossing = defaultdict(list)
    for rows in groups_of(inspected.keys) if parts is not None else []:
        _cross(crossing, _by_part(rows, parts), _by_part(rows, parts))
    return dict(crossing)


def near_crossing(inspected: Inspected, nearness: Nearness) -> Crossing:
    """The same for texts that are nearly equal."""
    parts = inspected.dataset.splits
    crossing: Crossing = defaultdict(list)
    for pair in nearness.inside() if parts is not None else ():
        sides = [_by_part(nearness.rows(text), parts) for text in pair]
        _cross(crossing, sides[0], sides[1])
        _cross(crossing, sides[1], sides[0])
    return {parts: sorted(dict(reversed(pairs)).items()) for parts, pairs in crossing.items()}


def _by_part(rows: Rows, parts: Sequence[str] | None) -> dict[str, list[int]]:
    assert parts is not None, "asked only of divided datasets"
    by_part: dict[str, list[int]] = defaultdict(list)
    for row in rows.tolist():
        by_part[parts[row]].append(row)
    return by_part


def _cross(crossing: Crossing, here: Mapping[str, list[int]], there: Mapping[str, list[int]]) -> None:
    for lower, upper in combinations(_ORDER, 2):
        if lower in here and upper in there:
            crossing[lower, upper] += [(row, there[upper][0]) for row in here[lower]]


def _finding(
    inspected: Inspected,
    kind: Literal["leakage", "near_leakage"],
    between: tuple[Split, Split],
    pairs: Sequence[tuple[int, int]],
) -> Finding:
    lower, upper = between
    texts = len({int(inspected.keys[high]) for _, high in pairs})
    facts = {"count": len(pairs), "texts": texts, "lower": lower, "upper": upper}
    marks = marks_of(inspected, [row for row, _ in pairs])
    fix = message("quality.leakage_fix", "Remove rows from the {lower} part: {count:,}", count=len(pairs), lower=lower)
    listed = pairs[: FINDING_ROWS // 2]
    nearness = inspected.nearness
    return Finding(
        kind,
        "error" if between == ("train", "test") and kind == "leakage" else "warning",
        len(pairs),
        _equal(facts) if kind == "leakage" else _near(facts),
        message(
            "quality.leakage_advice",
            "A score on the {upper} part would measure memory as well as understanding. Remove these rows from the {lower} "
            "part; the {upper} part stays as it is.",
            lower=lower,
            upper=upper,
        ),
        tuple(row for pair in listed for row in pair),
        notes=tuple(like_row(row) for pair in listed for row in reversed(pair)),
        fixes=(Fix(f"drop_{lower}", fix, (DropTexts(marks=marks, split=lower, reason="leak"),)),),
        seen=nearness.seen if kind == "near_leakage" and nearness is not None else None,
    )


def _equal(facts: Mapping[str, Any]) -> Message:
    return message(
        "quality.leakage",
        "Rows of the {lower} part whose text is also in the {upper} part: {count:,}, of {texts:,} texts.",
        **facts,
    )


def _near(facts: Mapping[str, Any]) -> Message:
    return message(
        "quality.near_leakage",
        "Rows of the {lower} part that are nearly the same as a row of the {upper} part: {count:,}, near {texts:,} texts.",
        **facts,
    )


def like_row(row: int) -> Message:
    """Which other row a row is like; shown counting from 1."""
    return message("quality.like_row", "like row {row:,}", row=row + 1)


def frozen_leakage(inspected: Inspected) -> Iterator[Finding | float]:
    """Rows whose text stands in a frozen test of a classifier that is in use."""
    tested = frozen_keys(inspected)
    if not tested:
        return
    rows = np.array([row for row, key in enumerate(inspected.keys.tolist()) if key in tested], dtype=np.int64)
    if len(rows):
        names = {name for row in rows for name in tested[int(inspected.keys[row])][1]}
        yield _frozen_finding(inspected, "frozen_leakage", rows, names)
    nearness = yield from near_texts(inspected)
    near = list(nearness.outside())
    close = np.unique(np.concatenate([nearness.rows(text) for text, _ in near])) if near else rows[:0]
    close = np.setdiff1d(close, rows)
    if len(close):
        yield _frozen_finding(inspected, "near_frozen_leakage", close, {name for _, names in near for name in names})


def _frozen_finding(
    inspected: Inspected, kind: Literal["frozen_leakage", "near_frozen_leakage"], rows: Rows, names: set[str]
) -> Finding:
    if kind == "frozen_leakage":
        sentence = message(
            "quality.frozen_leakage",
            "Rows whose text is in a frozen test of a classifier: {count:,} ({classifiers}).",
            count=len(rows),
            classifiers=sorted(names),
        )
    else:
        sentence = message(
            "quality.near_frozen_leakage",
            "Rows that are nearly the same as a text of a classifier's frozen test: {count:,} ({classifiers}).",
            count=len(rows),
            classifiers=sorted(names),
        )
    fix = message("quality.frozen_leakage_fix", "Remove these rows: {count:,}", count=len(rows))
    nearness = inspected.nearness
    return Finding(
        kind,
        "error" if kind == "frozen_leakage" else "warning",
        len(rows),
        sentence,
        message(
            "quality.frozen_leakage_advice",
            "An update leaves out rows that stand in its own frozen tests word for word, but not those that were changed a "
            "little, nor rows of another classifier's tests. Remove them before you train.",
        ),
        capped(rows),
        fixes=(Fix("drop", fix, (drop(inspected, rows, "leak"),)),),
        seen=nearness.seen if kind == "near_frozen_leakage" and nearness is not None else None,
    )
