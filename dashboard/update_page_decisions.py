"""Which candidate still waits for a decision: one that was kept back, or has served before, does not.

A candidate that was promoted stands in the registry's history. One that was kept back leaves no trace there, so it is
noted here, in a file of the workspace: the decision outlives the browser.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import home
from dashboard import state

if TYPE_CHECKING:
    from core.registry import VersionInfo


def waiting_candidate(classifier: str) -> VersionInfo | None:
    """The newest update of the champion on which nobody has decided yet."""
    waiting = [candidate for candidate in candidates(classifier) if not decided(candidate)]
    return waiting[-1] if waiting else None


def candidates(classifier: str) -> list[VersionInfo]:
    """All updates of the champion, oldest first."""
    champion = state.champion(classifier)
    if champion is None:
        return []
    return [version for version in state.versions(classifier) if version.parent == champion.number]


def decided(candidate: VersionInfo) -> bool:
    """Whether the candidate was kept back, or has served and was rolled back from."""
    return candidate.run_id in _kept() or candidate.number in served(candidate.classifier)


def served(classifier: str) -> set[int]:
    """Numbers of all versions that were ever the champion."""
    return {int(move["version"]) for move in state.workspace().registry.champion_history(classifier)}


def keep_back(candidate: VersionInfo) -> None:
    """Note that the champion goes on serving instead of this candidate."""
    if candidate.run_id in _kept():
        return
    # One short line, appended: two browsers that decide at once do not overwrite each other.
    line = json.dumps({"run": candidate.run_id, "classifier": candidate.classifier, "version": candidate.number})
    with _path().open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _kept() -> set[str]:
    if not _path().exists():
        return set()
    lines = _path().read_text(encoding="utf-8").splitlines()
    return {str(json.loads(line)["run"]) for line in lines if line.endswith("}")}


def _path() -> Path:
    return home() / "kept_back.jsonl"
