"""Do the 95 % intervals hold the truth 95 times in 100, and do stated probabilities come true?

    python benchmarks/evaluation.py coverage
    python benchmarks/evaluation.py differences
    python benchmarks/evaluation.py calibration --data ../shared/data
    python benchmarks/evaluation.py calibration --workspace HOME --classifier NAME

``coverage`` draws tests from made-up classifiers whose true scores are known, and counts how often the intervals of
the task hold them; ``differences`` does so for the difference of two versions on the same rows. ``calibration`` trains
through the real workflow and reports the calibration error on the test rows before and after temperature scaling, and the
largest difference between PyTorch and ONNX after it; the temperature is fitted on validation rows. With ``--workspace`` it does
so for the serving version of a classifier, on a copy. Prints Markdown.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.events import last_of
from core.tasks.text_classification.pairs import paired_difference
from core.tasks.text_classification.row_statistics import scores_f1
from core.tasks.text_classification.scores import evaluate_predictions

ROWS = (300, 1000, 3000)
# Share of each label, and of each label's rows the share that is given each label.
EVEN, RARE = (0.5, 0.5), (20 / 21, 1 / 21)
CLASSIFIERS = {
    "strong": ((0.95, 0.05), (0.05, 0.95)),
    "middling": ((0.85, 0.15), (0.20, 0.80)),
    "weak": ((0.75, 0.25), (0.35, 0.65)),
    "misses the rare": ((0.98, 0.02), (0.45, 0.55)),
}
# An update: the share of rows on which the new version answers as the old one did, and how it answers the others.
UPDATES = {
    "small gain": (0.9, "middling", "strong"),
    "large gain": (0.5, "weak", "strong"),
    "forgets the rare": (0.8, "middling", "misses the rare"),
    "nothing gained": (0.9, "middling", "middling"),
}
LOWEST, HIGHEST = 0.93, 0.97
TABLES = {"en/sst2.csv": {"split": "split"}, "zh/takeaway.csv": {}}
MODELS = ("ngrams", "bilstm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("coverage", "differences", "calibration"))
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--data", type=Path, help="folder with en/ and zh/")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--classifier", default="")
    asked = parser.parse_args()
    if asked.what == "coverage":
        _coverage(asked.simulations)
    elif asked.what == "differences":
        _differences(asked.simulations)
    elif asked.workspace is not None:
        _print_calibration([(asked.classifier, "", _stored(asked.workspace, asked.classifier))])
    else:
        pairs = [(table, model) for table in asked.tables.split(",") for model in asked.models.split(",")]
        _print_calibration((table, model, _trained(asked.data / table, table, model)) for table, model in pairs)


def _coverage(simulations: int) -> None:
    print(f"{simulations:,} simulated tests each; a figure outside {LOWEST:.0%} to {HIGHEST:.0%} is marked with *.\n")
    print("| labels | classifier | rows | accuracy | recall of the rarer label | macro-F1 | mean width of macro-F1 |")
    print("|---|---|---|---|---|---|---|", flush=True)
    missed = total = 0
    for name, shares in (("1:1", EVEN), ("1:20", RARE)):
        for kind, answers in CLASSIFIERS.items():
            for rows in ROWS:
                held, width = simulate(np.array(shares), np.array(answers), rows, simulations)
                cells = [f"{share:.1%}{'' if LOWEST <= share <= HIGHEST else ' *'}" for share in held]
                print(f"| {name} | {kind} | {rows:,} | {' | '.join(cells)} | {width:.3f} |", flush=True)
                total += len(held)
                missed += sum(not LOWEST <= share <= HIGHEST for share in held)
    print(f"\n{total - missed} of {total} within {LOWEST:.0%} to {HIGHEST:.0%}.")


def simulate(shares: np.ndarray, answers: np.ndarray, rows: int, simulations: int) -> tuple[list[float], float]:
    """How often the intervals of accuracy, of the last label's recall and of macro-F1 hold the true ones; mean width."""
    cells = shares[:, None] * answers
    hits = np.diag(cells)
    true = [hits.sum(), answers[-1, -1], scores_f1(hits, cells.sum(axis=1), cells.sum(axis=0)).mean()]
    held, width = np.zeros(3), 0.0
    generator = np.random.default_rng([rows, simulations])
    for seed in range(simulations):
        drawn = generator.choice(cells.size, size=rows, p=cells.ravel())
        report = evaluate_predictions(drawn // len(cells), drawn % len(cells), ("usual", "rare"), seed=seed)
        estimates = [report.accuracy, report.per_class["rare"].recall, report.macro_f1]
        held += [estimate.low <= value <= estimate.high for estimate, value in zip(estimates, true, strict=True)]
        width += report.macro_f1.high - report.macro_f1.low
    return (held / simulations).tolist(), width / simulations


def _differences(simulations: int) -> None:
    print(f"{simulations:,} simulated tests each; a figure outside {LOWEST:.0%} to {HIGHEST:.0%} is marked with *.\n")
    print("| labels | update | rows | true change of macro-F1 | accuracy | macro-F1 | mean width of macro-F1 |")
    print("|---|---|---|---|---|---|---|", flush=True)
    missed = total = 0
    for name, shares in (("1:1", EVEN), ("1:20", RARE)):
        for kind, update in UPDATES.items():
            for rows in ROWS:
                change, held, width = simulate_update(np.array(shares), *update, rows, simulations)
                cells = [f"{share:.1%}{'' if LOWEST <= share <= HIGHEST else ' *'}" for share in held]
                print(f"| {name} | {kind} | {rows:,} | {change:+.3f} | {' | '.join(cells)} | {width:.3f} |", flush=True)
                total += len(held)
                missed += sum(not LOWEST <= share <= HIGHEST for share in held)
    print(f"\n{total - missed} of {total} within {LOWEST:.0%} to {HIGHEST:.0%}.")


def simulate_update(
    shares: np.ndarray, same: float, before: str, after: str, rows: int, simulations: int
) -> tuple[float, list[float], float]:
    """True change of macro-F1; how often the paired intervals of accuracy and macro-F1 hold the true change; mean width."""
    old = np.array(CLASSIFIERS[before])
    new = same * old + (1 - same) * np.array(CLASSIFIERS[after])
    # Joint shares of truth, old answer, new answer.
    stays = same * np.eye(len(old))[None] * old[:, :, None]
    cells = shares[:, None, None] * (stays + (1 - same) * old[:, :, None] * np.array(CLASSIFIERS[after])[:, None, :])
    accuracy, macro = (
        [figure(shares[:, None] * answers) for answers in (old, new)] for figure in (_accuracy_of, _macro_f1_of)
    )
    changes = [accuracy[1] - accuracy[0], macro[1] - macro[0]]
    held, width = np.zeros(2), 0.0
    generator = np.random.default_rng([rows, simulations])
    for seed in range(simulations):
        drawn = np.unravel_index(generator.choice(cells.size, size=rows, p=cells.ravel()), cells.shape)
        metrics: tuple[Any, ...] = ("accuracy", "macro_f1")
        differences = [paired_difference(*drawn, metric=metric, seed=seed) for metric in metrics]
        held += [
            difference.low <= change <= difference.high for difference, change in zip(differences, changes, strict=True)
        ]
        width += differences[1].high - differences[1].low
    return changes[1], (held / simulations).tolist(), width / simulations


def _accuracy_of(cells: np.ndarray) -> float:
    return float(np.diag(cells).sum())


def _macro_f1_of(cells: np.ndarray) -> float:
    return float(scores_f1(np.diag(cells), cells.sum(axis=1), cells.sum(axis=0)).mean())


def _trained(path: Path, table: str, model: str) -> dict[str, Any]:
    from core.data.dataset.columns import ColumnRoles
    from core.data.dataset.rows import build_dataset
    from core.data.reading.tables import read_table
    from core.workflows.requests import TrainRequest
    from core.workflows.train.run import train_classifier
    from core.workflows.workspace import open_workspace

    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Path(home))
        roles = ColumnRoles(text="text", label="label", **TABLES[table])
        dataset, _ = build_dataset(read_table(path), roles)
        stored = workspace.datasets.save(dataset, name=path.name, roles=roles)
        completed = last_of(train_classifier(TrainRequest(classifier="c", dataset=stored.id, model=model), workspace))
        report: dict[str, Any] = completed.report
        return report


