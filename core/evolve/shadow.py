"""A candidate beside the version that serves: both answer the same texts in use, a person labels where they differ.

The step of a policy asks both versions about texts that are kept, so it costs whoever is answered nothing. Only texts that the
candidate has not learned count. Once all that differ are labelled, McNemar's test on them decides, looked at once.

References
----------
Q. McNemar (1947), "Note on the sampling error of the difference between correlated proportions or percentages".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.same_text import key_numbers
from core.data.labelling.sessions import LabellingStore, SessionInfo
from core.evolve.context import Context
from core.evolve.ledger import Batch, Ledger
from core.evolve.telling import tell
from core.registry import VersionInfo
from core.serving.engines.graphs import load_version
from core.serving.monitor.keeping import keeps_texts
from core.serving.monitor.store import MonitorStore
from core.statistics.paired import mcnemar
from core.workflows.labelling import begin_with_texts
from core.workflows.monitor import SHADOW
from core.workflows.monitor.labelling import DRAW, MODEL
from core.workflows.versions.past import read_past

CHANCE = 0.05  # below this probability of McNemar's test the versions differ
MOST_LABELLED = 200  # texts that a person is asked about at most
FEWEST_DIFFER = 6  # with fewer, even labels that all speak for one version may be chance


@dataclass(frozen=True)
class Verdict:
    """What came of it: True for the candidate, False against it, None where chance may have done it; and the sentence."""

    better: bool | None
    reason: Message


def begin(batch: Batch, champion: VersionInfo, context: Context) -> None:
    """From now on texts are counted."""
    batch.state = "shadow"
    facts = {"beside": champion.number}
    context.workspace.registry.audit.add(
        "shadow_begun", model=champion.classifier, version=batch.version, facts=facts, once=f"shadow {batch.dataset}"
    )
    batch.shadow = {"since": context.now.date().isoformat(), "beside": champion.number, "texts": 0}


def look(ledger: Ledger, batch: Batch, context: Context) -> Verdict | None:
    """See how far it is; a verdict once there is one."""
    assert batch.shadow is not None
    assert batch.version is not None
    registry, shadow = context.workspace.registry, batch.shadow
    champion, candidate = registry.resolve(ledger.model), registry.version(ledger.model, batch.version)
    if champion.number != shadow["beside"]:
        return Verdict(None, message("evolve.shadow_moved", "Another version serves now than the one it stood beside."))
    if "session" not in shadow:
        return _compare(ledger, batch, champion, candidate, context)
    return _judge(ledger, batch, champion, candidate, context)


def _compare(
    ledger: Ledger, batch: Batch, champion: VersionInfo, candidate: VersionInfo, context: Context
) -> Verdict | None:
    """Once there are enough texts, find those that the two answer differently, and ask for their labels."""
    assert batch.shadow is not None
    texts = _texts(ledger.model, date.fromisoformat(batch.shadow["since"]), candidate, context)
    wanted = ledger.policy.shadow_texts
    batch.shadow["texts"] = min(len(texts), wanted)
    if len(texts) < wanted:
        kept = MonitorStore(context.workspace.home).keeping(ledger.model)
        if not keeps_texts(kept):
            ledger.trouble = message(
                "evolve.shadow_no_texts",
                "Version {version} cannot answer beside version {parent}: no texts in use are kept. Let a sample be kept.",
                version=candidate.number,
                parent=champion.number,
            ).to_dict()
        return None
    some = texts[:wanted]
    given = [_answers(version, some, context) for version in (champion, candidate)]
    differ = [text for text, old, new in zip(some, *given, strict=True) if old != new]
    batch.shadow["differ"] = len(differ)
    if len(differ) < FEWEST_DIFFER:
        same = message(
            "evolve.shadow_same",
            "On {texts:,} texts in use it answers as version {parent} does but for {count}, too few to tell them apart.",
            texts=len(some),
            count=len(differ),
            parent=champion.number,
        )
        return Verdict(True, same)
    session = _session(ledger, batch, champion, differ[:MOST_LABELLED], context)
    batch.shadow["session"] = session.id
    asked = message(
        "evolve.shadow_label",
        "Versions {parent} and {version} differ on {count} of {texts:,} texts in use. Labels for these decide between them.",
        parent=champion.number,
        version=candidate.number,
        count=len(differ),
        texts=len(some),
    )
    tell(ledger, "label_these", asked)
    return None


def _judge(
    ledger: Ledger, batch: Batch, champion: VersionInfo, candidate: VersionInfo, context: Context
) -> Verdict | None:
    """McNemar's test on the labels, once all texts have one or were skipped."""
    assert batch.shadow is not None
    sessions, identity = LabellingStore(context.workspace.home), str(batch.shadow["session"])
    try:
        standing, items = sessions.standing(identity), sessions.items(identity)
    except DataError:
        gone = message(
            "evolve.shadow_gone", "The texts on which the versions differ were deleted before all were labelled."
        )
        return Verdict(None, gone)
    batch.shadow["labelled"], batch.shadow["asked"] = len(standing.answers), len(items)
    if len(standing.answers) < len(items):
        return None
    labelled = standing.labelled
    texts, truth = [items[position].text for position in labelled], list(labelled.values())
    old, new = (_right(version, texts, truth, context) for version in (champion, candidate))
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    facts = {"gained": gained, "lost": lost, "labelled": len(truth), "parent": champion.number}
    chance = mcnemar(old, new) if len(truth) else 1.0
    if chance >= CHANCE:
        told = message(
            "evolve.shadow_open",
            "Of {labelled} labelled texts in use on which it differs from version {parent} it alone is right on {gained}, the "
            "other alone on {lost}: that may be chance.",
            **facts,
        )
        return Verdict(None, told)
    decided = message(
        "evolve.shadow_decided",
        "Of {labelled} labelled texts in use on which it differs from version {parent} it alone is right on {gained}, the "
        "other alone on {lost}: more than chance.",
        **facts,
    )
    return Verdict(gained > lost, decided)


