"""The small files of a job's folder: written whole or not at all, read without trusting them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.base import files as whole

JOB = "job.json"  # what was asked for; written once
CLAIM = "claim.json"  # since when it waits, and which process executes it
PROGRESS = "progress.json"  # how far it is and how it ended; written by the executing process
EPOCHS = "epochs.jsonl"
LOG = "log.txt"
CHECKPOINT = "checkpoint.pt"
RUN = "run.json"  # the id under which the job stores what it makes
RESERVE = "reserve"  # given up to say how the job ended, when the disk is full
STOP = "stop"
TOLD = "told"  # exists once somebody was told that the job has ended


def write_json(path: Path, value: dict[str, Any], *, durable: bool = True) -> None:
    """Replace a file in one step: a reader sees the old text or the new, never a part."""
    whole.write_json(path, _finite(value), durable=durable)


def read_json(path: Path) -> dict[str, Any]:
    """Return the stored object; an empty one when the file is missing or unreadable."""
    return whole.read_object(path)


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Add one object as a line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(_finite(value), ensure_ascii=False, allow_nan=False) + "\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of all whole lines; a line cut short by a killed process is left out."""
    try:
        return parse_lines(path.read_bytes())
    except OSError:
        return []


def parse_lines(text: bytes) -> list[dict[str, Any]]:
    """The objects of all lines that are whole."""
    records = []
    for line in text.split(b"\n"):
        try:
            value = whole.parse_json(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            records.append(value)
    return records


def write_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Replace a file of lines."""
    path.unlink(missing_ok=True)
    for value in values:
        append_line(path, value)


def read_tail(path: Path, lines: int) -> str:
    """Return the last lines of a text file, reading no more than 200 bytes for each."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 200 * lines))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.split("\n")[-lines - 1 :]).strip("\n")


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity; a loss that is neither number nor limit reads as nothing."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, str | int | float | bool | None):
        return value
    return value.item() if hasattr(value, "item") else str(value)