def _stored(home: Path, classifier: str) -> dict[str, Any]:
    """The serving version's figures, with a temperature fitted to a copy of it."""
    import pandas as pd

    from core.networks.standalone.predict import Classifier
    from core.serving.onnx import measure_parity, set_temperature
    from core.workflows.learn.calibrating import calibrate, trust_figures
    from core.workflows.precision.measure import LabelledRows
    from core.workflows.versions.folder import VersionFolder
    from core.workflows.versions.past import read_past
    from core.workflows.workspace import open_workspace

    workspace = open_workspace(home)
    champion = workspace.registry.champion(classifier)
    assert champion is not None, f"no classifier {classifier!r} in {home}"
    with tempfile.TemporaryDirectory() as scratch:
        folder = VersionFolder(Path(scratch) / "version")
        shutil.copytree(workspace.registry.folder(classifier, champion.number), folder.path)
        set_temperature(folder.path / "model.onnx", 1.0)
        texts, names = read_past(folder, workspace).validation
        number = {name: index for index, name in enumerate(folder.outputs)}
        temperature = calibrate(folder, LabelledRows(texts, np.array([number[name] for name in names])), wanted=True)
        tests = pd.concat([folder.predictions(record.number) for record in folder.experiences()], ignore_index=True)
        served = Classifier(folder.path, precision="fp32").predict_proba(list(tests["text"]))
        parity = measure_parity(folder.load_model(), folder.path, list(tests["text"]), temperature=temperature.value)
        stated = pd.DataFrame(served, columns=[f"p_{column}" for column in range(len(folder.outputs))])
        trust = trust_figures(temperature, [stated.assign(truth=tests["truth"])], folder.outputs)
    report = VersionFolder(workspace.registry.folder(classifier, champion.number)).report()
    return {**report, "calibration": trust, "parity": parity.to_dict()}


def _print_calibration(measured: Any) -> None:
    print(
        "| data | model | accuracy | T | validation rows | test rows | ECE before | ECE after | Brier | PyTorch to ONNX |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for table, model, report in measured:
        calibration = report["calibration"]
        before, after = calibration["before"], calibration["after"]
        cells = [
            table,
            model or report["model"],
            f"{report['overall']['accuracy']['value']:.3f}",
            f"{calibration['temperature']:.3f}",
            f"{calibration['rows']:,}",
            f"{calibration['test_rows']:,}",
            _figure(before["ece"]),
            _figure(after["ece"]),
            f"{before['brier']['value']:.3f} → {after['brier']['value']:.3f}",
            f"{report['parity']['max_abs_diff']:.1e}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def _figure(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f}–{estimate['high']:.3f})"


if __name__ == "__main__":
    main()
