"""What it takes to export a model: processor seconds of `export_onnx` in a process of its own, and of a whole `core train`.

    python benchmarks/export.py                                this checkout
    python benchmarks/export.py --other ../before --train      side by side with another checkout, round after round

Models have their default sizes, a vocabulary of 5,000 tokens and three labels; ``--train`` also trains an n-gram bag on the first
500 rows of the English sample, in a workspace that is there already. Processor seconds are user and system time of the
process, with one thread, so that a busy machine hardly moves them. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("ngrams", "hashed", "bilstm", "transformer")
ROWS = 500
EXPORT = """
import resource, sys, tempfile
from pathlib import Path
from core.networks.architectures import MODELS
from core.serving.onnx import export_onnx
def used():
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime
model_class = MODELS[sys.argv[1]]
model = model_class.network()(model_class.config_class(), 5000, 3).eval()
with tempfile.TemporaryDirectory() as place:
    target = Path(place) / "model.onnx"
    before = used()
    export_onnx(model, target)
    print(used() - before, target.stat().st_size)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, help="another checkout, measured in turns with this one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", action="store_true", help="also train on 500 rows")
    asked = parser.parse_args()
    trees = [tree.resolve() for tree in ([asked.other] if asked.other else []) + [ROOT]]
    print(f"load {os.getloadavg()[0]:.1f}; median of {asked.rounds} runs, and their range; processor seconds\n")
    print("| what | " + " | ".join(str(tree.name) for tree in trees) + " |\n|---|" + "---|" * len(trees))
    for model in MODELS:
        cells = in_turns(trees, asked.rounds, lambda tree, model=model: exported(tree, model))
        print(f"| export {model} | " + " | ".join(cells) + " |", flush=True)
    if asked.train:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            table = Path(scratch) / "rows.csv"
            sample = ROOT / "core" / "data" / "dataset" / "samples" / "reviews_en_first.csv"
            table.write_text("".join(sample.read_text("utf-8").splitlines(keepends=True)[: ROWS + 1]), "utf-8")
            homes = {tree: Path(scratch) / str(number) for number, tree in enumerate(trees)}
            for tree in trees:
                trained(tree, homes[tree], table)  # makes the workspace
            cells = in_turns(trees, asked.rounds, lambda tree: trained(tree, homes[tree], table))
        print(f"| core train, {ROWS} rows, ngrams | " + " | ".join(cells) + " |")


def in_turns(trees: list[Path], rounds: int, measure) -> list[str]:  # type: ignore[no-untyped-def]
    """One cell a checkout."""
    times: dict[Path, list[float]] = {tree: [] for tree in trees}
    for _ in range(rounds):
        for tree in trees:
            times[tree].append(measure(tree))
    return [f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})" for seconds in times.values()]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", **more}


def exported(tree: Path, model: str) -> float:
    """Processor seconds of one export, imports that it brings about included, and those before it not."""
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, model], cwd=tree, env=environment(), check=True, capture_output=True, text=True
    )
    return float(done.stdout.split()[-2])


def trained(tree: Path, home: Path, table: Path) -> float:
    """Processor seconds of the whole process."""
    command = [sys.executable, "-m", "core", "train", "--data", str(table), "--text", "text", "--label", "label"]
    command += ["--classifier", "bench", "--model", "ngrams", "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=tree, env=environment(EVERGREEN_HOME=str(home)), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
