"""How a record gets its name and its place."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def new_id() -> str:
    """An id that no other record has; sorts by time."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def write_record(target: Path, record: dict[str, Any]) -> None:
    """Write a record whole or not at all, in place of one that is there already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(part, target)
    finally:
        Path(part).unlink(missing_ok=True)
