"""Deciding on a version: promote it or keep it back. What was decided, by which rules and why stays with the version.

Whoever promotes (a person on a page, the command line, the gate) comes through here, so the corrections that the version
has learned leave their queue, whoever it was.

Knows that a gate was for or against a version; knows nothing of how the gate judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from core.base.audit import Done
from core.base.errors import DataError, RegistryError
from core.data.dataset.store import DatasetStore
from core.data.labelling.corrections import Corrections, learned_from
from core.registry.entries import PromotionDecision, VersionInfo
from core.registry.registry import Registry

# What `core` itself writes into the history of champions when nobody is at a page; screens translate it.
HOW = {
    "first": "first version",
    "auto": "auto: better on the validation rows",
    "command": "command line",
    "command_against": "command line, against the gate",
    "update_always": "update: always",
    "update_gate": "update: gate",
    "update_against": "update: always, against the gate",
    "policy": "policy: passed the gate",
}
UNWRITTEN = "no reason written"  # what stands in the lineage where a machine promoted against the gate


def promote(
    registry: Registry,
    classifier: str,
    number: int,
    *,
    how: str,
    reason: str = "",
    rules: Mapping[str, Any] | None = None,
    passes: bool | None = None,
) -> PromotionDecision:
    """Make a version the champion, and keep with it how that was decided.

    Parameters
    ----------
    how
        A few words for the history of champions, such as "passed the gate".
    reason
        Why, in the words of whoever decides; asked for when the gate is against the version.
    rules
        The rules of the gate that the decision was made by, if they are not those that its update recorded.
    passes
        Whether the version passes these rules. The recorded verdict counts as well: rules that were eased after the
        result was known need a reason, too.

    Raises
    ------
    RegistryError
        When the gate is against it and there is no reason, or when there is no such version.
    """
    version = registry.version(classifier, number)
    against = version.refused or passes is False
    written = " ".join(reason.split())
    if against and not written:
        raise RegistryError(
            "registry.reason_missing",
            "The gate is against version {number} of '{classifier}'. To promote it all the same, say why; the reason "
            "stays with the version.",
            number=number,
            classifier=classifier,
        )
    did: Done = "overridden" if against else "promoted"
    registry.promote(classifier, number, f"{how}: {written}" if written else how, did=did)
    _clear_learned(registry, version)
    return _note(registry, version, promoted=True, against_gate=against, reason=written, rules=rules)


def keep_back(
    registry: Registry, classifier: str, number: int, *, rules: Mapping[str, Any] | None = None
) -> PromotionDecision:
    """Note that the champion goes on serving instead of this version; nothing else changes."""
    decision = _note(registry, registry.version(classifier, number), promoted=False, rules=rules)
    registry.audit.add("kept_back", model=classifier, version=number)
    return decision


def _clear_learned(registry: Registry, version: VersionInfo) -> None:
    """Take out of the queue what this version, or one that it was made from, has learned since it was answered wrongly; a
    text that was corrected again since stays.
    """
    queue, datasets = Corrections(registry.home), DatasetStore(registry.home)
    waiting = queue.list(version.classifier)
    if not waiting:
        return
    answered_by = min(correction.version for correction in waiting)
    versions = {known.number: known for known in registry.versions(version.classifier)}
    step: VersionInfo | None = version
    used: set[str] = set()
    while step is not None and step.number > answered_by:
        with suppress(DataError):  # the dataset was deleted since: then nobody knows, and nothing is removed
            batch = datasets.load(str(step.summary.get("dataset")))
            used |= learned_from(batch, waiting, version=step.number)
        step = versions.get(step.parent) if step.parent is not None else None
    if used:
        queue.remove(version.classifier, used)


def _note(
    registry: Registry, version: VersionInfo, *, rules: Mapping[str, Any] | None, **facts: Any
) -> PromotionDecision:
    decision = PromotionDecision(**facts, rules=dict(rules) if rules is not None else None)
    registry.note_decision(version.classifier, version.number, decision)
    return decision
