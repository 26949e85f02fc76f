"""What was forgotten, and what came of it: one JSON file a time, in ``<home>/receipts``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = "receipts"


def save_receipt(receipt: dict[str, Any], home: Path) -> None:
    """Keep a receipt under its ``id``; it is there completely, or not at all."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{receipt['id']}.part"
    part.write_text(json.dumps(receipt, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(part, folder / f"{receipt['id']}.json")


def receipts(home: Path) -> list[dict[str, Any]]:
    """All receipts of a workspace, newest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (home / FOLDER).glob("*.json")]
    return sorted(found, key=lambda receipt: str(receipt["id"]), reverse=True)
