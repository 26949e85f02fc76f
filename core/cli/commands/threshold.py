"""``threshold``: from which probability on a classifier answers by itself."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from core.base.config import home
from core.base.errors import ConfigError
from core.cli.printing import show
from core.tasks import DEFAULT, task_of
from core.workflows.workspace import open_workspace


def threshold(asked: argparse.Namespace) -> None:
    """Show it, set it or take it away."""
    workspace = open_workspace(home())
    registry = workspace.registry
    if asked.version is not None and asked.set is None:
        raise ConfigError(
            "config.version_alone",
            "--version says with which version a threshold was chosen, and means nothing without --set. Leave it out.",
        )
    if asked.set is not None:
        version = workspace.registry.resolve(asked.classifier, asked.version)
        if not task_of(str(version.summary.get("task", DEFAULT))).distribution:
            raise ConfigError(
                "config.no_probabilities",
                "'{classifier}' does not give each text one label with a probability, so nothing can be kept back below one.",
                classifier=asked.classifier,
            )
        registry.set_threshold(asked.classifier, asked.set, version=version.number)
    elif asked.clear:
        registry.clear_threshold(asked.classifier)
    stored = registry.threshold(asked.classifier)
    text = f"'{asked.classifier}' answers every text."
    if stored is not None:
        text = (
            f"'{asked.classifier}' answers from a probability of {stored.value:g} on; other texts are for a person. "
            f"Chosen with version {stored.version}."
        )
    show(asked, None if stored is None else asdict(stored), text)
