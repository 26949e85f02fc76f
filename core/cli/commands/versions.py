"""The versions of a classifier in a list: what each was measured at when it was made, and all of them on the same tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.base.wording import counted, points, points_interval, score
from core.registry import VersionInfo
from core.workflows.standings import SameTests

ABSENT = {
    "files": "its files are gone",
    "data": "the data it learned from were deleted, so nobody knows whether it has seen these rows",
    "learned": "it has learned these rows",
    "waiting": "not asked yet",
}


def listed(versions: Sequence[VersionInfo], champion: VersionInfo | None, same: SameTests | None) -> dict[str, Any]:
    """As a JSON object; ``accuracy`` and ``macro_f1`` of a version are those of its own time, ``today`` can be compared."""
    tests = None
    if same is not None:
        tests = {
            "of_version": same.reference,
            "rows": same.rows,
            "tests": [{"experience": number, "name": name, "rows": rows} for number, name, rows in same.tests],
        }
    return {
        "versions": [
            {
                "version": version.number,
                "champion": champion is not None and version.number == champion.number,
                "parent": version.parent,
                "created": version.created,
                **version.summary,
                "decision": asdict(version.decision) if version.decision is not None else None,
                "today": None if same is None else _today(version, same),
            }
            for version in versions
        ],
        "same_tests": tests,
    }


def _today(version: VersionInfo, same: SameTests) -> dict[str, Any]:
    report = same.report(version.number)
    if report is None:
        return {"rows": 0, "absent": same.absent.get(version.number)}
    change = same.difference(version.parent or 0, version.number)
    return {
        "rows": report.rows,
        "accuracy": report.accuracy.to_dict(),
        "macro_f1": report.macro_f1.to_dict(),
        "change_of_accuracy": None if change is None else change.to_dict(),
    }


def which_rows(content: dict[str, Any]) -> str:
    """On which rows the figures of `as_lines` stand."""
    same = content["same_tests"]
    if same is None:
        return "The files of all versions are gone, so they can't be compared on the same rows.\n"
    names = ", ".join(str(test["name"]) for test in same["tests"])
    rows = counted(same["rows"], "test row")
    return f"All on the same {rows} ({names}); the change is against the version it was made from.\n"


def as_lines(content: dict[str, Any]) -> str:
    """A line for each version."""
    return "\n".join(
        f"{'*' if version['champion'] else ' '} {version['version']:>3}  {version['strategy']:<10} "
        f"{_figures(version)}  {version['created']}"
        for version in content["versions"]
    )


def _figures(version: dict[str, Any]) -> str:
    today = version["today"]
    if today is None or today.get("absent"):
        why = ABSENT.get((today or {}).get("absent", ""), "not measured")
        return f"when it was made: accuracy {score(version['accuracy'])}, macro-F1 {score(version['macro_f1'])} ({why})"
    figures = f"accuracy {score(**today['accuracy'])}  macro-F1 {score(**today['macro_f1'])}"
    change = today["change_of_accuracy"]
    if change is None:
        return figures
    return f"{figures}  {points(change['value'])} points ({points_interval(change['low'], change['high'])})"
