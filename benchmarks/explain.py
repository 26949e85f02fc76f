"""Explanations put to the test: do the scores add up, and does deleting the words they name hurt more than deleting others.

    python benchmarks/explain.py --data ../shared/data                       trains small models first (minutes)
    python benchmarks/explain.py --data ../shared/data --home workspace --classifier "sst2 minilm"     also this one

Completeness: the error of the scores' sum at the default number of steps, as a share of the logit difference; bar 1 %.
Deletion (Samek et al. 2017): the words with the highest scores, a fifth of them and at least one, are left out, and the
probability of the answer is asked for again; beside the mean over ten draws of as many random words. Bar: the drop is larger
for 90 % of the texts. Texts are test rows of at least five words. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.networks.explain import Attribution, occlude
from core.networks.explain.networks import explain
from core.networks.standalone.predict import Classifier
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace

TABLES = {
    "en/sst2.csv": ColumnRoles(text="text", label="label", split="split"),
    "zh/takeaway.csv": ColumnRoles(text="text", label="label"),
}
MODELS = ("ngrams", "bilstm", "transformer")
LEAST_WORDS, SHARE, DRAWS = 5, 0.2, 10
COMPLETE, LARGER = 0.01, 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/sst2.csv and zh/takeaway.csv")
    parser.add_argument("--home", type=Path, help="a workspace with a further classifier")
    parser.add_argument("--classifier", help="its name; its champion is taken")
    parser.add_argument("--texts", type=int, default=200, help="test rows of each version")
    asked = parser.parse_args()
    print(
        "| version | method | texts | error ≤ 1 % | median error | drop, named words | drop, random words | larger for |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        for name, folder in versions(asked, Path(scratch)):
            engine = Classifier(folder)
            texts = [text for text in test_texts(folder) if len(text.split()) >= LEAST_WORDS or not text.isascii()]
            sample = [texts[row] for row in np.linspace(0, len(texts) - 1, min(asked.texts, len(texts))).astype(int)]
            for method, attributions in (("inside", inside(folder, sample)), ("occlusion", occlude(engine, sample))):
                report(
                    name,
                    method,
                    engine,
                    [attribution for attribution in attributions if len(attribution.words) >= LEAST_WORDS],
                )


def versions(asked: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Name and folder of every version that is tested."""
    workspace = open_workspace(scratch)
    for table, roles in TABLES.items():
        dataset, _ = build_dataset(read_table(asked.data / table), roles)
        stored = workspace.datasets.save(dataset, name=table, roles=roles)
        for model in MODELS:
            name = f"{Path(table).stem} {model}"
            done = last_of(train_classifier(TrainRequest(classifier=name, dataset=stored.id, model=model), workspace))
            yield name, workspace.registry.folder(name, done.version)
    if asked.home is not None:
        registry = open_workspace(asked.home).registry
        champion = registry.champion(asked.classifier)
        if champion is None:
            raise SystemExit(f"{asked.home} has no classifier '{asked.classifier}' in use.")
        yield asked.classifier, registry.folder(champion.classifier, champion.number)


def test_texts(folder: Path) -> list[str]:
    version = VersionFolder(folder)
    return [str(text) for record in version.experiences() for text in version.predictions(record.number)["text"]]


def inside(folder: Path, texts: Sequence[str]) -> list[Attribution]:
    version = VersionFolder(folder)
    model, pipeline = version.load_model(), version.load_pipeline()
    return [attribution for text in texts if (attribution := explain(model, pipeline, text)) is not None]


def report(name: str, asked: str, engine: Classifier, attributions: Sequence[Attribution]) -> None:
    generator = np.random.default_rng(0)
    named, others = [], []
    for attribution in attributions:
        count = max(1, round(SHARE * len(attribution.words)))
        top = np.argsort([-word.score for word in attribution.words])[:count]
        draws = [generator.choice(len(attribution.words), count, replace=False) for _ in range(DRAWS)]
        rows = engine.predict_proba([attribution.text, *(left(attribution, gone) for gone in (top, *draws))])[
            :, attribution.output
        ]
        named.append(rows[0] - rows[1])
        others.append(float(np.mean(rows[0] - rows[2:])))
    errors = [attribution.error for attribution in attributions if attribution.error is not None]
    method = attributions[0].method if attributions else asked
    cells = ["–", "–"]
    if errors:
        complete = np.mean([error <= COMPLETE for error in errors])
        cells = [f"{100 * complete:.1f} %", f"{100 * np.median(errors):.3f} %"]
    larger = float(np.mean(np.array(named) > np.array(others)))
    bar = f"{100 * larger:.1f} %" if larger >= LARGER else f"{100 * larger:.1f} % **missed**"
    print(
        f"| {name} | {method} | {len(attributions)} | {' | '.join(cells)} | "
        f"{np.mean(named):.3f} | {np.mean(others):.3f} | {bar} |"
    )
    sys.stdout.flush()


def left(attribution: Attribution, gone: np.ndarray) -> str:
    """The text without some of its words."""
    text = attribution.text
    for number in sorted(gone, reverse=True):
        text = text[: attribution.words[number].start] + text[attribution.words[number].end :]
    return text


if __name__ == "__main__":
    main()
