"""A version that never met some rows, made from one whose head is in closed form: subtract, solve, measure, register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core.base.events import StageStarted
from core.base.messages import message
from core.continual.methods import STRATEGIES
from core.continual.strategies import ClosedForm
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import Split
from core.networks.architectures.blend import BLEND
from core.networks.encoders import TextNetwork
from core.networks.text import Examples
from core.registry import VersionInfo
from core.tasks import Task
from core.tasks.text_classification.naive_bayes import NaiveBayes
from core.workflows.forget.rows import versions_of
from core.workflows.learn.blending import Blending, strategy_of
from core.workflows.learn.candidate import Candidate, Parent, VersionStream
from core.workflows.learn.learners import make_strategy
from core.workflows.learn.producing import produce_version
from core.workflows.requests import resolve_update, strategies_for
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import FrozenTest, stored_tests
from core.workflows.versions.past import Labelled, rows_met, summarise
from core.workflows.workspace import Workspace

SOLVED = "training.solved"  # how learning ended
Rows = Mapping[str, list[int]]  # dataset → row numbers


def exact_version(
    champion: VersionInfo, gone: Rows, datasets: Mapping[str, TextDataset], workspace: Workspace, run_id: str
) -> Iterator[Any]:
    """Make a candidate without these rows, yielding events; nothing where the champion's head cannot be solved anew.

    Its row of R takes the place of the champion's, since it has learned no further experience. The report's
    ``forgotten`` says how many rows were subtracted, how far a coefficient moved at most, and whether other weights,
    learned step by step, still carry some of the rows.
    """
    folder = VersionFolder(workspace.registry.folder_of(champion))
    report = folder.report()
    examples = learned_examples(folder, gone, datasets)
    name = in_closed_form(folder)
    if name is None or not len(examples):
        return
    solving = message(
        "stage.forget_solve",
        "Solving the head of '{classifier}' without {rows:,} rows.",
        classifier=champion.classifier,
        rows=len(examples),
    )
    yield StageStarted(solving, 0.3)
    settings, own = resolve_update(folder.model_name, folder.settings, name, report["strategy_settings"], folder.task)
    strategy = make_strategy(name, own, settings)
    strategy.restore(folder.load_state())
    assert isinstance(strategy, ClosedForm)
    learner = folder.load_learner()
    learner.model.keep_features(workspace.sources.features)  # until they are removed, too
    change = strategy.forget(learner.model, examples)
    removed = {text for identity, rows in gone.items() for text in datasets[identity].take(rows).texts}
    candidate = Candidate(
        classifier=champion.classifier,
        learner=learner,
        strategy=strategy,
        stream=VersionStream(
            records=folder.experiences(),
            parts=_without(folder, gone),
            tests=_kept_tests(folder, report, gone),
            met=summarise(_rows_without(folder, removed, workspace), baseline=NaiveBayes.empty()),
            language=report["language"],
            synthetic=report["synthetic"],
            findings=[],
        ),
        run_id=run_id,
        parent=Parent(champion.number, report, rules=None, drift=None),
        forgotten={
            "rows": len(examples),
            "coefficient_change": change,
            "encoder_carries": _encoder_carries(champion, gone, learner.model, workspace),
        },
    )
    yield from produce_version(candidate, workspace)


def in_closed_form(folder: VersionFolder) -> str | None:
    """By which method a version's head was solved from sums over rows, from which rows can be subtracted; None where it was
    learned otherwise, and of a blend, where at most one of two is.
    """
    report = folder.report()
    name = report.get("updates_by", report["strategy"])
    if (
        folder.model_name == BLEND.name or name not in STRATEGIES or report.get("privacy")
    ):  # noisy sums cannot lose a row
        return None
    # A first version is learned step by step, unless nothing below its head can learn.
    first = report["strategy"] not in STRATEGIES and (report["end"] or {}).get("key") != SOLVED
    return None if first or not issubclass(STRATEGIES[name].strategy(), ClosedForm) else name


def subtract(folder: VersionFolder, examples: Examples) -> None:
    """Take rows out of the sums that a version keeps for its next update; what it answers stays as it is."""
    if not folder.task.activation:
        return  # no method in closed form suits it, so it keeps no sums
    report = folder.report()
    if report.get("privacy"):
        return  # its sums are noisy: no row can be told from them, and none be taken away
    # The first version is learned step by step, whatever its sums are meant for: any method can read them.
    name = in_closed_form(folder) or _any_closed_form(folder.task)
    if folder.model_name == BLEND.name:
        name = report["updates_by"]
    # Whether rows were weighted in learning does not matter to sums in which each counts once.
    settings, own = resolve_update(folder.model_name, folder.settings, name, {"mitigation": "none"}, folder.task)
    strategy = strategy_of(folder, name, own, settings)
    if isinstance(strategy, Blending):
        if len(examples) and strategy.forget(folder.load_model(), examples):
            folder.save_state(strategy.state())
        return
    assert isinstance(strategy, ClosedForm)
    if strategy.statistics is not None and len(examples):
        strategy.forget(folder.load_model(), examples)
        folder.save_state(strategy.state())


def learned_examples(folder: VersionFolder, gone: Rows, datasets: Mapping[str, TextDataset]) -> Examples:
    """Those of the rows that a version was trained on, as it read them."""
    texts: list[str] = []
    names: list[str] = []
    for record in folder.experiences():
        rows = np.intersect1d(folder.rows_of(record.number, "train"), gone.get(record.dataset, []))
        if len(rows):
            some = datasets[record.dataset].take(rows)
            texts += some.texts
            names += some.label_names()
    return folder.task.examples(folder.load_pipeline(), texts, names, folder.outputs)


def _any_closed_form(task: Task) -> str:
    return next(name for name in strategies_for(task) if issubclass(STRATEGIES[name].strategy(), ClosedForm))


def _without(folder: VersionFolder, gone: Rows) -> dict[int, Split]:
    """Which row went where, without these."""
    names = {record.number: record.dataset for record in folder.experiences()}

    def kept(rows: np.ndarray, number: int) -> np.ndarray:
        return np.setdiff1d(rows, gone.get(names[number], []), assume_unique=True)

    return {
        number: Split(
            kept(split.train, number), kept(split.validation, number), kept(split.test, number), split.set_aside, ()
        )
        for number, split in ((number, folder.split(number)) for number in names)
    }


def _rows_without(
    folder: VersionFolder, removed: set[str], workspace: Workspace
) -> Iterator[tuple[int, Labelled, Labelled]]:
    """What the version has met but for these texts."""

    def kept(part: Labelled) -> Labelled:
        rows = [(text, name) for text, name in zip(*part, strict=True) if text not in removed]
        return [text for text, _ in rows], [name for _, name in rows]

    for number, train, validation in rows_met(folder, workspace):
        yield number, kept(train), kept(validation)


def _kept_tests(folder: VersionFolder, report: Mapping[str, Any], gone: Rows) -> list[FrozenTest]:
    """The champion's frozen tests with its answers, without these rows."""
    stays = {
        record.number: ~np.isin(folder.rows_of(record.number, "test"), gone.get(record.dataset, []))
        for record in folder.experiences()
    }
    return stored_tests(folder, report, stays)


def _encoder_carries(champion: VersionInfo, gone: Rows, model: TextNetwork, workspace: Workspace) -> bool:
    """Whether weights below the head were learned step by step from an experience that these rows belong to."""
    if model.declared.fixed_features or model.encodes_once:
        return False
    learned: dict[int, str] = {}  # experience → strategy of the first version that had it
    for _, folder in versions_of(champion.classifier, workspace):
        learned.setdefault(len(folder.experiences()), folder.report()["strategy"])
    newest = VersionFolder(workspace.registry.folder_of(champion))
    for record in newest.experiences():
        kind = STRATEGIES.get(learned.get(record.number, "train"))
        by_steps = kind is None or not issubclass(kind.strategy(), ClosedForm)
        if by_steps and len(np.intersect1d(newest.rows_of(record.number, "train"), gone.get(record.dataset, []))):
            return True
    return False
