"""``train`` and ``update``: read rows, learn from them, and print what came of it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.base.config import home
from core.base.wording import seconds
from core.cli.commands.measure import headline, scores_of
from core.cli.printing import plain, show
from core.cli.progress import working
from core.cli.tables import facts, load, save_for
from core.cli.workflow import carry_out, request_of
from core.data.labelling.corrections import Correction, Corrections
from core.data.loading.load import LoadedDataset
from core.workflows.requests import resolve_update, strategy_class
from core.workflows.workspace import Workspace, open_workspace


@working()
def train(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    request = request_of(asked, dataset="")
    resolve_update(
        request.model, {}, request.strategy, request.settings
    )  # a typing error is said before a long file is read
    loaded = load(asked)
    with save_for(loaded, workspace) as dataset:
        done = carry_out(asked, dataset=dataset.id)
    _finish(asked, done, workspace, loaded)


@working()
def update(asked: argparse.Namespace) -> None:
    from core.workflows.versions.decide import gate_rules
    from core.workflows.versions.folder import VersionFolder

    workspace = open_workspace(home())
    request = request_of(asked, dataset="")
    strategy_class(request.strategy)
    version = workspace.registry.resolve(request.classifier, request.base_version)
    gate_rules(request, workspace)  # a wrong rule is said before a long file is read
    classes = VersionFolder(workspace.registry.folder(version.classifier, version.number)).classes
    loaded = load(asked, batch=True, known=classes)
    waiting = _waiting(asked, workspace) if asked.with_corrections else []
    with save_for(loaded, workspace, waiting) as dataset:
        done = carry_out(asked, dataset=dataset.id)
    _finish(asked, done, workspace, loaded)


def _waiting(asked: argparse.Namespace, workspace: Workspace) -> list[Correction]:
    """The queue of corrections; says so where lines of it cannot be read."""
    queue = Corrections(workspace.home)
    damaged = queue.unreadable(asked.classifier)
    if damaged:
        sys.stderr.write(
            f"Damaged lines of the queue of corrections, which were passed over: {damaged:,}. They stay in "
            f"{queue.file(asked.classifier)}.\n"
        )
    return queue.list(asked.classifier)


def _finish(asked: argparse.Namespace, completed: Any, workspace: Workspace, loaded: LoadedDataset) -> None:
    """Print what a training or update came to."""
    report, number = completed.report, completed.version
    champion = workspace.registry.champion(asked.classifier)
    content = {
        "version": number,
        "promoted": champion is not None and champion.number == number,
        **scores_of(report["overall"]),
        "baseline": scores_of(report["baseline"]["report"], per_class=False),
        "seconds": report["seconds"],
        "parity_max_abs_diff": report["parity"]["max_abs_diff"],
        "best_epoch": report["best_epoch"],
        "provider": report["provider"],
        **facts(loaded),
    }
    if report["parent"] is not None:
        content |= {
            "parent": report["parent"],
            "strategy": report["strategy"],
            "R_row": report["accuracy_matrix"][-1],
            "R": report["accuracy_matrix"],
            **report["continual"],
            "gate": plain(report["gate"]),
            "tests": [_test(test) for test in report["tests"]],
        }
    standing = (
        "serves" if content["promoted"] else f"is a candidate; version {champion.number if champion else '–'} serves"
    )
    show(
        asked,
        content,
        f"Version {number} {standing}. {headline(report['overall'])}; "
        f"baseline {headline(report['baseline']['report'])}. {seconds(report['seconds'])}",
    )


def _test(test: dict[str, Any]) -> dict[str, Any]:
    before = test["before"]
    return {
        "experience": test["experience"],
        "name": test["name"],
        "rows": test["rows"],
        "before": before["accuracy"]["value"] if before else None,
        "after": test["report"]["accuracy"]["value"],
        "difference": test.get("difference"),
    }
