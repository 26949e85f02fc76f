"""A model that updates itself, on a stream with poison in it: how good does it become, and is it ever worse for it?

    python benchmarks/evolve.py --data ../shared/data
    python benchmarks/evolve.py --data ../shared/data --kills 100        # kill -9 of the scheduler instead

Thirty simulated days of the shopping reviews: six categories, a model of the first one, and each other one begins on a day of its
own. A table arrives each day; some are poisoned: labels exchanged (all, and 40 % by chance), rows of a frozen test, English rows,
and rows that came before. Linear n-grams, default settings. Side by side, over rows of all categories that are in no table:

- never: the first version serves all along;
- policy: `core.evolve`, which promotes by itself what the gate lets through;
- hindsight: the same tables without the poisoned ones, and a person who promotes what is better on the rows that judge here;
- everything: a training from the start on all tables so far, each day, poison included.

With kills: the scheduler is killed at random moments while tables arrive; in the end every table must have been learned once,
every batch have one version, and the audit log be whole. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import pandas as pd

from core.base.audit import AuditLog
from core.base.events import last_of
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.evolve.inline import InlineQueue
from core.evolve.ledger import OPEN, Ledger, Ledgers
from core.evolve.policy import Policy
from core.evolve.step import step
from core.registry import promote
from core.registry.records.reports import read_report
from core.serving.engines.graphs import load_version
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace

ROLES = ColumnRoles("text", "label")
NAME, DAYS, ROWS, JUDGED = "Shop", 30, 110, 300
POISON = {
    8: "labels exchanged",
    13: "rows of a frozen test",
    17: "English",
    21: "came before",
    25: "40 % of labels by chance",
}


@dataclass
class Stream:
    """The first table, one a day, and the rows that judge; ``poison`` names what is wrong with a day's table."""

    first: pd.DataFrame
    days: list[pd.DataFrame]
    judged: pd.DataFrame
    poison: dict[int, str] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--only", default="", help="one of the methods")
    asked = parser.parse_args()
    stream = read_stream(asked.data, asked.seed)
    if asked.kills:
        kill(stream, asked.kills, asked.seed)
        return
    print("| method | accuracy on all categories | versions | seconds |\n|---|---|---|---|", flush=True)
    for name, method in (
        ("never", never),
        ("policy", by_policy),
        ("hindsight", by_hindsight),
        ("everything", everything),
    ):
        if asked.only not in ("", name):
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            began = time.monotonic()
            workspace = begin(Path(home), stream.first)
            notes = method(workspace, stream)
            versions = len(workspace.registry.versions(NAME))
            print(
                f"| {name} | {100 * accuracy(workspace, stream):.1f} | {versions} | {time.monotonic() - began:.0f} |",
                flush=True,
            )
            for note in notes:
                print(f"<!-- {note} -->", flush=True)


