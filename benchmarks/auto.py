"""*Auto* against TF-IDF with logistic regression on every labelled table, on the same rows, through the real workflow.

    python benchmarks/auto.py --data ../shared/data --minutes 2
    python benchmarks/auto.py --data ../shared/data --minutes 2 --models linear,ngrams      # single models instead

The given split where there is one, else the product's own (70/10/20, seed 0). Nothing is chosen on the test rows: Auto compares
its rungs on validation rows. The difference is paired over the test rows, with its 95 % interval. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.dataset.splitting import split_rows
from core.data.reading.tables import read_table
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, TASKS
from core.workflows.requests import AUTO, TrainRequest
from core.workflows.train.auto import Climbed, train
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace

GIVEN = ColumnRoles(text="text", label="label", split="split")
PLAIN = ColumnRoles(text="text", label="label")
TABLES = {
    "en/sst2.csv": GIVEN,
    "en/movie_sentences.csv": PLAIN,
    "en/customer_reviews.csv": PLAIN,
    "en/subjectivity.csv": PLAIN,
    "en/trec.csv": GIVEN,
    "en/reviews_8_domains.csv": GIVEN,
    "en/clinc150.csv": GIVEN,
    "en/tweets_2016_2018.csv": PLAIN,
    "en/sentences_3_domains.csv": PLAIN,
    "zh/shopping_6_categories.csv": ColumnRoles(text="评论", label="label"),
    "zh/takeaway.csv": PLAIN,
    "zh/headlines.csv": PLAIN,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/ and zh/")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--models", default=AUTO, help="auto, or architectures with their own defaults")
    asked = parser.parse_args()
    print("| data | model | test rows | what serves | accuracy | baseline | difference (95 %) | seconds |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    gains: dict[str, list[float]] = {}
    for table in asked.tables.split(","):
        for model in asked.models.split(","):
            gain = _measure(asked.data / table, TABLES[table], model, asked.minutes)
            gains.setdefault(model, []).append(gain.value)
    for model, values in gains.items():
        print(f"\nMean difference of {model} over {len(values)} tables: {100 * sum(values) / len(values):+.2f} points")


def _measure(path: Path, roles: ColumnRoles, model: str, minutes: float) -> Estimate:
    task = TASKS[DEFAULT]
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        dataset, _ = build_dataset(read_table(path), roles)
        stored = workspace.datasets.save(dataset, name=path.name, roles=roles)
        settings = {"minutes": minutes} if model == AUTO else {}
        began = time.monotonic()
        ended = last_of(
            train(TrainRequest(classifier="c", dataset=stored.id, model=model, settings=settings), workspace)
        )
        seconds = time.monotonic() - began
        split = split_rows(dataset)
        learned, test = dataset.take(split.train), dataset.take(split.test)
        folder = VersionFolder(workspace.registry.folder("c", ended.version))
        truth, outputs = test.label_names(), folder.outputs
        answers = task.answers(task.engine(folder.path).compute(list(test.texts)), outputs)
        baseline = task.baseline(
            learned.texts, learned.label_names(), outputs, language=stored.language, pipeline=folder.load_pipeline()
        )
        difference = task.difference("accuracy", truth, baseline.answer(list(test.texts)), answers)
        cells = [
            str(path.relative_to(path.parents[1])),
            model,
            f"{len(test):,}",
            _rungs(ended) if isinstance(ended, Climbed) else model,
            f"{100 * ended.report['overall']['accuracy']['value']:.1f}",
            f"{100 * ended.report['baseline']['report']['accuracy']['value']:.1f}",
            f"{100 * difference.value:+.1f} ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})",
            f"{seconds:.0f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
        return difference


def _rungs(ended: Climbed) -> str:
    """The rung that serves, and how far the ladder was climbed."""
    best = next(rung for rung in reversed(ended.ladder) if rung.serves)
    tried = [rung.rung for rung in ended.ladder if rung.version is not None]
    return f"{best.rung} of {', '.join(tried)}"


if __name__ == "__main__":
    main()
