"""What is written down of a pretraining, beside the encoder that came out. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.base.files import read_object, write_json

RECORD = "pretraining.json"


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record in the ready folder of an own encoder; None when it was made elsewhere."""
    return read_object(folder / RECORD) or None


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write it whole, or not at all."""
    write_json(folder / RECORD, record)
