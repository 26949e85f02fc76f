"""The receipt of a forgetting: what is removed, what came of it, and what still carries the rows; it holds no text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from core.registry.records import receipts
from core.workflows.forget.champions import runs_of
from core.workflows.forget.places import copies, encoder_traces
from core.workflows.forget.rows import versions_of_workspace, waiting
from core.workflows.forget.versions import Gone, traces
from core.workflows.workspace import Workspace


def begin_receipt(plan: Mapping[str, Any], gone: Gone, workspace: Workspace) -> dict[str, Any]:
    """What is about to be removed, and which versions carry it in their weights; no text and no name of a person.

    Of an interrupted run, what it had counted stays; what has come since is added.
    """
    holders = {
        "datasets": (_datasets(gone, workspace), ("id",)),
        "versions": (_versions(gone, runs_of(plan), workspace), ("classifier", "version")),
        "encoders": (encoder_traces(workspace, gone.rows), ("encoder",)),
    }
    begun = next((receipt for receipt in receipts(workspace.home) if receipt["id"] == plan["id"]), None)
    if begun is None:
        counted = {name: entries for name, (entries, _) in holders.items()}
        begun = {
            **{name: plan["request"][name] for name in ("classifier", "asked", "not_found")},
            **{"id": plan["id"], "run": plan["run"], "created": now(), "exact": [], **counted},
            **waiting(workspace.home, gone.is_wanted),
            **copies(workspace, concerned(plan, counted)),
        }
    joined = {name: _joined(begun[name], entries, key) for name, (entries, key) in holders.items()}
    return {**begun, "state": "begun", **joined}


def _versions(gone: Gone, own: Collection[str], workspace: Workspace) -> list[dict[str, Any]]:
    """Every version that holds something, but for those that this forgetting makes."""
    return [
        {"classifier": version.classifier, "version": version.number, **counts}
        for version, folder in versions_of_workspace(workspace)
        if version.run_id not in own and any((counts := traces(folder, gone)).values())
    ]


def _datasets(gone: Gone, workspace: Workspace) -> list[dict[str, Any]]:
    return [
        {
            "id": identity,
            "name": workspace.datasets.info(identity).name,
            "rows": len(rows),
            "left": len(gone.datasets[identity]) - len(rows),
        }
        for identity, rows in gone.rows.items()
    ]


def _joined(before: list[dict[str, Any]], now: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """What was counted before, followed by what is counted now for the first time."""
    known = {tuple(entry[name] for name in names) for entry in before}
    return [*before, *(entry for entry in now if tuple(entry[name] for name in names) not in known)]


def concerned(plan: Mapping[str, Any], receipt: Mapping[str, Any]) -> set[str]:
    """Names and ids by which runs were asked for something that holds the rows."""
    names = {str(version["classifier"]) for version in receipt["versions"]}
    return {str(plan["request"]["classifier"]), *plan["rows"], *names}


def now() -> str:
    """The time of day, as receipts write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
