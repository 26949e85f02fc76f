"""Deciding on a version: promote it or keep it back. What was decided, by which rules, why and by whom stays with the version.

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
from core.registry.about import now
from core.registry.entries import PromotionDecision, VersionInfo
from core.registry.registry import Registry
from core.registry.second_person import REASON_CHARACTERS, OverrideRequest, check_second, written_name

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
    "policy_shadow": "policy: passed the gate, and not worse in use",
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
    by: str = "",
) -> PromotionDecision | OverrideRequest:
    """Make a version the champion, and keep with it how that was decided.

    Where the gate is against it and the model takes two people for that, nothing moves: what is asked for waits, and is returned,
    until somebody else calls `confirm`.

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
    by
        The name of whoever decides; asked for where two people are needed.

    Raises
    ------
    RegistryError
        When the gate is against it and there is no reason, or no name where that is needed, or when there is no such version.
    """
    version = registry.version(classifier, number)
    against = version.refused or passes is False
    written, name = " ".join(reason.split()), written_name(by)
    two_people = against and registry.statements(classifier).two_people
    if against and (not written or (two_people and written == UNWRITTEN)):
        raise RegistryError(
            "registry.reason_missing",
            "The gate is against version {number} of '{classifier}'. To promote it all the same, say why; the reason "
            "stays with the version.",
            number=number,
            classifier=classifier,
        )
    if two_people:
        return _ask(registry, version, name, reason=written, how=how, rules=rules)
    decision = PromotionDecision(True, against, written, None if rules is None else dict(rules), asked_by=name)
    return _promote(registry, version, decision, how)


def confirm(registry: Registry, classifier: str, number: int, *, by: str) -> PromotionDecision:
    """Promote a version against the gate, as another person asked for it.

    Parameters
    ----------
    by
        The name of whoever confirms.

    Raises
    ------
    RegistryError
        When nobody asked for it, or the name is missing or that of who asked; the request goes on waiting.
    """
    version, request = registry.version(classifier, number), registry.request(classifier)
    if request is None or request.version != number:
        raise RegistryError(
            "registry.no_request",
            "Nobody has asked for version {number} of '{classifier}' to be promoted against the gate, so there is nothing to "
            "confirm.",
            number=number,
            classifier=classifier,
        )
    check_second(request.by, by)
    people = {"asked_by": request.by, "confirmed_by": written_name(by)}
    decision = PromotionDecision(True, True, request.reason, request.rules, **people)
    return _promote(registry, version, decision, request.how)


def _ask(
    registry: Registry, version: VersionInfo, by: str, *, reason: str, how: str, rules: Mapping[str, Any] | None
) -> OverrideRequest:
    """Keep what is asked for until a second person confirms it."""
    if not by:
        raise RegistryError(
            "registry.who_asks",
            "A promotion of '{classifier}' against the gate takes two people. Say who asks; somebody else confirms it then.",
            classifier=version.classifier,
        )
    asked = reason[:REASON_CHARACTERS]
    request = OverrideRequest(version.number, by, asked, now(), how, None if rules is None else dict(rules))
    registry.ask(version.classifier, request)
    return request


def _promote(registry: Registry, version: VersionInfo, decision: PromotionDecision, how: str) -> PromotionDecision:
    did: Done = "overridden" if decision.against_gate else "promoted"
    people = {"asked_by": decision.asked_by, "confirmed_by": decision.confirmed_by}
    facts = {role: name for role, name in people.items() if name}
    told = f"{how}: {decision.reason}" if decision.reason else how
    registry.promote(version.classifier, version.number, told, did=did, facts=facts)
    _clear_learned(registry, version)
    return _note(registry, version, decision)


def keep_back(
    registry: Registry, classifier: str, number: int, *, rules: Mapping[str, Any] | None = None, reason: str = ""
) -> PromotionDecision:
    """Note that the champion goes on serving instead of this version, and why; nothing else changes."""
    decision = PromotionDecision(False, reason=reason, rules=None if rules is None else dict(rules))
    _note(registry, registry.version(classifier, number), decision)
    registry.audit.add("kept_back", model=classifier, version=number, reason=reason)
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


def _note(registry: Registry, version: VersionInfo, decision: PromotionDecision) -> PromotionDecision:
    registry.note_decision(version.classifier, version.number, decision)
    registry.drop_request(version.classifier, version.number)
    return decision
