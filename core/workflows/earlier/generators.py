"""Language models of earlier editions, which had a store of their own, become models of the registry.

Each version is proved, measured and registered like one that has just been learned; only its weights are old. What was kept
beside the old ones is removed once the new ones are there, so that no text lies in two places.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from safetensors.torch import load_file
from tokenizers import Tokenizer

from core.base.config import settings_of
from core.base.events import EpochDone, Finished
from core.base.files import is_writable, read_json, remove_folder
from core.base.messages import Message, message
from core.continual.gate.rules import GateConfig
from core.continual.memory import Kept, Memory
from core.continual.methods import StrategyConfig
from core.data.dataset.language import language_of
from core.data.dataset.same_text import text_key
from core.data.dataset.splitting import Split
from core.networks.architectures.causal import CAUSAL
from core.networks.causal.network import OUTPUTS, CausalText
from core.networks.causal.tokens import WHOLE
from core.networks.standalone.pipeline import TextPipeline
from core.registry import HOW, promote
from core.tasks.language_modelling.task import LanguageModelling
from core.workflows.earlier import GENERATORS
from core.workflows.learn.candidate import Candidate, Completed, Parent, VersionStream
from core.workflows.learn.learners import make_strategy
from core.workflows.learn.producing import produce_version
from core.workflows.learn.running import recorded_run
from core.workflows.requests import Settings, resolve_settings, setting_classes
from core.workflows.versions.decide import rules_for
from core.workflows.versions.folder import ExperienceRecord, Learner, VersionFolder
from core.workflows.versions.frozen_tests import FrozenTest, stored_tests
from core.workflows.versions.past import nothing_met
from core.workflows.workspace import Workspace

RENAMED = {"max_length": "context", "loss_patience": "patience"}
KIND = "adopt"
NUMBER = "earlier_version"  # what a run notes besides its settings
LOCK = "generators.lock"
FINGERPRINT = 16  # hexadecimal digits


def adopt_generators(workspace: Workspace) -> None:
    """Take over all generators of a workspace; one that cannot be read stays where it is."""
    root = workspace.home / GENERATORS
    if not is_writable(workspace.home):
        return
    with FileLock(workspace.home / LOCK):
        if root.is_dir():  # still: whoever held the lock may have taken them over
            _adopt_all(root, workspace)


def _adopt_all(root: Path, workspace: Workspace) -> None:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
        if numbers and not folder.name.startswith("."):
            try:
                _adopt(folder, numbers, workspace)
            except Exception:  # whatever is damaged, such as a tokenizer's file: nothing of it is thrown away
                continue
        remove_folder(folder)
    if not any(root.iterdir()):
        root.rmdir()


def _adopt(folder: Path, numbers: Sequence[int], workspace: Workspace) -> None:
    """Register the versions that are not registered yet, oldest first; the current one serves where nothing else does."""
    name = _free_name(folder.name, workspace)
    taken = _taken_over(name, workspace)
    for number in numbers:
        if number not in taken:
            report = read_json(folder / str(number) / "report.json")
            parent = taken.get(report["parent"]) if report["parent"] is not None else None
            taken[number] = _register(name, folder / str(number), report, parent, workspace)
    if workspace.registry.champion(name) is None:
        current = _current(folder)
        promote(workspace.registry, name, taken[current if current in taken else numbers[-1]], how=HOW["first"])


def _taken_over(name: str, workspace: Workspace) -> dict[int, int]:
    """Number in the earlier edition → number in the registry, of versions that were taken over before."""
    if not _is_known(name, workspace):
        return {}
    adopted = {run.run_id: int(run.settings[NUMBER]) for run in workspace.registry.runs(name) if NUMBER in run.settings}
    versions = workspace.registry.versions(name)
    return {adopted[version.run_id]: version.number for version in versions if version.run_id in adopted}


def _is_known(name: str, workspace: Workspace) -> bool:
    return any(info.name == name for info in workspace.registry.classifiers())


def _free_name(name: str, workspace: Workspace) -> str:
    """The name, with a mark where a model of another kind has it already."""
    if not _is_known(name, workspace):
        return name
    tasks = {version.summary.get("task") for version in workspace.registry.versions(name)}
    return name if tasks == {LanguageModelling.name} else f"{name} (text)"


def _current(folder: Path) -> int | None:
    try:
        return int((folder / "current").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _register(name: str, folder: Path, report: dict[str, Any], parent: int | None, workspace: Workspace) -> int:
    learner = _learner(folder, report)
    before = VersionFolder(workspace.registry.folder(name, parent)) if parent is not None else None
    memory = read_json(folder / "memory.json")
    records, parts, met, texts = [], {}, nothing_met(words=False, baseline=False), list(memory["texts"])
    tests = read_json(folder / "tests.json")
    for number, (learned, test) in enumerate(zip(report["learned"], tests, strict=True), start=1):
        sizes = [int(learned[part]) for part in ("train", "validation", "test", "set_aside")]
        records.append(ExperienceRecord(number, learned["dataset"], learned["name"], *sizes))
        parts[number], rows = _parts(learned["dataset"], set(test["texts"]), set(memory["learned"]), workspace)
        train, validation = (
            [rows[row] for row in part.tolist()] for part in (parts[number].train, parts[number].validation)
        )
        met = met.grown(number, (train, [""] * len(train)), (validation, [""] * len(validation)))
        texts += train
    strategy = make_strategy("replay" if parent is not None else "finetune", StrategyConfig(), learner.settings)
    strategy.memory = _memory(memory, learner.settings)
    candidate = Candidate(
        classifier=name,
        learner=learner,
        strategy=strategy,
        stream=VersionStream(
            records=records,
            parts=parts,
            tests=_tests(tests, before),
            met=met,
            language=language_of(texts),
            synthetic=any(learned["synthetic"] for learned in report["learned"]),
            findings=[
                message(
                    "generation.adopted",
                    "It was learned by an earlier edition, and measured anew when it was taken over.",
                ),
                *(Message.from_dict(finding) for finding in report["findings"]),
            ],
            first=(texts, [""] * len(texts)),
        ),
        run_id=workspace.registry.start_run(KIND, name, {**learner.settings.flat(), NUMBER: int(folder.name)}),
        parent=_parent(parent, before),
        epochs=[EpochDone.from_dict(epoch) for epoch in report["epochs"]],
    )
    if "reason" in report:
        candidate.finished = Finished(report["best_epoch"], len(report["epochs"]), Message.from_dict(report["reason"]))
    with recorded_run(workspace.registry, candidate.run_id, lambda: False):
        *_, completed = produce_version(candidate, workspace)
    assert isinstance(completed, Completed)
    return completed.version


def _parent(number: int | None, folder: VersionFolder | None) -> Parent | None:
    if number is None or folder is None:
        return None
    return Parent(number, folder.report(), rules_for(folder.task, GateConfig()), None)


def _learner(folder: Path, report: dict[str, Any]) -> Learner:
    stored, task = read_json(folder / "config.json"), LanguageModelling()
    told = {RENAMED.get(name, name): value for name, value in report["settings"].items()}
    known = {setting.name for config in setting_classes(task, CAUSAL.name) for setting in settings_of(config)}
    settings = resolve_settings(
        CAUSAL.name, {name: value for name, value in told.items() if name in known and name != "max_length"}, task
    )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    options = {"segmentation": stored["segmentation"], "max_length": WHOLE, "stop_words": []}
    weights = {f"decoder.{name}": value for name, value in load_file(str(folder / "model.safetensors")).items()}
    model = CausalText(settings.model, len(weights["decoder.embedding.weight"]))  # type: ignore[arg-type]
    model.load_state_dict(weights)
    return Learner(CAUSAL.name, model.eval(), TextPipeline(tokenizer, options), OUTPUTS, settings)


def _parts(identity: str, tested: set[str], learned: set[str], workspace: Workspace) -> tuple[Split, Sequence[str]]:
    """Where the rows of a dataset went, as far as the dataset is still there, and its texts."""
    if not workspace.datasets.has(identity):
        none = np.zeros(0, dtype=np.int64)
        return Split(none, none, none, none, ()), ()
    texts = workspace.datasets.load(identity).texts
    is_test = np.array([text in tested for text in texts])
    is_learned = np.array([_fingerprint(text) in learned for text in texts]) & ~is_test
    train, validation, test = (np.flatnonzero(rows) for rows in (is_learned, ~is_learned & ~is_test, is_test))
    return Split(train, validation, test, np.zeros(0, dtype=np.int64), ()), texts


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text_key(text).encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT]


def _memory(stored: dict[str, Any], settings: Settings) -> Memory:
    rows = [Kept(text, 1) for text in stored["texts"]]
    return Memory(
        settings.data.memory_size, {"": rows} if rows else {}, {"": int(stored["seen"])}, selection="reservoir"
    )


def _tests(stored: Sequence[dict[str, Any]], before: VersionFolder | None) -> list[FrozenTest]:
    """The frozen tests, with what the version before says to them."""
    known = {test.number: test for test in stored_tests(before, before.report())} if before is not None else {}
    tests = []
    for number, test in enumerate(stored, start=1):
        if number in known:
            tests.append(known[number])
            continue
        texts = tuple(test["texts"])
        fresh = FrozenTest(number, test["name"], texts, ("",) * len(texts))
        if before is not None:
            task = before.task
            engine = task.engine(before.path)
            fresh = FrozenTest(
                number, test["name"], texts, fresh.truth, tuple(task.read(engine, engine.compute(texts)))
            )
        tests.append(fresh)
    return tests
