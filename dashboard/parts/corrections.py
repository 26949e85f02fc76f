"""Corrections on their way into an update: what the Update page is asked to begin with, and how many are still lacking."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.labelling.corrections import ENOUGH, Correction
from core.data.labelling.corrections import lacking as too_few
from core.data.spans.targets import NO_SPANS, spans_of
from core.tasks import Task
from dashboard.parts.marking.told import told as told_spans
from dashboard.parts.names import key_for
from dashboard.shell.i18n import t, tn

NEXT_BATCH = "update.batch"  # in the session: what the Update page begins with
JOIN = "join"  # asked for in place of a source: any batch, with the corrections


def lacking(waiting: Sequence[Correction], task: Task | None) -> dict[str, int]:
    """How many more corrections of each label, or of each type of entities, let them be learned alone; none where they do."""
    if task is None or task.reads != "spans":
        return too_few(waiting)
    missing = too_few(waiting, task.strata)
    return {t("spans.none") if name == NO_SPANS else name: count for name, count in missing.items()}


def told(task: Task | None, text: str, target: str) -> str:
    """A target in words; entities as they stand in the text."""
    if task is None:
        return target
    return told_spans(text, spans_of(target)) if task.reads == "spans" else task.told(target)


def still_needed(missing: dict[str, int], task: Task | None, *, sentence: str = "update.corrections_too_few") -> str:
    """How many more corrections of which label let them be learned alone, and what else can be done with them."""
    labels = [tn("update.more_of_label", count, label=label) for label, count in missing.items()]
    key = sentence if task is None else key_for(task.reads, sentence)
    return t(key, enough=ENOUGH, labels=t("update.or").join(labels))
