"""What a further column is worth: the same model on the same rows, with it and with the text alone, through the real workflow.

    python benchmarks/inputs.py --data ../shared/data
    python benchmarks/inputs.py --data ../shared/data --models encoder --tables en/sentences_3_domains.csv

The given split where there is one, else the product's own (70/10/20, seed 0). Each model's own settings; what a model chooses, it
chooses on validation rows. Accuracies on validation rows stand beside, since whoever decides for or against a column has to look
there. The differences are paired over the test rows, with their 95 % intervals. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.splitting import split_rows
from core.data.dataset.store import StoredDataset
from core.data.reading.tables import read_table
from core.tasks import DEFAULT, TASKS
from core.workflows.requests import TrainRequest
from core.workflows.train.ladder import RUNGS
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace

TABLES = {
    "en/reviews_8_domains.csv": ColumnRoles("text", "label", "split", inputs=(("domain", "category"),)),
    "en/sentences_3_domains.csv": ColumnRoles("text", "label", inputs=(("domain", "category"),)),
    "en/tweets_2016_2018.csv": ColumnRoles("text", "label", inputs=(("created_at", "date"),)),
    "zh/shopping_6_categories.csv": ColumnRoles("评论", "label", inputs=(("类别", "category"),)),
    "assistant/smp2019_zh_train.csv": ColumnRoles("text", "intent", inputs=(("domain", "category"),)),
    "bias/cold_zh_dev.csv": ColumnRoles("text", "label", inputs=(("topic", "category"),)),
}
FROZEN = next(rung for rung in RUNGS if rung.name == "frozen")
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("finetune", {}),
    "ngrams": ("finetune", {}),
    "encoder": (FROZEN.strategy, dict(FROZEN.settings)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/, zh/, assistant/ and bias/")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--models", default="linear,ngrams", help=f"of {', '.join(MODELS)}")
    asked = parser.parse_args()
    print(
        "| data | column | model | validation: alone, with it | test rows | text alone | with it | difference (95 %) |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for table in asked.tables.split(","):
        with tempfile.TemporaryDirectory() as home:
            workspace, roles = open_workspace(Path(home)), TABLES[table]
            dataset, _ = build_dataset(read_table(asked.data / table), roles)
            stored = workspace.datasets.save(dataset, name=Path(table).name, roles=roles)
            for model in asked.models.split(","):
                _measure(table, model, dataset, stored, workspace)


def _measure(table: str, model: str, dataset: TextDataset, stored: StoredDataset, workspace: Workspace) -> None:
    task, split = TASKS[DEFAULT], split_rows(dataset)
    validation, test = dataset.take(split.validation), dataset.take(split.test)
    answers, on_validation = [], []
    for use in (False, True):
        strategy, settings = MODELS[model]
        name = f"{model} {use}"
        request = TrainRequest(
            classifier=name,
            dataset=stored.id,
            model=model,
            strategy=strategy,
            settings={**settings, "use_inputs": use},
        )
        ended = last_of(train_classifier(request, workspace))
        folder = VersionFolder(workspace.registry.folder(name, ended.version))
        engine = task.engine(folder.path)
        answers.append(task.answers(engine.compute(list(test.texts)), folder.outputs))
        validated = task.answers(engine.compute(list(validation.texts)), folder.outputs)
        on_validation.append(task.worth(validation.label_names(), validated).mean())
    alone, beside = (task.worth(test.label_names(), given).mean() for given in answers)
    difference = task.difference("accuracy", test.label_names(), *answers)
    cells = [
        table,
        ", ".join(name for name, _ in stored.roles.inputs),
        model,
        ", ".join(f"{100 * value:.1f}" for value in on_validation),
        f"{len(test):,}",
        f"{100 * alone:.1f}",
        f"{100 * beside:.1f}",
        f"{100 * difference.value:+.1f} ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
