"""Which version a command is about."""

from __future__ import annotations

from typing import Any

from core.base.errors import RegistryError
from core.registry import VersionInfo
from core.workflows.workspace import Workspace


def resolve_version(name: str, number: int | None, workspace: Workspace, *, required: bool = True) -> Any:
    """The version of this number, or the champion; a classifier that is not there is an error either way."""
    known = workspace.registry.versions(name)
    version: VersionInfo | None = workspace.registry.champion(name) if number is None else None
    if number is not None:
        return workspace.registry.version(name, number)
    if not known:
        workspace.registry.refuse_if_lost(name)
    if not known or (version is None and required):
        raise RegistryError(
            "registry.no_champion",
            "There is no classifier '{classifier}' in use. The classifiers are: {known}. Train it first.",
            classifier=name,
            known=[classifier.name for classifier in workspace.registry.classifiers()] or ["–"],
        )
    return version
