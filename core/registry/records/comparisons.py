"""Comparisons on disk: ``<home>/comparisons/<id>.json``; knows nothing of how they are made."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.base.errors import DataError
from core.base.files import read_object
from core.registry.records.files import write_record

_ID = re.compile(r"[0-9a-z]+(-[0-9a-z]+)*")


def average_of(score: str) -> str:
    """The name of the figure that is a score after the last experience, averaged over all tests."""
    return f"average_{score}"


def deciding_score(comparison: Mapping[str, Any]) -> str:
    """The name of the score that strategies were compared by; editions before knew accuracy alone."""
    return str(comparison.get("score", "accuracy"))


class ComparisonStore:
    """The comparisons of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "comparisons"

    def save(self, comparison: dict[str, Any]) -> None:
        """Store a comparison under its ``"id"``, in place of one that has it already."""
        write_record(self._path(comparison["id"]), comparison)

    def load(self, identity: str) -> dict[str, Any]:
        """One comparison, whole; `DataError` when there is none of this id or its file is damaged."""
        path = self._path(identity)
        if not path.exists():
            raise _unknown(identity)
        comparison = read_object(path)
        if not comparison:
            raise DataError(
                "compare.damaged",
                "The stored comparison '{comparison}' is damaged and cannot be read. Delete it and compare again.",
                comparison=identity,
            )
        return comparison

    def list(self) -> builtins.list[dict[str, Any]]:
        """What a list shows of each comparison that can be read, newest first.

        ``id``, ``name``, ``created``, ``seconds``, ``model``, ``strategies`` (names), ``experiences`` (how many),
        ``seeds``, and ``best`` (the name of the best trade-off).
        """
        entries = []
        for path in self._folder.glob("*.json"):
            # One that was deleted meanwhile, or damaged, must not hide the others.
            with suppress(DataError, KeyError, TypeError):
                entries.append(_light(self.load(path.stem)))
        return sorted(entries, key=lambda entry: str(entry["created"]), reverse=True)

    def delete(self, identity: str) -> None:
        """Remove a comparison; the datasets that it used stay."""
        try:
            self._path(identity).unlink()
        except FileNotFoundError:
            raise _unknown(identity) from None

    def _path(self, identity: str) -> Path:
        if not _ID.fullmatch(identity):  # ids arrive in links: none may lead out of the folder
            raise _unknown(identity)
        return self._folder / f"{identity}.json"


def _light(comparison: dict[str, Any]) -> dict[str, Any]:
    light = {name: comparison[name] for name in ("id", "name", "created", "seconds", "model")}
    return light | {
        "strategies": [strategy["strategy"] for strategy in comparison["strategies"]],
        "experiences": len(comparison["experiences"]),
        "seeds": comparison["request"]["seeds"],
        "best": comparison["best"]["strategy"],
    }


def _unknown(identity: str) -> DataError:
    return DataError(
        "compare.unknown",
        "There is no comparison '{comparison}'. It may have been deleted; choose one from the list.",
        comparison=identity,
    )
