"""What an update costs as a classifier grows old: processor seconds of its parts, size of its report, bytes on the disk.

    python benchmarks/updates.py --data ../shared/data/en/reviews_8_domains.csv
    python benchmarks/updates.py --data ../shared/data/en/reviews_8_domains.csv --model ngrams --strategy replay
    python benchmarks/updates.py --data ../shared/data/en/reviews_8_domains.csv --tests fixed
    python benchmarks/updates.py --data ../shared/data/en/clinc150.csv --rows 200 --model encoder --every 1 \
        --set tuning=frozen --set encoder=packaged:all-minilm-l6-v2

One version after another is made of batches of as many rows, and every batch brings a frozen test: whatever is measured on
tests grows with them. With ``--tests fixed`` only the rows grow: a first version is trained on as many rows as the
line had learned by then, with the test rows of a single batch, and updated once, so that there are always two tests.
Prints Markdown, and at the end by how much an update grows dearer with each one before it (least squares over the updates
shown, with the 95 % interval of Student's t). With ``--profile`` the last update is looked into, which makes it several
times as slow.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.base.config import parse_assignments
from core.base.events import StageStarted
from core.base.messages import Message
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.reading.tables import read_table
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace

NAME = "Reviews"
ROLES = ColumnRoles(text="text", label="label")


@dataclass(frozen=True)
class Cost:
    """Of one version: processor seconds by stage, and bytes of its report, of its folder, and added to the workspace."""

    version: int
    rows: int
    tests: int
    seconds: dict[str, float]
    report: int
    folder: int
    added: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--model", default="hashed")
    parser.add_argument("--strategy", default="ridge")
    parser.add_argument("--set", nargs="*", action="extend", default=[], help="settings of the model, as name=value")
    parser.add_argument("--encoders", type=Path, help="folder with encoders that were converted before")
    parser.add_argument("--rows", type=int, default=150, help="of a batch")
    parser.add_argument("--versions", type=int, default=61)
    parser.add_argument("--every", type=int, default=10, help="show each so many versions")
    parser.add_argument("--tests", choices=("growing", "fixed"), default="growing")
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    roles = ColumnRoles(text=asked.text, label=asked.label)
    whole, _ = build_dataset(read_table(asked.data), roles)
    batches = shuffled(whole, asked.rows * asked.versions)
    with tempfile.TemporaryDirectory() as home:
        if asked.encoders is not None:
            (Path(home) / "encoders").symlink_to(asked.encoders.resolve(), target_is_directory=True)
        measure = growing if asked.tests == "growing" else fixed
        show(measure(batches, open_workspace(Path(home)), asked))


def shuffled(dataset: TextDataset, rows: int) -> TextDataset:
    import numpy as np

    return dataset.take(np.random.default_rng(0).permutation(len(dataset))[:rows])


def growing(dataset: TextDataset, workspace: Workspace, asked: argparse.Namespace) -> Iterator[Cost]:
    """A line of versions, each made from the one before."""
    for version in range(1, asked.versions + 1):
        batch = dataset.take(range((version - 1) * asked.rows, version * asked.rows))
        wanted = version > 1 and (version == 2 or (version - 1) % asked.every == 0)
        cost = make(batch, version, workspace, asked, profile=asked.profile and version == asked.versions)
        if wanted:
            yield cost


def fixed(dataset: TextDataset, workspace: Workspace, asked: argparse.Namespace) -> Iterator[Cost]:
    """One update each, of a version that has learned as many rows as the line of versions has by then."""
    for version in [2, *range(asked.every + 1, asked.versions + 1, asked.every)]:
        rows = (version - 1) * asked.rows
        held = asked.rows * 15 // 100
        splits = ["test"] * held + ["validation"] * held + ["train"] * (rows - 2 * held)
        first = dataset.take(range(rows))
        first = TextDataset(first.texts, first.labels, first.classes, splits=tuple(splits))
        make(first, 1, workspace, asked)
        batch = dataset.take(range(rows, rows + asked.rows))
        yield make(batch, version, workspace, asked, profile=asked.profile and version == asked.versions)


def make(
    batch: TextDataset, version: int, workspace: Workspace, asked: argparse.Namespace, *, profile: bool = False
) -> Cost:
    """Make the next version: a training, or an update that is promoted."""
    before = size_of(workspace.home)
    stored = workspace.datasets.save(batch, name=f"batch {version}", roles=ROLES)
    facts: dict[str, Any] = {"classifier": NAME, "dataset": stored.id, "strategy": asked.strategy}
    if version == 1:
        events = train_classifier(
            TrainRequest(**facts, model=asked.model, settings=parse_assignments(asked.set)), workspace
        )
    else:
        events = update_classifier(UpdateRequest(**facts, promote="always"), workspace)
    profiler = cProfile.Profile() if profile else None
    if profiler is not None:
        profiler.enable()
    seconds, completed = timed(events)
    if profiler is not None:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(70)
    if version == 1 and workspace.registry.champion(NAME).number != completed.version:
        workspace.registry.promote(NAME, completed.version)
    folder = workspace.registry.folder(NAME, completed.version)
    return Cost(
        version=version,
        rows=sum(record["train"] for record in completed.report["experiences"]),
        tests=len(completed.report["tests"]),
        seconds=seconds,
        report=(folder / "report.json").stat().st_size,
        folder=size_of(folder),
        added=size_of(workspace.home) - before,
    )


def size_of(folder: Path) -> int:
    """Bytes on the disk of all files below a folder; one that has several names counts once."""
    status = (path.lstat() for path in folder.rglob("*"))
    return sum({stat.st_ino: stat.st_blocks * 512 for stat in status}.values())


def timed(events: Iterator[Any]) -> tuple[dict[str, float], Any]:
    """Processor seconds of each stage, by its key, and the last event."""
    seconds: dict[str, float] = {}
    stage, started, event = "", time.process_time(), None
    for event in events:
        if isinstance(event, StageStarted):
            now = time.process_time()
            seconds[stage] = seconds.get(stage, 0.0) + now - started
            stage, started = key_of(event.message), now
    seconds[stage] = seconds.get(stage, 0.0) + time.process_time() - started
    return seconds, event


def key_of(told: Message) -> str:
    return told.key.removeprefix("stage.")


def show(costs: Iterator[Cost]) -> None:
    stages: Sequence[str] = ()
    measured: list[tuple[int, float]] = []
    for cost in costs:
        if not stages:
            stages = [stage for stage in cost.seconds if stage]
            print(
                f"| version | rows learned | tests | seconds | {' | '.join(stages)} | report kB | folder MB | added MB |"
            )
            print("|" + "---|" * (len(stages) + 7))
        parts = " | ".join(f"{cost.seconds.get(stage, 0.0):.2f}" for stage in stages)
        total = sum(cost.seconds.values())
        print(
            f"| {cost.version} | {cost.rows:,} | {cost.tests} | {total:.2f} | {parts} | {cost.report / 1e3:.0f} | "
            f"{cost.folder / 1e6:.1f} | {cost.added / 1e6:.1f} |",
            flush=True,
        )
        measured.append((cost.version, total))
    if len(measured) > 2:
        show_growth(measured)


def show_growth(measured: Sequence[tuple[int, float]]) -> None:
    """Seconds by which an update is dearer than the one before it, and the mean of all."""
    from scipy import stats

    versions, seconds = zip(*measured, strict=True)
    line = stats.linregress(versions, seconds)
    half = float(stats.t.ppf(0.975, len(measured) - 2)) * line.stderr
    mean = sum(seconds) / len(seconds)
    print(f"\nEach update before adds {1000 * line.slope:+.0f} ms ± {1000 * half:.0f} to a mean of {mean:.2f} s.")


if __name__ == "__main__":
    main()
