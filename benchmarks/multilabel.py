"""Several labels a text: *Auto* or single models beside one-vs-rest logistic regression on TF-IDF, on the same rows.

    python benchmarks/multilabel.py --data ../shared/data/multilabel/goemotions.csv --minutes 10
    python benchmarks/multilabel.py --data … --models linear,ngrams --rows 4000        # single models, on fewer training rows

The given split. The regressions are fitted on the training rows; their thresholds, one a label, are those with the largest F1 on
the validation rows (``plain``), and as the product finds its own (``smoothed``). Nothing is chosen on the test rows. Scores come
from the stored version's file, with 95 % intervals; the difference to the better of the two is paired. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from core.base.events import last_of
from core.data.dataset.columns import guess_roles
from core.data.dataset.label_sets import target_of
from core.data.dataset.language import language_of
from core.data.dataset.multilabel import separated
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.splitting import split_rows
from core.data.reading.tables import read_table
from core.tasks import TASKS
from core.tasks.multilabel_classification.baseline import OneVsRest, fit_regressions
from core.tasks.multilabel_classification.thresholds import EXPECTED, best_thresholds
from core.workflows.requests import AUTO, TrainRequest
from core.workflows.train.auto import Climbed, train
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace

TASK = TASKS["multilabel_classification"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a table whose rows may have several labels")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--models", default=AUTO, help="auto, or architectures with their own defaults")
    parser.add_argument("--rows", type=int, help="training rows, drawn at random; all by default")
    asked = parser.parse_args()
    table = read_table(asked.data)
    roles = separated(table, guess_roles(table))
    dataset, _ = build_dataset(table, roles)
    if asked.rows is not None:
        dataset = _fewer(dataset, asked.rows)
    split = split_rows(TASK.stratified(dataset))
    learned, held, test = (dataset.take(rows) for rows in (split.train, split.validation, split.test))
    print(f"{len(learned):,} training, {len(held):,} validation, {len(test):,} test rows\n")
    print(
        "| | macro-F1 | micro-F1 | all labels right | ranking precision | macro-F1 over the baseline (paired) | seconds |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    best = _baseline(learned, held, test)
    for model in asked.models.split(","):
        _measure(dataset, asked.data.name, roles, test, best, model, asked.minutes)


def _fewer(dataset: TextDataset, rows: int) -> TextDataset:
    split = split_rows(TASK.stratified(dataset))
    drawn = np.random.default_rng(0).permutation(split.train)[:rows]
    return dataset.take(np.sort(np.concatenate([drawn, split.validation, split.test])))


def _baseline(learned: TextDataset, held: TextDataset, test: TextDataset) -> list[str]:
    """Fit it, print a line for each way to find thresholds, and return the answers of the better one on the test."""
    outputs = TASK.outputs([*learned.label_names(), *held.label_names()])
    began = time.monotonic()
    truth = TASK.encode(learned.label_names(), outputs)
    fitted = fit_regressions(learned.texts, truth, np.full(len(outputs), 0.5), language_of(learned.texts))
    stated, has = fitted.predict_proba(held.texts), TASK.encode(held.label_names(), outputs)
    answered: dict[str, tuple[float, list[str]]] = {}
    for name, expected in (("plain", 0.0), ("smoothed", EXPECTED)):
        own = replace(fitted, thresholds=best_thresholds(stated, has, expected=expected))
        answers = _answers(own, test, outputs)
        report = TASK.report(test.label_names(), answers, outputs, own.predict_proba(test.texts))
        _line(f"one-vs-rest logistic regression, {name} thresholds", report, "", time.monotonic() - began)
        answered[name] = (report.scores["macro_f1"].value, answers)
    return max(answered.values())[1]


def _answers(fitted: OneVsRest, test: TextDataset, outputs: tuple[str, ...]) -> list[str]:
    return [target_of(outputs[column] for column in np.flatnonzero(row)) for row in fitted.given(test.texts)]


def _measure(
    dataset: TextDataset, name: str, roles: object, test: TextDataset, best: list[str], model: str, minutes: float
) -> None:
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        stored = workspace.datasets.save(dataset, name=name, roles=roles)  # type: ignore[arg-type]
        settings = {"minutes": minutes} if model == AUTO else {}
        request = TrainRequest(classifier="c", dataset=stored.id, task=TASK.name, model=model, settings=settings)
        began = time.monotonic()
        ended = last_of(train(request, workspace))
        seconds = time.monotonic() - began
        folder = VersionFolder(workspace.registry.folder("c", ended.version))
        engine = TASK.engine(folder.path)
        values = engine.compute(list(test.texts))
        answers, truth = TASK.read(engine, values), test.label_names()
        report = TASK.report(truth, answers, engine.labels, values)
        gain = TASK.difference("macro_f1", truth, best, answers)
        told = f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} … {100 * gain.high:+.1f})"
        _line(f"{model} → {ended.report['model']}", report, told, seconds)
        if isinstance(ended, Climbed):
            for rung in ended.ladder:
                score = f"{rung.score['value']:.3f}" if rung.score else f"left out: {rung.left_out}"
                print(f"<!-- {rung.rung}: validation macro-F1 {score}, {rung.seconds:.0f} s -->", flush=True)


def _line(name: str, report: object, gain: str, seconds: float) -> None:
    scores = report.scores  # type: ignore[attr-defined]
    figures = [scores[each] for each in ("macro_f1", "micro_f1", "subset_accuracy", "ranking_precision")]
    cells = [f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})" for figure in figures]
    print(f"| {name} | {' | '.join(cells)} | {gain} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
