"""The versions of a classifier: what each was measured at when it was made, all of them on the same tests, and which serves."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.base.config import home
from core.base.errors import ConfigError
from core.base.wording import counted, points, points_interval, score, signed
from core.cli.printing import show, tell
from core.registry import HOW, UNWRITTEN, OverrideRequest, Registry, VersionInfo, confirm, keep_back
from core.registry import promote as decide
from core.tasks import DEFAULT, task_of
from core.workflows.standings import SameTests, known_to, today
from core.workflows.workspace import open_workspace

ABSENT = {
    "files": "its files are gone",
    "data": "the data it learned from were deleted, so nobody knows whether it has seen these rows",
    "learned": "it has learned these rows",
    "waiting": "not asked yet",
}


def versions(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    workspace.registry.require(asked.classifier)
    champion = workspace.registry.champion(asked.classifier)
    same = today(known_to(workspace.registry, asked.classifier), workspace.home)
    content = listed(workspace.registry.versions(asked.classifier), champion, same)
    if not asked.json:
        sys.stderr.write(which_rows(content))
    show(asked, {"classifier": asked.classifier, **content}, as_lines(content))


def promote(asked: argparse.Namespace) -> None:
    registry = open_workspace(home()).registry
    if asked.confirm is not None:
        _confirm(asked, registry)
        return
    number = asked.version
    if number is None:
        registry.require(asked.classifier)  # says so when there is no such classifier
        number = registry.versions(asked.classifier)[-1].number
    against = registry.version(asked.classifier, number).refused
    reason = asked.reason.strip()
    if against and not reason and not registry.statements(asked.classifier).two_people:
        reason = UNWRITTEN  # a script must be able to go on; the lineage says what was missing
        sys.stderr.write(
            "The gate is against this version and --reason was not given; both will stand in its lineage.\n"
        )
    how = HOW["command_against" if against else "command"]
    done = decide(registry, asked.classifier, number, how=how, reason=reason, by=asked.by)
    if isinstance(done, OverrideRequest):
        champion = registry.champion(asked.classifier)
        serving = champion.number if champion is not None else None
        told = (
            f"Version {number} of '{asked.classifier}' is not the champion yet: the gate is against it, so somebody else than "
            f"{done.by} has to confirm it (promote --version {number} --confirm NAME)."
        )
        tell(asked, {**_serving(asked, serving), "waiting": asdict(done)}, told)
        return
    tell(asked, _serving(asked, number), f"Version {number} of '{asked.classifier}' is the champion.")


def _confirm(asked: argparse.Namespace, registry: Registry) -> None:
    """The second person agrees to what the first one asked for."""
    if asked.reason or asked.by:
        raise ConfigError(
            "config.confirm_alone", "--confirm agrees to what was asked for before. Leave --reason and --by out."
        )
    request = registry.request(asked.classifier)
    number = asked.version or (request.version if request is not None else registry.resolve(asked.classifier).number)
    decision = confirm(registry, asked.classifier, number, by=asked.confirm)
    told = f"{decision.asked_by} asked for it, {decision.confirmed_by} confirmed it."
    tell(asked, _serving(asked, number), f"Version {number} of '{asked.classifier}' is the champion. {told}")


def keep(asked: argparse.Namespace) -> None:
    registry = open_workspace(home()).registry
    number = registry.resolve(asked.classifier).number
    keep_back(registry, asked.classifier, asked.version)
    tell(asked, _serving(asked, number), f"Version {asked.version} is kept back; version {number} goes on serving.")


def rollback(asked: argparse.Namespace) -> None:
    number = open_workspace(home()).registry.rollback(asked.classifier, asked.version, asked.reason)
    tell(asked, _serving(asked, number), f"Version {number} of '{asked.classifier}' is the champion again.")


def _serving(asked: argparse.Namespace, number: int | None) -> dict[str, Any]:
    return {"classifier": asked.classifier, "champion": number}


def listed(versions: Sequence[VersionInfo], champion: VersionInfo | None, same: SameTests | None) -> dict[str, Any]:
    """As a JSON object; the scores of a version are those of its own time, ``today`` can be compared."""
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
    change, score = same.difference(version.parent or 0, version.number), same.task.score.name
    return {
        "rows": report.rows,
        **{own.name: report.scores[own.name].to_dict() for own in same.task.scores},
        f"change_of_{score}": None if change is None else change.to_dict(),
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
    names = [score.name for score in task_of(version.get("task", DEFAULT)).scores]
    titles = {name: name.replace("_f1", "-F1").replace("_", " ") for name in names}
    today = version["today"]
    if today is None or today.get("absent"):
        why = ABSENT.get((today or {}).get("absent", ""), "not measured")
        told = ", ".join(f"{titles[name]} {score(version[name])}" for name in names)
        return f"when it was made: {told} ({why})"
    figures = "  ".join(f"{titles[name]} {score(**today[name])}" for name in names)
    change = today[f"change_of_{names[0]}"]
    if change is None:
        return figures
    if not math.isfinite(task_of(version.get("task", DEFAULT)).score.span):
        return f"{figures}  {signed(change['value'], 2)} ({signed(change['low'], 2)} to {signed(change['high'], 2)})"
    return f"{figures}  {points(change['value'])} points ({points_interval(change['low'], change['high'])})"
