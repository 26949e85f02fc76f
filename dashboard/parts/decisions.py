"""Which candidate still waits for a decision: one that was promoted, kept back or served before does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.shell import state

if TYPE_CHECKING:
    from core.registry import VersionInfo


def waiting_candidate(classifier: str) -> VersionInfo | None:
    """The newest update of the champion on which nobody has decided yet."""
    waiting = [candidate for candidate in candidates(classifier) if not decided(candidate)]
    return waiting[-1] if waiting else None


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
    return {int(move["version"]) for move in state.workspace().registry.champion_history(classifier)}