def read_stream(data: Path, seed: int) -> Stream:
    generator = np.random.default_rng(seed)
    table = read_table(data / "zh/shopping_6_categories.csv").rename(columns={"评论": "text", "类别": "category"})
    table = table.drop_duplicates("text").sample(frac=1, random_state=seed)
    names = sorted(table["category"].unique())
    parts = {name: table[table["category"] == name].reset_index(drop=True) for name in names}
    judged = pd.concat([part[:JUDGED] for part in parts.values()])
    rest = {name: part[JUDGED:] for name, part in parts.items()}
    first, rest[names[0]] = rest[names[0]][:1200], rest[names[0]][1200:]
    taken: Counter[str] = Counter()
    days: list[pd.DataFrame] = []
    for day in range(DAYS):
        name = names[1 + day // 6] if day % 6 < 4 else names[int(generator.integers(0, 2 + day // 6))]
        days.append(rest[name][taken[name] : taken[name] + ROWS])
        taken[name] += ROWS
    other = {"差评": "好评", "好评": "差评"}
    english = read_table(data / "en/sst2.csv")[:ROWS]
    english = english.assign(label=["好评", "差评"] * (len(english) // 2) + ["好评"] * (len(english) % 2))
    for day, what in POISON.items():
        own = days[day]
        if what == "labels exchanged":
            days[day] = own.assign(label=own["label"].map(other))
        elif what == "English":
            days[day] = english
        elif what == "came before":
            days[day] = pd.concat([days[0], days[1]])
        elif what == "40 % of labels by chance":
            hit = generator.random(len(own)) < 0.4
            days[day] = own.assign(label=np.where(hit, own["label"].map(other), own["label"]))
    return Stream(first, days, judged, dict(POISON))


def begin(home: Path, first: pd.DataFrame) -> Workspace:
    """A workspace with version 1."""
    workspace = open_workspace(home)
    stored = save(workspace, first, "first")
    list(train_classifier(TrainRequest(classifier=NAME, dataset=stored, model="linear"), workspace))
    return workspace


def save(workspace: Workspace, table: pd.DataFrame, name: str) -> str:
    dataset, _ = build_dataset(table[["text", "label"]].reset_index(drop=True), ROLES, batch=True)
    return workspace.datasets.save(dataset, name=name, roles=ROLES).id


def accuracy(workspace: Workspace, stream: Stream, number: int | None = None) -> float:
    """Of the version that serves, or of this number: the share of right answers on the rows that judge."""
    registry = workspace.registry
    version = registry.resolve(NAME, number)
    engine = load_version(registry.folder_of(version))
    answers = engine.compute(stream.judged["text"].tolist()).argmax(axis=1)
    return float(
        np.mean([engine.labels[column] == label for column, label in zip(answers, stream.judged["label"], strict=True)])
    )


def never(workspace: Workspace, stream: Stream) -> list[str]:
    return []


def leaked(workspace: Workspace) -> pd.DataFrame:
    """Rows of the first frozen test, as somebody might send them."""
    path = workspace.registry.folder(NAME, 1) / "predictions" / "test_1.parquet"
    return pd.read_parquet(path)[["text", "truth"]].rename(columns={"truth": "label"})[:ROWS]


def by_policy(workspace: Workspace, stream: Stream) -> list[str]:
    folder = workspace.home / "incoming"
    folder.mkdir()
    with Ledgers(workspace.home).alone(NAME) as ledger:
        assert ledger is not None
        ledger.policy = Policy(active=True, folder=str(folder), least_rows=200, hours_between=12, then="promote")
    queue, start = InlineQueue(workspace.home), datetime(2026, 1, 1, tzinfo=UTC)
    served: list[tuple[int, int]] = []
    for day, table in enumerate(stream.days):
        own = leaked(workspace) if stream.poison.get(day) == "rows of a frozen test" else table
        write(own, folder / f"day{day:02}.csv")
        for look in range(4):
            step(NAME, workspace, queue, now=start + timedelta(days=day, minutes=look))
        served.append((day, workspace.registry.resolve(NAME, None).number))
    ledger = Ledgers(workspace.home).read(NAME)
    return [*_kept_out(ledger, stream), *_hurt(workspace, ledger), *_against(workspace, ledger)]


def _kept_out(ledger: Ledger, stream: Stream) -> list[str]:
    """What became of each poisoned table."""
    notes = []
    for day, what in stream.poison.items():
        taken = next((taken for taken in ledger.files if taken.name == f"day{day:02}.csv"), None)
        if taken is None:
            notes.append(f"day {day}, {what}: not read")
            continue
        batch = next((batch for batch in ledger.batches if taken.mark in batch.marks), None)
        became = taken.verdict if batch is None else f"{taken.verdict}, batch {batch.number} {batch.state}"
        notes.append(f"day {day}, {what}: {became}")
    others = [taken for taken in ledger.files if int(taken.name[3:5]) not in stream.poison]
    kept = sum(taken.verdict != "entered" for taken in others)
    states = Counter(batch.state for batch in ledger.batches)
    return [*notes, f"other tables: {len(others) - kept} entered, {kept} did not; batches: {dict(states)}"]


def _against(workspace: Workspace, ledger: Ledger) -> list[str]:
    """Why the gate was against candidates."""
    reasons: Counter[str] = Counter()
    for batch in ledger.batches:
        if batch.state == "refused" and batch.version is not None:
            report = read_report(workspace.registry.folder(NAME, batch.version))
            reasons.update(str(rule["message"]["key"]) for rule in report["gate"]["rules"] if not rule["passed"])
    return [f"rules that were against: {dict(reasons)}"]


def _hurt(workspace: Workspace, ledger: Ledger) -> list[str]:
    """Promotions that took more from an older test than its tolerance."""
    hurt = 0
    for batch in ledger.batches:
        if batch.state == "promoted" and batch.version is not None:
            hurt += workspace.registry.version(NAME, batch.version).refused
    return [f"promotions against the gate: {hurt}"]


def by_hindsight(workspace: Workspace, stream: Stream) -> list[str]:
    gathered: list[pd.DataFrame] = []
    for day, table in enumerate(stream.days):
        if day in stream.poison:
            continue
        gathered.append(table)
        if sum(map(len, gathered)) < 200:
            continue
        stored = save(workspace, pd.concat(gathered).drop_duplicates("text"), f"batch {day}")
        gathered = []
        made = last_of(update_classifier(UpdateRequest(classifier=NAME, dataset=stored), workspace))
        if accuracy(workspace, stream, made.version) >= accuracy(workspace, stream):
            promote(workspace.registry, NAME, made.version, how="hindsight", reason="better")
    return []


def everything(workspace: Workspace, stream: Stream) -> list[str]:
    for day in range(DAYS):
        tables = [
            leaked(workspace) if stream.poison.get(at) == "rows of a frozen test" else stream.days[at]
            for at in range(day + 1)
        ]
        stored = save(workspace, pd.concat([stream.first, *tables]).drop_duplicates("text", keep="last"), f"day {day}")
        made = last_of(train_classifier(TrainRequest(classifier=NAME, dataset=stored, model="linear"), workspace))
        promote(workspace.registry, NAME, made.version, how="everything", reason="the newest")
    return []


def write(table: pd.DataFrame, path: Path) -> None:
    table[["text", "label"]].to_csv(path, index=False)
    moment = time.time() - 60
    os.utime(path, (moment, moment))


def kill(stream: Stream, kills: int, seed: int) -> None:
    """Kill the scheduler again and again while tables arrive; then let it end in peace and look."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        workspace = begin(Path(home), stream.first)
        folder = workspace.home / "incoming"
        folder.mkdir()
        with Ledgers(workspace.home).alone(NAME) as ledger:
            assert ledger is not None
            ledger.policy = Policy(active=True, folder=str(folder), least_rows=200, hours_between=0, then="promote")
        tables = [table for day, table in enumerate(stream.days) if day not in stream.poison]
        for number in range(kills):
            due = number * len(tables) // kills
            for day in range(due + 1):
                if not (path := folder / f"day{day:02}.csv").exists():
                    write(tables[day], path)
            scheduler = scheduling(workspace.home)
            time.sleep(chance.uniform(0.2, 8.0))
            os.killpg(scheduler.pid, signal.SIGKILL)
            scheduler.wait()
        for day, table in enumerate(tables):
            if not (path := folder / f"day{day:02}.csv").exists():
                write(table, path)
        scheduler = scheduling(workspace.home)
        until = time.monotonic() + 600
        while time.monotonic() < until and not settled(Ledgers(workspace.home).read(NAME), len(tables)):
            time.sleep(1)
        scheduler.terminate()
        scheduler.wait()
        print("\n".join(looked_over(workspace, Ledgers(workspace.home).read(NAME), len(tables), kills)))


def scheduling(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "core", "evolve", "--every", "0.3"],
        cwd=ROOT,
        env={**os.environ, "EVERGREEN_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def settled(ledger: Ledger, tables: int) -> bool:
    waiting = sum(taken.rows for taken in ledger.pending)
    return len(ledger.files) == tables and ledger.open is None and waiting < ledger.policy.least_rows


def looked_over(workspace: Workspace, ledger: Ledger, tables: int, kills: int) -> list[str]:
    marks = Counter(mark for batch in ledger.batches for mark in batch.marks)
    versions = Counter(str(version.summary.get("dataset")) for version in workspace.registry.versions(NAME))
    datasets = [batch.dataset for batch in ledger.batches]
    verified = AuditLog(workspace.home).verify()
    promoted = [batch for batch in ledger.batches if batch.state == "promoted"]
    return [
        f"{kills} kills, {tables} tables:",
        f"- tables read: {len(ledger.files)}, twice: {len(ledger.files) - len({taken.mark for taken in ledger.files})}",
        f"- tables learned more than once: {sum(count > 1 for count in marks.values())}",
        f"- tables neither learned nor waiting: {len([taken for taken in ledger.files if taken.verdict != 'entered'])}",
        f"- batches: {len(ledger.batches)}, still open: {sum(batch.state in OPEN for batch in ledger.batches)}, "
        f"failed: {sum(batch.state == 'failed' for batch in ledger.batches)}",
        f"- versions of one batch: at most {max((versions[dataset] for dataset in datasets), default=0)}",
        f"- promoted: {len(promoted)}; serves: version {workspace.registry.resolve(NAME, None).number}, "
        f"the last promoted one: {max((batch.version or 0 for batch in promoted), default=0)}",
        f"- audit log: {verified.entries} entries, faults: {len(verified.faults)}",
    ]


if __name__ == "__main__":
    main()
