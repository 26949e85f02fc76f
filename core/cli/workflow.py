"""From the words of a command to the request that they make, and the workflow that carries it out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.base.config import build, home, settings_of
from core.cli.arguments.fields import values_of
from core.cli.progress import consume
from core.data.dataset.store import DatasetStore
from core.jobs.kinds import KINDS
from core.registry import VersionInfo
from core.workflows.workspace import Workspace, open_workspace


def request_of(asked: argparse.Namespace, **filled: Any) -> Any:
    """The request of a command, which bears the name of its kind of job.

    Parameters
    ----------
    filled
        Fields that the command knows by itself.

    Raises
    ------
    ConfigError
        When a value is not allowed.
    DataError
        When there is no saved dataset of a name.
    """
    request = KINDS[asked.command].asked()
    values = {**values_of(asked, request), **filled}
    for field in settings_of(request):
        if field.source == "datasets" and field.name not in filled and values.get(field.name):
            values[field.name] = _ids(values[field.name])
    return build(request, values)


def carry_out(asked: argparse.Namespace, **filled: Any) -> Any:
    """Run the workflow of a command to its end; returns its last event."""
    kind, request = KINDS[asked.command], request_of(asked, **filled)
    events = kind(request.model_dump(), home(), should_stop=lambda: False, resume=None)
    return consume(events, alone=kind.alone)


def _ids(names: Any) -> Any:
    store = DatasetStore(home())
    return store.find(names).id if isinstance(names, str) else [store.find(name).id for name in names]


def version_of(asked: argparse.Namespace) -> tuple[Workspace, VersionInfo, Path]:
    """The version that a command looks at, in its workspace, and the folder of its files."""
    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, asked.version)
    return workspace, version, workspace.registry.folder_of(version)
