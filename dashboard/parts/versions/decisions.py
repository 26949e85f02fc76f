"""Decisions on candidates: which one still waits, what was decided against the gate, and why a champion moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.base.config import home
from core.evolve.ledger import Ledgers
from core.registry import HOW, UNWRITTEN
from dashboard.parts import tables
from dashboard.parts.versions.verdict import joined
from dashboard.shell import state
from dashboard.shell.i18n import LANGUAGES, catalogue, t

if TYPE_CHECKING:
    from core.registry import VersionInfo


def waiting_candidate(classifier: str) -> VersionInfo | None:
    """The newest update of the champion on which nobody has decided yet."""
    waiting = [candidate for candidate in candidates(classifier) if not decided(candidate)]
    return waiting[-1] if waiting else None


def rows_wait(classifier: str) -> bool:
    """Whether a table that came in by a policy waits for a person; not while the policy is switched off."""
    ledger = Ledgers(home()).read(classifier)
    return ledger.policy.active and bool(ledger.waiting)


def candidates(classifier: str) -> list[VersionInfo]:
    """All updates of the champion that a gate has judged, oldest first."""
    champion = state.champion(classifier)
    if champion is None:
        return []
    updates = (version for version in state.versions(classifier) if version.parent == champion.number)
    return [version for version in updates if "gate" in version.summary]


def decided(candidate: VersionInfo) -> bool:
    """Whether somebody decided on the candidate, or it has served and was rolled back from."""
    return candidate.decision is not None or candidate.number in served(candidate.classifier)


def served(classifier: str) -> set[int]:
    """Numbers of all versions that were ever the champion."""
    return {int(move["version"]) for move in state.champion_history(classifier)}


def against_the_gate(version: VersionInfo) -> str:
    """What was decided on a version against its gate's advice, and why; otherwise nothing."""
    decision = version.decision
    if decision is None or not decision.against_gate:
        return ""
    if decision.reason == UNWRITTEN:
        return t("models.lineage_no_reason", version=version.number)
    told = t("models.lineage_against", version=version.number, reason=tables.plain(decision.reason))
    if not decision.confirmed_by:
        return told
    people = {"asked": tables.plain(decision.asked_by), "confirmed": tables.plain(decision.confirmed_by)}
    return joined([told, t("models.lineage_two", **people)])


PAGES_REASONS = (
    "update.reason_passed",
    "update.reason_unjudged",
    "update.reason_eased",
    "update.reason_against",
    "update.reason_rollback",
    "models.reason_against",
    "models.reason",
    "shell.way_back_reason",
)  # what pages write, in the language of whoever was at them


def _of_page(reason: str) -> str:
    """What a page wrote, in the reader's language; what a person wrote stays as it is."""
    for key in PAGES_REASONS:
        for other in LANGUAGES:
            written = catalogue(other).get(key, "")
            if written and (reason == written or reason.startswith(f"{written}: ")):
                return f"{t(key)}{reason.removeprefix(written)}"
    return reason


def reason_of(move: Mapping[str, Any]) -> str:
    """Why a champion moved, as it was written down; what the program wrote is told in the reader's language."""
    reason = str(move["reason"])
    name = next((name for name, how in HOW.items() if reason == how or reason.startswith(f"{how}: ")), None)
    if name is None:
        return _of_page(reason) or tables.NOTHING
    told, why = t(f"models.move_{name}"), reason.removeprefix(HOW[name]).removeprefix(": ")
    return f"{told}: {t('models.move_unwritten') if why == UNWRITTEN else why}" if why else told
