"""From a CSV file to a stored dataset, beside `pyarrow.csv` reading it and `pyarrow.parquet` writing it.

    python benchmarks/loading.py --data ../shared/data                 repeats real rows of SST-2 up to a million
    python benchmarks/loading.py --file table.csv

Ours reads every row exactly (short rows are told from empty cells), takes text and label, hashes the content and writes
Parquet; pyarrow reads and writes. Each in a process of its own, in turn; peak memory is that of the process. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SIDES = ("ours", "pyarrow")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with en/sst2.csv")
    parser.add_argument("--file", type=Path, help="a table of your own")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        one_side(asked.side, asked.file)
        return
    with tempfile.TemporaryDirectory() as scratch:
        file = asked.file or repeated(asked.data / "en" / "sst2.csv", asked.rows, Path(scratch) / "table.csv")
        compare(file, asked.rounds)


def repeated(source: Path, rows: int, target: Path) -> Path:
    """Text and label of real rows, again and again; a number at the end makes each text one of its own."""
    with source.open(encoding="utf-8", newline="") as stream:
        known = [(row["text"], row["label"]) for row in csv.DictReader(stream)]
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "label"))
        writer.writerows(
            (f"{text} {number}", label) for number in range(rows) for text, label in [known[number % len(known)]]
        )
    return target


def compare(file: Path, rounds: int) -> None:
    from core.statistics.speed import paired_ratio, spread

    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    memory: dict[str, float] = {}
    for _ in range(rounds):
        for side in SIDES:
            command = [sys.executable, __file__, "--file", str(file), "--side", side]
            took, peak = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
            seconds[side].append(took)
            memory[side] = max(peak, memory.get(side, 0.0))
    print(f"{file.stat().st_size / 1024**2:.0f} MB, {rounds} rounds in turn\n")
    print("| side | seconds (range) | peak memory, MB |\n|---|---|---|")
    for side in SIDES:
        measured = spread(seconds[side])
        print(f"| {side} | {measured.median:.1f} ({measured.low:.1f}–{measured.high:.1f}) | {memory[side]:,.0f} |")
    ratio = paired_ratio(seconds["ours"], seconds["pyarrow"])
    print(f"| ours ÷ pyarrow | {ratio.median:.1f} ({ratio.low:.1f}–{ratio.high:.1f}) | |")


def one_side(side: str, file: Path) -> None:
    """Print seconds and peak memory in MB."""
    with tempfile.TemporaryDirectory() as scratch:
        if side == "ours":
            from core.data.dataset.columns import guess_roles
            from core.data.dataset.rows import build_dataset
            from core.data.dataset.store import DatasetStore
            from core.data.reading.tables import read_table

            started = time.perf_counter()
            table = read_table(file)
            roles = guess_roles(table)
            dataset, _ = build_dataset(table, roles)
            DatasetStore(Path(scratch)).save(dataset, name="table", roles=roles)
        else:
            import pyarrow.csv
            import pyarrow.parquet

            started = time.perf_counter()
            pyarrow.parquet.write_table(pyarrow.csv.read_csv(file), Path(scratch) / "table.parquet", compression="zstd")
        took = time.perf_counter() - started
    print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
