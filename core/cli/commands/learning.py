"""What each command does: read, call a workflow, print. Heavy packages are loaded by the command that needs them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from core.base.config import home, parse_assignments
from core.base.messages import Message
from core.base.wording import score, seconds
from core.cli.commands.behaviour import behaviour
from core.cli.commands.benchmark import benchmark
from core.cli.commands.compare import compare
from core.cli.commands.doctor import doctor
from core.cli.commands.forget import forget
from core.cli.commands.generate import generate
from core.cli.commands.inspect import inspect
from core.cli.commands.precision import precision
from core.cli.commands.predict import predict
from core.cli.commands.pretrain import pretrain
from core.cli.commands.repeat import curve, folds
from core.cli.commands.report import report
from core.cli.commands.search import search
from core.cli.commands.threshold import threshold
from core.cli.commands.upkeep import delete, repair, tidy
from core.cli.commands.vectors import vectors
from core.cli.progress import at_work_throughout, consume
from core.cli.tables import facts, load, save_for
from core.data.labelling.corrections import Correction, Corrections
from core.data.loading.load import LoadedDataset
from core.registry import HOW, UNWRITTEN
from core.registry import promote as decide
from core.workflows.workspace import Workspace, open_workspace


@at_work_throughout
def train(asked: argparse.Namespace) -> None:
    from core.workflows.requests import TrainRequest, resolve_update
    from core.workflows.train.run import train_classifier

    workspace = open_workspace(home())
    settings = parse_assignments(asked.set)
    resolve_update(asked.model, {}, asked.strategy, settings)  # a typing error is said before a long file is read
    loaded = load(asked)
    with save_for(loaded, workspace) as dataset:
        request = TrainRequest(
            classifier=asked.classifier,
            dataset=dataset.id,
            model=asked.model,
            strategy=asked.strategy,
            settings=settings,
        )
        done = consume(train_classifier(request, workspace))
    _finish(asked, done, workspace, loaded)


@at_work_throughout
def update(asked: argparse.Namespace) -> None:
    from core.base.config import build
    from core.workflows.requests import UpdateRequest, strategy_class
    from core.workflows.update.run import update_classifier
    from core.workflows.versions.decide import gate_rules

    workspace = open_workspace(home())
    strategy_class(asked.strategy)
    values = {"classifier": asked.classifier, "strategy": asked.strategy, "tolerance": asked.tolerance}
    values |= {"gate": parse_assignments(asked.gate)}
    values |= {"promote": asked.promote, "settings": parse_assignments(asked.set)}
    version = workspace.registry.resolve(asked.classifier)
    gate_rules(
        build(UpdateRequest, {**values, "dataset": ""}), workspace
    )  # a wrong rule is said before a long file is read
    loaded = load(asked, batch=True, known=_labels_of(version, workspace))
    waiting = _waiting(asked, workspace) if asked.with_corrections else []
    with save_for(loaded, workspace, waiting) as dataset:
        request = build(UpdateRequest, {**values, "dataset": dataset.id})
        done = consume(update_classifier(request, workspace))
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


def evaluate(asked: argparse.Namespace) -> None:
    from core.workflows.versions.evaluate import evaluate_version
    from core.workflows.versions.folder import VersionFolder
    from core.workflows.versions.known_rows import known_rows
    from core.workflows.versions.past import read_past

    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, asked.version)
    folder = VersionFolder(workspace.registry.folder(version.classifier, version.number))
    loaded = load(asked, batch=True, known=folder.outputs)
    started = time.monotonic()
    report = evaluate_version(workspace, version, loaded.dataset).to_dict()
    known = known_rows(loaded.dataset, read_past(folder, workspace))
    content = {"version": version.number, "rows": report["rows"], **_scores(report), "known": known.to_dict()}
    content |= {"seconds": round(time.monotonic() - started, 2), **facts(loaded)}
    headline = f"Version {version.number}: {_headline(report)} on {report['rows']:,} rows"
    _print(asked.json, content, "\n".join([headline, *map(str, known.sentences())]))


def drift(asked: argparse.Namespace) -> None:
    from core.cli.commands.drift import as_object, as_text
    from core.workflows.drift.run import detect_drift
    from core.workflows.versions.folder import VersionFolder
    from core.workflows.versions.known_rows import known_rows
    from core.workflows.versions.past import read_past

    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, asked.version)
    folder = VersionFolder(workspace.registry.folder(version.classifier, version.number))
    loaded = load(asked, batch=True, known=folder.outputs)
    past = read_past(folder, workspace)
    report, known = detect_drift(folder, loaded.dataset, past), known_rows(loaded.dataset, past)
    content = {"version": version.number, **as_object(report), "known": known.to_dict(), **facts(loaded)}
    _print(asked.json, content, "\n".join([as_text(report), *map(str, known.sentences())]))


def export(asked: argparse.Namespace) -> None:
    from core.workflows.bundle import write_bundle

    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, asked.version)
    limit = workspace.registry.threshold(asked.classifier)
    write_bundle(workspace.registry.folder(asked.classifier, version.number), asked.out, limit.value if limit else None)
    sys.stderr.write(f"Version {version.number} of '{asked.classifier}' → {asked.out}\n")


def versions(asked: argparse.Namespace) -> None:
    from core.cli.commands.versions import as_lines, listed, which_rows
    from core.workflows.standings import known_to, today

    workspace = open_workspace(home())
    workspace.registry.require(asked.classifier)
    champion = workspace.registry.champion(asked.classifier)
    same = today(known_to(workspace.registry, asked.classifier), workspace.home)
    content = listed(workspace.registry.versions(asked.classifier), champion, same)
    if not asked.json:
        sys.stderr.write(which_rows(content))
    _print(asked.json, {"classifier": asked.classifier, **content}, as_lines(content))


def promote(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    number = asked.version
    if number is None:
        workspace.registry.require(asked.classifier)  # says so when there is no such classifier
        number = workspace.registry.versions(asked.classifier)[-1].number
    against = workspace.registry.version(asked.classifier, number).refused
    reason = asked.reason.strip()
    if against and not reason:
        reason = UNWRITTEN  # a script must be able to go on; the lineage says what was missing
        sys.stderr.write(
            "The gate is against this version and --reason was not given; both will stand in its lineage.\n"
        )
    how = HOW["command_against" if against else "command"]
    decide(workspace.registry, asked.classifier, number, how=how, reason=reason)
    sys.stderr.write(f"Version {number} of '{asked.classifier}' is the champion.\n")


def rollback(asked: argparse.Namespace) -> None:
    number = open_workspace(home()).registry.rollback(asked.classifier, asked.version)
    sys.stderr.write(f"Version {number} of '{asked.classifier}' is the champion again.\n")


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    command.__name__: command
    for command in (
        train,
        update,
        compare,
        curve,
        folds,
        behaviour,
        benchmark,
        search,
        inspect,
        evaluate,
        drift,
        predict,
        export,
        report,
        precision,
        versions,
        promote,
        rollback,
        threshold,
        forget,
        generate,
        pretrain,
        vectors,
        doctor,
        delete,
        tidy,
        repair,
    )
}


def _labels_of(version: Any, workspace: Workspace) -> tuple[str, ...]:
    from core.workflows.versions.folder import VersionFolder

    return VersionFolder(workspace.registry.folder(version.classifier, version.number)).outputs


def _finish(asked: argparse.Namespace, completed: Any, workspace: Workspace, loaded: LoadedDataset) -> None:
    """Print what a training or update came to."""
    report, number = completed.report, completed.version
    champion = workspace.registry.champion(asked.classifier)
    content = {
        "version": number,
        "promoted": champion is not None and champion.number == number,
        **_scores(report["overall"]),
        "baseline": _scores(report["baseline"]["report"], per_class=False),
        "seconds": report["seconds"],
        "parity_max_abs_diff": report["parity"]["max_abs_diff"],
        "best_epoch": report["best_epoch"],
        "provider": report["provider"],
        "end": str(Message.from_dict(report["end"])) if report["end"] is not None else None,
        "findings": _findings(report, loaded),
        **facts(loaded),
    }
    if report["parent"] is not None:
        content |= {
            "parent": report["parent"],
            "strategy": report["strategy"],
            "new_labels": _new_labels(report, asked.classifier, workspace),
            "R_row": report["accuracy_matrix"][-1],
            "R": report["accuracy_matrix"],
            **report["continual"],
            "gate": _gate(report["gate"]),
            "tests": [_test(test) for test in report["tests"]],
        }
    standing = (
        "serves" if content["promoted"] else f"is a candidate; version {champion.number if champion else '–'} serves"
    )
    headline = (
        f"Version {number} {standing}. {_headline(report['overall'])}; "
        f"baseline {_headline(report['baseline']['report'])}. {seconds(report['seconds'])}"
    )
    ended = [content["end"]] if content["end"] is not None else []
    _print(asked.json, content, "\n".join([headline, *ended, *content["findings"]]))


def _findings(report: dict[str, Any], loaded: LoadedDataset) -> list[str]:
    """What was noticed on the way, without what was said when the file was read."""
    told = {str(note) for note in (*(part.message for part in loaded.left_out), *loaded.notes)}
    sentences = (str(Message.from_dict(stored)) for stored in report["findings"])
    return [sentence for sentence in sentences if sentence not in told]


def _new_labels(report: dict[str, Any], classifier: str, workspace: Workspace) -> list[str]:
    """Labels that the version answers with and its parent did not."""
    known = _labels_of(workspace.registry.version(classifier, report["parent"]), workspace)
    return [label for label in report["classes"] if label not in known]


def _scores(report: dict[str, Any], *, per_class: bool = True) -> dict[str, Any]:
    names = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")
    scores: dict[str, Any] = {name: report[name]["value"] for name in names}
    scores["intervals"] = {name: [report[name]["low"], report[name]["high"]] for name in names}
    if per_class:
        scores["per_class"] = {
            label: {
                **{name: figures[name]["value"] for name in ("precision", "recall", "f1")},
                "support": figures["support"],
            }
            for label, figures in report["per_class"].items()
        }
    return scores


def _gate(gate: dict[str, Any] | None) -> dict[str, Any] | None:
    if gate is None:
        return None
    rules = [
        {**rule, **{part: str(Message.from_dict(rule[part])) for part in ("message", "note") if part in rule}}
        for rule in gate["rules"]
    ]
    return {**gate, "rules": rules}


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


def _headline(report: dict[str, Any]) -> str:
    accuracy, macro = report["accuracy"], report["macro_f1"]
    return f"accuracy {score(**accuracy)}, macro-F1 {score(**macro)}"


def _print(as_json: bool, content: dict[str, Any], text: str) -> None:
    sys.stdout.write((json.dumps(content, ensure_ascii=False) if as_json else text) + "\n")
