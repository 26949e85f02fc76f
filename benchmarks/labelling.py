"""Does the order of labelling matter? Each order against a random one, on public data, with the baseline as classifier.

    python benchmarks/labelling.py --data ../shared/data

200 rows are labelled; an order chooses 400 of up to 3,300 others, which get their true labels; the classifier is fitted again on
all 600 and measured on 1,500 rows that nobody chose. Ten times with other rows; differences are within a repetition.
Prints one Markdown row a data set and order.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy import stats

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.reading.tables import read_table
from core.tasks.text_classification.baseline import Baseline, fit_baseline
from core.tasks.text_classification.scores import macro_f1
from core.tasks.text_classification.selection import disagreement, entropy_doubt, margin_doubt, most_doubtful_first

TABLES = {
    "sst2": ("en/sst2.csv", "en"),
    "customer_reviews": ("en/customer_reviews.csv", "en"),
    "trec": ("en/trec.csv", "en"),
    "takeaway": ("zh/takeaway.csv", "zh"),
}
LABELLED, ADDED, POOL, TESTED, REPETITIONS = 200, 400, 3_500, 1_500, 10
ORDERS = ("margin", "entropy", "disagreement", "random")
HEAD = "| data | order | macro-F1 | against random (95 %) |\n|---|---|---|---|"


def repetition(dataset: TextDataset, language: str, seed: int) -> dict[str, float]:
    """Macro-F1 after labelling in each order."""
    drawn = np.random.default_rng(seed).permutation(len(dataset))
    test, pool = drawn[:TESTED], drawn[TESTED : TESTED + POOL]
    known, rest = pool[:LABELLED], pool[LABELLED:]

    def fit(rows: np.ndarray) -> Baseline:
        part = dataset.take(rows)
        return fit_baseline(part.texts, part.labels, dataset.classes, language=language)

    texts = dataset.take(rest).texts
    answers = fit(known).predict_proba(texts)
    earlier = fit(known[: LABELLED // 2]).predict_proba(texts)  # as a version before would answer
    doubts = {
        "margin": margin_doubt(answers),
        "entropy": entropy_doubt(answers),
        "disagreement": disagreement(answers, earlier),
        "random": np.zeros(len(rest)),
    }
    scores = {}
    for order in ORDERS:
        added = rest[most_doubtful_first(doubts[order])[:ADDED]]
        model = fit(np.concatenate([known, added]))
        predicted = model.predict_proba(dataset.take(test).texts).argmax(axis=1)
        scores[order] = macro_f1(dataset.labels[test], predicted, len(dataset.classes))
    return scores


def rows_of(name: str, data: Path) -> list[str]:
    """One Markdown row for each order."""
    file, language = TABLES[name]
    dataset, _ = build_dataset(read_table(data / file), ColumnRoles(text="text", label="label"))
    repetitions = [repetition(dataset, language, seed) for seed in range(REPETITIONS)]
    lines = []
    for order in ORDERS:
        gains = np.array([scores[order] - scores["random"] for scores in repetitions])
        half = float(stats.t.ppf(0.975, REPETITIONS - 1) * gains.std(ddof=1) / np.sqrt(REPETITIONS))
        gain = (
            "–"
            if order == "random"
            else f"{gains.mean():+.3f} ({gains.mean() - half:+.3f} to {gains.mean() + half:+.3f})"
        )
        lines.append(f"| {name} | {order} | {np.mean([scores[order] for scores in repetitions]):.3f} | {gain} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", metavar="A,B", help=f"some of: {', '.join(TABLES)}")
    arguments = parser.parse_args()
    print(HEAD)
    for name in arguments.only.split(",") if arguments.only else TABLES:
        print("\n".join(rows_of(name, arguments.data)), flush=True)


if __name__ == "__main__":
    main()