def _texts(model: str, since: date, candidate: VersionInfo, context: Context) -> list[str]:
    """Kept texts in an order that says nothing, without those that the candidate has met."""
    texts = MonitorStore(context.workspace.home).texts(model, since)
    if not texts:
        return []
    past = read_past(context.folder_of(candidate), context.workspace)
    keys = key_numbers(texts)
    met = np.isin(keys, past.met.keys) | np.isin(keys, past.tested)
    return [text for text, known in zip(texts, met.tolist(), strict=True) if not known]


def _session(
    ledger: Ledger, batch: Batch, champion: VersionInfo, texts: Sequence[str], context: Context
) -> SessionInfo:
    """Where a person labels them, without seeing what either version says; the same one again after a kill."""
    sessions, folder = LabellingStore(context.workspace.home), context.folder_of(champion)
    source = {MODEL: ledger.model, DRAW: SHADOW, "version": batch.version, "batch": batch.dataset}
    known = next((session for session in sessions.list() if session.source == source), None)
    task = folder.task
    return known or begin_with_texts(
        sessions,
        texts,
        name=ledger.model,
        labels=task.named(folder.outputs),
        order="random",
        source=source,
        several=task.reads_sets,
        spans=task.reads == "spans",
    )


def _answers(version: VersionInfo, texts: Sequence[str], context: Context) -> list[str]:
    folder = context.folder_of(version)
    engine = load_version(folder.path)
    return list(folder.task.read(engine, engine.compute(list(texts))))


def _right(version: VersionInfo, texts: Sequence[str], truth: Sequence[str], context: Context) -> np.ndarray:
    task = context.folder_of(version).task
    judged = task.judged(_answers(version, texts, context), truth) if texts else []
    return np.array([answer == target for answer, target in zip(judged, truth, strict=True)], dtype=bool)
