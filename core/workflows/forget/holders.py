"""What a forgetting would change, before it is begun: every version and encoder that holds some of the rows."""

from __future__ import annotations

from typing import Any

from core.workflows.forget.places import encoder_traces
from core.workflows.forget.rows import Matches, versions_of_workspace
from core.workflows.forget.versions import Gone, traces
from core.workflows.workspace import Workspace

HOLDERS = ("versions", "encoders")


def holders_of(matches: Matches, workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """``versions`` and ``encoders`` as the receipt will name them, but without their words."""
    gone = Gone(
        rows=matches.rows,
        digests=matches.digests,
        datasets={},
        texts=(),
        stored=frozenset(info.id for info in workspace.datasets.list()),
        load=workspace.datasets.load,
    )
    versions = []
    for version, folder in versions_of_workspace(workspace):
        counts = {name: count for name, count in traces(folder, gone).items() if name != "words"}
        if any(counts.values()):
            versions.append({"classifier": version.classifier, "version": version.number, **counts})
    return {
        "versions": versions,
        "encoders": encoder_traces(workspace, matches.rows),
    }


def carriers(holders: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Those of them that learned some of the rows, so that their weights carry them."""
    return {kind: [holder for holder in entries if holder["train"]] for kind, entries in holders.items()}
