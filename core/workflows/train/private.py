"""What a first training spends of what its model has promised before, under the same name."""

from __future__ import annotations

from core.data.dataset.rows import TextDataset
from core.registry import Glance
from core.workflows.learn.private import Plan, Promise, plan, promise_of, protected
from core.workflows.requests import Settings
from core.workflows.update.private import is_apart
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace


def planned_training(
    settings: Settings, classifier: str, model: str, strategy: str, train: TextDataset, workspace: Workspace
) -> Plan | None:
    """What learning these training rows would spend; None where nothing is promised.

    The budget is that of all versions of the model: whoever was learned from before pays again.

    Raises
    ------
    ConfigError
        When the promise cannot be kept, or would be taken back, or the budget be exceeded.
    """
    promise, folders = _promised(classifier, workspace)
    units = protected(settings, len(train), train.groups) if settings.privacy.private else len(train)
    apart = not settings.privacy.private or all(
        is_apart(train, read_past(folder, workspace), settings.privacy.privacy_unit) for folder in folders
    )
    return plan(
        settings,
        model,
        strategy,
        settings.task,
        len(train),
        units,
        1,
        promise.spends if promise is not None else (),
        promise.delta if promise is not None else None,
        apart,
        promise.budget if promise is not None else None,
        train.groups,
    )


def _promised(classifier: str, workspace: Workspace) -> tuple[Promise | None, list[VersionFolder]]:
    """What the versions of a model have promised together: each one's own spending counts once."""
    known: list[tuple[Promise, VersionFolder]] = []
    for version in sorted(Glance(workspace.home).stored(classifier), key=lambda version: version.number):
        folder = VersionFolder(workspace.registry.folder_of(version))
        report = folder.report()
        promise = promise_of(report)
        if promise is not None and report.get("forgotten") is None:  # else it has spent nothing of its own
            known.append((promise, folder))
    if not known:
        return None, []
    first = known[0][0]
    spends = tuple(promise.spends[-1] for promise, _ in known)
    budget = min(promise.budget for promise, _ in known)
    return Promise(first.delta, budget, first.unit, spends), [folder for _, folder in known]
