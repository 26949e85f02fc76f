"""Whole jobs from request to version: train, update, evaluate, bundle. Used by the command line and by jobs alike.

A name is loaded when it is first asked for: who only opens a workspace shall not wait for PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.workflows.bundle import write_bundle
    from core.workflows.evaluate import evaluate_version
    from core.workflows.past import Past, read_past
    from core.workflows.producing import Completed
    from core.workflows.requests import DataConfig, TrainRequest, UpdateRequest, resolve_settings, resolve_update
    from core.workflows.train import train_classifier
    from core.workflows.update import check_batch, compare_batch, split_batch, update_classifier
    from core.workflows.version import ExperienceRecord, VersionFolder
    from core.workflows.workspace import Workspace, open_workspace

__all__ = [
    "Completed",
    "DataConfig",
    "ExperienceRecord",
    "Past",
    "TrainRequest",
    "UpdateRequest",
    "VersionFolder",
    "Workspace",
    "check_batch",
    "compare_batch",
    "evaluate_version",
    "open_workspace",
    "read_past",
    "resolve_settings",
    "resolve_update",
    "split_batch",
    "train_classifier",
    "update_classifier",
    "write_bundle",
]

_OWNERS = {
    "bundle": ("write_bundle",),
    "evaluate": ("evaluate_version",),
    "producing": ("Completed",),
    "requests": ("DataConfig", "TrainRequest", "UpdateRequest", "resolve_settings", "resolve_update"),
    "train": ("train_classifier",),
    "past": ("Past", "read_past"),
    "update": ("check_batch", "compare_batch", "split_batch", "update_classifier"),
    "version": ("ExperienceRecord", "VersionFolder"),
    "workspace": ("Workspace", "open_workspace"),
}


def __getattr__(name: str) -> Any:
    for module, names in _OWNERS.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
