"""Which columns a model learns from: those of the tables that it learned before. Loads nothing heavy."""

from __future__ import annotations

from dataclasses import replace

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace


def roles_of(folder: VersionFolder, workspace: Workspace) -> ColumnRoles:
    """The columns of the newest table that a version has learned from."""
    for record in reversed(folder.experiences()):
        try:
            return replace(workspace.datasets.info(record.dataset).roles, split=None)
        except DataError:  # deleted since
            continue
    return ColumnRoles("text", "label" if folder.task.reads_targets else None)
