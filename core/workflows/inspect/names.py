"""Rows with personal data that a model of entities finds, beside what patterns tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.base.messages import message
from core.base.wording import score
from core.data.loading.entity_doubts import SPANS, places
from core.data.quality import FINDING_ROWS, Finding, Fix, Inspected
from core.data.recipe.by_model import apart_from_patterns, placeholder
from core.data.spans.targets import Span, target_of
from core.workflows.personal import Finder, marks_of
from core.workflows.workspace import Workspace


def personal_entities(inspected: Inspected, model: Finder, workspace: Workspace) -> Iterator[Finding | float]:
    """Names, addresses and whatever else the chosen types stand for."""
    texts = inspected.dataset.texts
    rows: list[int] = []
    found: list[list[Span]] = []
    seen = 0
    for some in marks_of(workspace, model.step, texts):
        for row, spans in enumerate(some, seen):
            kept = apart_from_patterns(texts[row], spans)
            if kept:
                rows.append(row)
                found.append(kept)
        seen += len(some)
        yield seen / len(texts)
    if rows:
        yield _finding(model, rows, found)


def _finding(model: Finder, rows: list[int], found: list[list[Span]]) -> Finding:
    step = model.step
    times = Counter(span.type for spans in found for span in spans)
    notes = [
        message("quality.personal_note", "{places}", places=places(spans), **{SPANS: target_of(spans)})
        for spans in found[:FINDING_ROWS]
    ]
    fix = message(
        "quality.personal_entities_fix", "Replace them by placeholders; rows to change: {count:,}", count=len(rows)
    )
    advice = message(
        "quality.personal_entities_advice",
        "A model misses some and takes other words for names. On its own test '{model}' finds {recall} of those that are there "
        "({types}): look through other rows, too, before the texts leave the house.",
        model=step.classifier,
        recall=score(model.recall.value, model.recall.low, model.recall.high) if model.recall else "",
        types=list(step.types),
    )
    if model.recall is None:
        advice = message(
            "quality.personal_entities_unmeasured",
            "A model misses some and takes other words for names. How many '{model}' misses is not known: its own test has none "
            "of these types ({types}).",
            model=step.classifier,
            types=list(step.types),
        )
    return Finding(
        "personal_entities",
        "warning",
        len(rows),
        message(
            "quality.personal_entities",
            "Rows with personal data as found by '{model}', version {version}: {count:,} ({found}).",
            model=step.classifier,
            version=step.version,
            count=len(rows),
            found=[f"{placeholder(name)} {count:,}" for name, count in times.most_common()],
        ),
        advice,
        tuple(rows[:FINDING_ROWS]),
        notes=tuple(notes),
        fixes=(Fix("redact", fix, (step,)),),
    )
