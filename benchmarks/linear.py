"""Linear n-grams beside scikit-learn's TF-IDF with logistic regression: seconds from texts to a model, answers a second.

    OMP_NUM_THREADS=1 python benchmarks/linear.py --data ../shared/data --rounds 3

Both get the same training rows, in turn; ours also chooses its regularisation on the validation rows. Answers are those of
the exported file (ours) and of the fitted pipeline (theirs), on the test texts, repeated to at least 5,000. Prints Markdown;
seconds are those of the processor, all threads together, so that others at work count little: the median, with minimum and
maximum.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.auto import TABLES
from core.base.events import last_of
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.splitting import split_rows
from core.data.reading.tables import read_table
from core.tasks import DEFAULT, TASKS
from core.tasks.text_classification.baseline import fit_baseline
from core.workflows.learn.learning import answers, first_lesson, learn
from core.workflows.requests import TrainRequest, resolve_settings
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace

LEAST_ANSWERS = 5000
FEW = ("en/sst2.csv", "en/trec.csv", "en/sentences_3_domains.csv", "zh/takeaway.csv", "zh/shopping_6_categories.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/ and zh/")
    parser.add_argument("--tables", default=",".join(FEW))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(
        "| data | training rows | s: scikit-learn | s: ours | accuracy: scikit-learn | ours | answers a second | ours |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    _warm_up()
    for table in asked.tables.split(","):
        _measure(asked.data, table, asked.rounds)


def _warm_up() -> None:
    """Load what both need, so that no import is timed."""
    texts, labels = ["good film", "bad film"] * 10, ["a", "b"] * 10
    _ours(texts, labels, texts, labels, ("a", "b"))
    fit_baseline(texts, [0, 1] * 10, ("a", "b"), language="en")


def _ours(
    texts: list[str], labels: list[str], unseen: list[str], own: list[str], outputs: tuple[str, ...]
) -> list[int]:
    lesson = first_lesson("linear", (texts, labels), (unseen, own), outputs, resolve_settings("linear", {}), None)
    for _ in learn(lesson, should_stop=lambda: False):
        pass
    return [int(number) for number in answers(lesson.learner, unseen)]


def _measure(data: Path, table: str, rounds: int) -> None:
    roles = TABLES[table]
    dataset, _ = build_dataset(read_table(data / table), roles)
    split, task = split_rows(dataset), TASKS[DEFAULT]
    train, validation, test = (dataset.take(rows) for rows in (split.train, split.validation, split.test))
    outputs, language = task.outputs(dataset.label_names()), "zh" if table.startswith("zh") else "en"
    numbers = task.encode(train.label_names(), outputs)
    theirs, ours = [], []
    for _ in range(rounds):
        fitted = [_timed(lambda: fit_baseline(train.texts, numbers, outputs, language=language), theirs)]
        _timed(
            lambda: _ours(
                list(train.texts), train.label_names(), list(validation.texts), validation.label_names(), outputs
            ),
            ours,
        )
    asked = list(test.texts) * (1 + LEAST_ANSWERS // len(test))
    truth = task.encode(test.label_names(), outputs)
    engine, home = _served(dataset, table, roles)
    with home:
        speeds: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            _timed(lambda: fitted[0].predict_proba(asked), speeds[0])
            _timed(lambda: engine.compute(asked), speeds[1])
        right = (fitted[0].predict_proba(list(test.texts)).argmax(1) == truth).mean()
        own = (engine.compute(list(test.texts)).argmax(1) == truth).mean()
    cells = [
        table,
        f"{len(train):,}",
        _spread(theirs),
        _spread(ours),
        f"{100 * right:.1f}",
        f"{100 * own:.1f}",
        *(f"{len(asked) / min(seconds):,.0f}" for seconds in speeds),
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def _served(dataset: TextDataset, table: str, roles: Any) -> tuple[Any, tempfile.TemporaryDirectory[str]]:
    home = tempfile.TemporaryDirectory()
    workspace = open_workspace(Path(home.name))
    stored = workspace.datasets.save(dataset, name=table, roles=roles)
    completed = last_of(train_classifier(TrainRequest(classifier="c", dataset=stored.id, model="linear"), workspace))
    folder = VersionFolder(workspace.registry.folder("c", completed.version))
    return folder.task.engine(folder.path, threads=1), home


def _timed(work: Callable[[], Any], seconds: list[float]) -> Any:
    began = time.process_time()
    result = work()
    seconds.append(time.process_time() - began)
    return result


def _spread(seconds: list[float]) -> str:
    return f"{sorted(seconds)[len(seconds) // 2]:.2f} ({min(seconds):.2f}–{max(seconds):.2f})"


if __name__ == "__main__":
    main()
