"""What an update of a version with differential privacy would spend, asked before it starts."""

from __future__ import annotations

from core.data.labelling.corrections import joined_rows
from core.workflows.learn.private import Plan, promise_of
from core.workflows.requests import UpdateRequest, resolve_update
from core.workflows.update.private import planned_update
from core.workflows.update.run import compare_batch, read_batch, split_batch
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace


def foreseen_update(request: UpdateRequest, workspace: Workspace) -> Plan | None:
    """The plan that the update will have, of the rows that it will learn from; None where nothing was promised.

    Raises
    ------
    CoreError
        What the update would end with, as far as privacy is concerned: above all that it would exceed the budget.
    """
    base = workspace.registry.resolve(request.classifier, request.base_version)
    folder = VersionFolder(workspace.registry.folder_of(base), keeps_tables=True)
    if promise_of(folder.report()) is None:
        return None
    settings, _ = resolve_update(folder.model_name, folder.settings, request.strategy, request.settings, folder.task)
    stored, _ = read_batch(request.dataset, folder, workspace)
    batch, past = folder.task.as_read(workspace.datasets.load(stored.id)), read_past(folder, workspace)
    split = split_batch(batch, compare_batch(batch, past), settings, past, joined_rows(stored.source, len(batch)))
    return planned_update(batch.take(split.train), past, settings, request.strategy)
