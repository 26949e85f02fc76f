"""How a record gets its name and its place."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base.files import write_json
from core.registry.entries import VersionInfo


def new_id() -> str:
    """An id that no other record has; sorts by time."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def write_record(target: Path, record: dict[str, Any]) -> None:
    """Write a record whole or not at all, in place of one that is there already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write_json(target, record)


def about_version(version: VersionInfo, seconds: float) -> dict[str, Any]:
    """What every record of a version begins with: which one it is, when it was made, when and for how long it was measured."""
    return {
        "classifier": version.classifier,
        "version": version.number,
        "version_made": version.created,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
    }
