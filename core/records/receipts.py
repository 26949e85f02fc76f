"""What was forgotten, and what came of it: ``<home>/receipts/<id>.json``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from core.files import read_json
from core.records.files import write_record

FOLDER = "receipts"


def save_receipt(receipt: dict[str, Any], home: Path) -> None:
    """Keep a receipt under its ``id``."""
    write_record(home / FOLDER / f"{receipt['id']}.json", receipt)


def receipts(home: Path) -> list[dict[str, Any]]:
    """All receipts of a workspace that can be read, newest first."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in (home / FOLDER).glob("[!.]*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):  # a damaged one must not hide the others
            receipt = read_json(path)
            found.append((str(receipt["id"]), receipt))
    return [receipt for _, receipt in sorted(found, key=lambda one: one[0], reverse=True)]
