"""Which versions were champion, when and why, and which one a rollback returns to; plain values in and out.

Kept as one tag of the classifier, so the text stays within what any MLflow store accepts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.base.files import parse_json

TAG_CHARACTERS = 5000  # column width of a classifier's tag in a PostgreSQL or MySQL store
ENTRIES = 50
REASON_CHARACTERS = 200


@dataclass(frozen=True)
class ChampionHistory:
    """Every move of the champion, and the path back.

    Parameters
    ----------
    moves
        Oldest first: ``{"version": 2, "at": "2025-01-31T12:00:00+00:00", "reason": "…"}``.
    path
        Versions in the order in which a rollback without a number walks back; the champion is last.
    """

    moves: tuple[dict[str, Any], ...] = ()
    path: tuple[int, ...] = ()

    def promoted(self, version: int, *, at: str, reason: str = "") -> ChampionHistory:
        """Add a step forward: a rollback would return to the champion before it."""
        return self._moved((*self.path, version), at=at, reason=reason)

    def rolled_back(self, version: int, *, at: str, reason: str = "") -> ChampionHistory:
        """Add a step back: what came after ``version`` on the path is forgotten as a way back."""
        before = self.path[:-1]
        if version in before:
            last = len(before) - before[::-1].index(version)
            return self._moved(self.path[:last], at=at, reason=reason)
        return self._moved((*before, version), at=at, reason=reason)

    def _moved(self, path: tuple[int, ...], *, at: str, reason: str) -> ChampionHistory:
        move = {"version": path[-1], "at": at, "reason": reason[:REASON_CHARACTERS]}
        return ChampionHistory((*self.moves, move)[-ENTRIES:], path[-ENTRIES:])

    def to_text(self) -> str:
        """Write as compact JSON; drops the oldest moves until it fits a tag."""
        moves = list(self.moves)
        while True:
            stored = {
                "moves": [[move["version"], move["at"], move["reason"]] for move in moves],
                "path": list(self.path),
            }
            text = json.dumps(stored, ensure_ascii=False, separators=(",", ":"))
            if len(text) <= TAG_CHARACTERS or not moves:
                return text
            moves = moves[1:]

    @staticmethod
    def from_text(text: str | None) -> ChampionHistory:
        """Read what `to_text` wrote; a missing or unreadable tag is an empty history."""
        try:
            stored = parse_json(text or "{}")
            moves = [{"version": int(row[0]), "at": str(row[1]), "reason": str(row[2])} for row in stored["moves"]]
            return ChampionHistory(tuple(moves), tuple(int(version) for version in stored["path"]))
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return ChampionHistory()
