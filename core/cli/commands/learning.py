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
from core.cli.tables import facts, load_for, save_for
from core.cli.workflow import carry_out, request_of
from core.data.labelling.corrections import Correction, Corrections
from core.data.loading.load import LoadedDataset
from core.tasks import task_of
from core.workflows.learn.private_checks import check_private
from core.workflows.report.privacy import promise
from core.workflows.requests import AUTO, first_strategy, pairing_remark, resolve_update
from core.workflows.train.auto import Climbed
from core.workflows.train.ladder import auto_settings
from core.workflows.versions.decide import gate_rules
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace


@working()
def train(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    request = request_of(asked, dataset="")
    task = task_of(request.task)
    # A typing error is said before a long file is read.
    if request.model == AUTO:
        auto_settings(request, task)
    else:
        settings, _ = resolve_update(request.model, {}, request.strategy, request.settings, task)
        check_private(settings, request.model, request.strategy, task)
    loaded = load_for(task, asked)
    with save_for(loaded, workspace) as dataset:
        done = carry_out(asked, dataset=dataset.id)
    _finish(asked, done, workspace, loaded)


@working()
def update(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    request = request_of(asked, dataset="")
    version = workspace.registry.resolve(request.classifier, request.base_version)
    gate_rules(request, workspace)  # a wrong rule is said before a long file is read
    folder = VersionFolder(workspace.registry.folder(version.classifier, version.number))
    strategy = first_strategy(folder.report()) if request.strategy == AUTO else request.strategy
    remark = pairing_remark(folder.model_name, strategy, folder.task)
    if remark is not None:
        sys.stderr.write(f"{remark}\n")
    loaded = load_for(folder.task, asked, known=folder.outputs, inputs=folder.inputs)
    waiting = _waiting(asked, workspace) if asked.with_corrections else []
    with save_for(loaded, workspace, waiting) as dataset:
        done = carry_out(asked, dataset=dataset.id)
    against = not done.report["gate"]["promote"]
    if request.promote == "always" and against and workspace.registry.statements(request.classifier).two_people:
        sys.stderr.write(
            "The gate is against it, and this model takes two people for that: see promote --by and --confirm.\n"
        )
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
        "end": plain(report["end"]),
        "privacy": report.get("privacy"),
        "findings": _findings(report, loaded),
        **facts(loaded),
    }
    if report["parent"] is not None:
        matrix = report[f"{task_of(report['task']).score.name}_matrix"]
        content |= {
            "parent": report["parent"],
            "strategy": report["strategy"],
            "new_labels": _new_labels(report, asked.classifier, workspace),
            "R_row": matrix[-1],
            "R": matrix,
            **report["continual"],
            "gate": plain(report["gate"]),
            "tests": [_test(test, task_of(report["task"]).score.name) for test in report["tests"]],
        }
    standing = (
        "serves" if content["promoted"] else f"is a candidate; version {champion.number if champion else '–'} serves"
    )
    told = (
        f"Version {number} {standing}. {headline(report['overall'])}; "
        f"baseline {headline(report['baseline']['report'])}. {seconds(report['seconds'])}"
    )
    promised = promise(report)
    ended = [content["end"]] if content["end"] is not None else []
    rungs = [rung.to_dict() for rung in completed.ladder] if isinstance(completed, Climbed) else []
    if rungs:
        content["ladder"] = [{**rung, "left_out": plain(rung["left_out"])} for rung in rungs]
    score_name = task_of(report["task"]).score.name
    ladder = [_rung(rung, number, score_name) for rung in content.get("ladder", ())]
    show(
        asked,
        content,
        "\n".join([*ladder, told, *([] if promised is None else [str(promised)]), *ended, *content["findings"]]),
    )


def _rung(rung: dict[str, Any], best: int, score_name: str) -> str:
    """A line of the ladder: what was tried, or why it was not."""
    if rung["version"] is None:
        return f"  {rung['rung']:<8} left out: {rung['left_out']}"
    score = rung["score"]
    mark = "*" if rung["version"] == best else " "
    interval = f"{score_name} {score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})"
    cost = f"{seconds(rung['seconds'])}, {rung['megabytes']:.1f} MB, {rung['answers_per_second']:,.0f} answers a second"
    return f"{mark} {rung['rung']:<8} version {rung['version']}: {interval} on the validation rows, {cost}"


def _findings(report: dict[str, Any], loaded: LoadedDataset) -> list[str]:
    """What was noticed on the way, without what was said when the file was read."""
    told = {str(note) for note in (*(part.message for part in loaded.left_out), *loaded.notes)}
    return [sentence for sentence in plain(report["findings"]) if sentence not in told]


def _new_labels(report: dict[str, Any], classifier: str, workspace: Workspace) -> list[str]:
    """Labels that the version answers with and its parent did not."""
    known = VersionFolder(workspace.registry.folder(classifier, report["parent"])).outputs
    return [label for label in report["classes"] if label not in known]


def _test(test: dict[str, Any], score: str) -> dict[str, Any]:
    before = test["before"]
    return {
        "experience": test["experience"],
        "name": test["name"],
        "rows": test["rows"],
        "before": before[score]["value"] if before else None,
        "after": test["report"][score]["value"],
        "difference": test.get("difference"),
    }
