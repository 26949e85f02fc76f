"""``generate``: short for training and updating a language model; lets it write, and lists what there is."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.base.config import build, home, parse_assignments
from core.base.errors import ConfigError
from core.base.wording import seconds
from core.cli.printing import show, tell
from core.cli.progress import consume, working
from core.cli.tables import facts, load_unlabelled, save
from core.registry import HOW, VersionInfo
from core.registry import promote as decide
from core.serving.engines.graphs import load_version
from core.tasks.language_modelling.sampling import SamplingConfig
from core.tasks.language_modelling.task import LanguageModelling
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.standings import known_to, today
from core.workflows.workspace import Workspace, open_workspace

TASK, MODEL, STRATEGY = LanguageModelling.name, "causal", "replay"
SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"embedding_size": 64, "hidden_size": 256, "layers": 2, "heads": 4, "dropout": 0.1},
    "small": {"embedding_size": 128, "hidden_size": 512, "layers": 4, "heads": 4, "dropout": 0.2},
    "medium": {"embedding_size": 256, "hidden_size": 1024, "layers": 6, "heads": 8, "dropout": 0.3},
}
SAMPLES = 3


def generate(asked: argparse.Namespace) -> None:
    verbs = {
        "train": _train,
        "update": _update,
        "sample": _sample,
        "rollback": _rollback,
        "list": _list,
        "delete": _delete,
    }
    verbs[asked.verb](asked)


@working()
def _train(asked: argparse.Namespace) -> None:
    from core.workflows.train.estimate import check_request
    from core.workflows.train.run import train_classifier

    workspace = open_workspace(home())
    settings = {**SIZES[asked.size], **parse_assignments(asked.set)}
    request = TrainRequest(classifier=asked.name, dataset="", task=TASK, model=MODEL, settings=settings)
    check_request(request, workspace)  # a typing error is said before a long file is read
    loaded = load_unlabelled(asked)
    request = request.model_copy(update={"dataset": save(loaded, workspace).id})
    _tell(asked, consume(train_classifier(request, workspace)), workspace, facts(loaded))


@working()
def _update(asked: argparse.Namespace) -> None:
    from core.workflows.update.run import update_classifier

    workspace = open_workspace(home())
    _version(workspace, asked.name, None)
    loaded = load_unlabelled(asked)
    request = UpdateRequest(
        classifier=asked.name,
        dataset=save(loaded, workspace).id,
        strategy=STRATEGY,
        settings=parse_assignments(asked.set),
        promote="always",
    )
    _tell(asked, consume(update_classifier(request, workspace)), workspace, facts(loaded))


def _tell(asked: argparse.Namespace, done: Any, workspace: Workspace, more: dict[str, Any]) -> None:
    """What came of it, with a few texts that the version writes by itself."""
    report = done.report
    champion = workspace.registry.champion(asked.name)
    state = "writes" if champion is None or champion.number == done.version else "waits as a candidate"
    newest, baseline = report["tests"][-1]["report"], report["baseline"]["tests"][-1]
    engine = _engine(workspace, _version(workspace, asked.name, done.version))
    content = {
        "generator": asked.name,
        "version": done.version,
        "parent": report["parent"],
        "parameters": report["parameters"],
        "perplexity": newest["perplexity"]["value"],
        "baseline": {"method": report["baseline"]["method"], "perplexity": baseline["perplexity"]["value"]},
        "R": report["perplexity_matrix"],
        "forgetting": {"perplexity": report["continual"]["forgetting"]},
        "best_epoch": report["best_epoch"],
        "seconds": report["seconds"],
        "parity_max_abs_diff": report["parity"]["max_abs_diff"],
        "samples": [engine.write("", seed=seed) for seed in range(SAMPLES)],
        **more,
    }
    line = (
        f"Version {content['version']} of '{content['generator']}' {state}: {content['parameters']:,} parameters, perplexity "
        f"{content['perplexity']:.1f}; n-grams {content['baseline']['perplexity']:.1f}. {seconds(content['seconds'])}"
    )
    show(asked, content, line)


def _sample(asked: argparse.Namespace) -> None:
    config = build(SamplingConfig, parse_assignments(asked.set))
    workspace = open_workspace(home())
    version = _version(workspace, asked.name, asked.version)
    engine = _engine(workspace, version)
    seeds = range(config.written_seed, config.written_seed + max(1, asked.count))
    texts = [asked.prompt + engine.write(asked.prompt, **{**config.options(), "seed": seed}) for seed in seeds]
    cut = engine.truncated(asked.prompt, config.options()["tokens"])
    if cut:
        sys.stderr.write(f"The beginning is long: its first {cut:,} tokens were not read.\n")
    content = {"generator": asked.name, "version": version.number, "texts": texts, "provider": engine.provider}
    content["truncated"] = bool(cut)
    show(asked, content, "\n".join(texts))


def _rollback(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    version = _version(workspace, asked.name, asked.version)
    decide(workspace.registry, asked.name, version.number, how=HOW["command"])
    content = {"generator": asked.name, "current": version.number}
    tell(asked, content, f"Version {version.number} of '{asked.name}' writes again.")


def _delete(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    _version(workspace, asked.name, None)
    workspace.registry.delete(asked.name)
    tell(asked, {"generator": asked.name, "deleted": True}, f"The language model '{asked.name}' is deleted.")


def _list(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    generators, lines = [], []
    for info in workspace.registry.classifiers():
        versions = [each for each in workspace.registry.versions(info.name) if each.summary.get("task") == TASK]
        same = today(known_to(workspace.registry, info.name), workspace.home) if versions else None
        for version in versions:
            perplexity = float(version.summary["perplexity"])
            measured = same.report(version.number) if same is not None else None
            now = None if measured is None else float(measured.scores["perplexity"].value)
            current = version.number == info.champion
            told = {"version": version.number, "current": current, "parent": version.parent, "created": version.created}
            generators.append({"generator": info.name, **told, "perplexity": perplexity, "today": now})
            words = f"perplexity {perplexity:.1f} on tests of its own" if now is None else f"perplexity {now:.1f}"
            lines.append(f"{'*' if current else ' '} {info.name} {version.number:>3}  {words}  {version.created}")
    show(asked, {"generators": generators}, "\n".join(lines))


def _version(workspace: Workspace, name: str, number: int | None) -> VersionInfo:
    """A version of a language model; `ConfigError` where the model is for something else."""
    version = workspace.registry.resolve(name, number)
    if version.summary.get("task") != TASK:
        raise ConfigError(
            "generation.other_task", "'{name}' is no language model, so it cannot write. Use predict.", name=name
        )
    return version


def _engine(workspace: Workspace, version: VersionInfo) -> Any:
    return load_version(workspace.registry.folder(version.classifier, version.number))
