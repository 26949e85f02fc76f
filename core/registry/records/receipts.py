"""What was forgotten, and what came of it: ``<home>/receipts/<id>.json``.

While a receipt's ``state`` is ``"begun"``, ``<home>/forgetting/<id>.json`` holds the plan: the request, the rows by number
and the digests of their texts, and the champions that learned them, each with the run by which it is solved again or ``null``.
Whoever finds one goes on with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.base.errors import JobError
from core.base.files import read_object
from core.registry.records.files import write_record

FOLDER = "receipts"
PLANS = "forgetting"


def save_receipt(receipt: dict[str, Any], home: Path) -> None:
    """Keep a receipt under its ``id``."""
    write_record(home / FOLDER / f"{receipt['id']}.json", receipt)


def receipts(home: Path) -> list[dict[str, Any]]:
    """All receipts of a workspace, newest first."""
    return _read_all(home / FOLDER)


def unfinished(receipt: dict[str, Any]) -> bool:
    """Whether what a receipt tells of has not come to its end; those of earlier editions were written at the end."""
    return receipt.get("state") == "begun"


def solved(receipt: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Versions that were made without the rows; earlier editions made one at most, of the classifier that was asked for."""
    exact = receipt.get("exact") or []
    return [{"classifier": receipt["classifier"], **exact}] if isinstance(exact, dict) else exact


def save_plan(plan: dict[str, Any], home: Path) -> None:
    """Keep what is about to be forgotten under its ``id``, before anything is changed."""
    write_record(home / PLANS / f"{plan['id']}.json", plan)


def plans(home: Path) -> list[dict[str, Any]]:
    """What was begun and is not finished, newest first."""
    return _read_all(home / PLANS)


def refuse_half_forgotten(home: Path) -> None:
    """Raise `JobError` while something is begun to be forgotten: it could be learned again, or be mixed with other rows."""
    begun = plans(home)
    if begun:
        raise JobError(
            "forget.unfinished",
            "Rows of '{classifier}' are only partly forgotten: that run was interrupted, and nothing else can be learned or "
            "forgotten before it is finished. Finish it with 'python -m core forget --classifier \"{classifier}\"', without "
            "further options, or with the button 'Finish it' on top of every page of the dashboard.",
            classifier=begun[0]["request"]["classifier"],
        )


def remove_plan(plan: dict[str, Any], home: Path) -> None:
    """It is finished: the digests go, too."""
    (home / PLANS / f"{plan['id']}.json").unlink(missing_ok=True)


def _read_all(folder: Path) -> list[dict[str, Any]]:
    stored = map(read_object, folder.glob("[!.]*.json"))  # a damaged one must not hide the others
    records = [record for record in stored if "id" in record]
    return sorted(records, key=lambda record: str(record["id"]), reverse=True)
