"""What is killed: operations on a small workspace, how each is gone on with, and what must hold afterwards.

Imported by the process that forks (`forker.py`) and by the tests that ask it.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.base import integrity
from core.base.faults import POINTS
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.jobs import JobQueue
from core.jobs.worker import run_job
from core.registry import Registry, promote
from core.upkeep import tidy
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.summary import summary_of
from tests.chaos import marks

NAME = "Shop 商店"
SECOND = "Second shop"  # learned from the same rows
FAST = {"epochs": 1, "buckets": 1024, "embedding_size": 16, "memory_size": 20, "learning_rate": 0.02, "batch_size": 16}
RIDGE = {"hashed_features": 256, "epochs": 1}
GOOD, BAD = ("great", "lovely", "perfect", "superb", "happy"), ("awful", "broken", "useless", "dreadful", "sad")


@dataclass(frozen=True)
class Operation:
    """One thing that a process may die in.

    Parameters
    ----------
    base
        Which workspace it begins in; see `make_base`.
    again
        What is done after the kill, until it is done.
    points
        Names of points that it comes by.
    """

    base: str
    run: Callable[[Path], None]
    again: Callable[[Path], None]
    points: tuple[str, ...]


def reviews(rows: int, seed: int) -> TextDataset:
    """Easy made-up reviews, all different."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for row in range(rows):
        words = (BAD, GOOD)[row % 2]
        texts.append(f"thing {seed}x{row} is {words[generator.integers(5)]}")
        labels.append(row % 2)
    return TextDataset(tuple(texts), np.array(labels), ("negative", "positive"))


def save(home: Path, seed: int) -> str:
    return dataset_of(home, reviews(80, seed), seed)


def dataset_of(home: Path, rows: TextDataset, seed: int) -> str:
    return DatasetStore(home).save(rows, name=f"rows {seed}", roles=ColumnRoles("text", "label")).id


def dataset(home: Path, seed: int) -> str:
    return next(stored.id for stored in DatasetStore(home).list() if stored.name == f"rows {seed}")


def queue_of(home: Path) -> JobQueue:
    """A queue whose processes end at once: the test executes the jobs itself."""
    return JobQueue(home, command=("true",))


def start(home: Path, kind: str, config: dict[str, Any]) -> None:
    job = queue_of(home).submit(kind, title=NAME, classifier=NAME, config=config)
    execute(home, job.id)


def execute(home: Path, job_id: str) -> None:
    deadline = time.monotonic() + 60
    while next(job for job in queue_of(home).look() if job.id == job_id).state != "interrupted":
        assert time.monotonic() < deadline
        time.sleep(0.005)  # until the process that only stands for a worker is gone
    run_job(home / "jobs" / job_id)


def go_on(home: Path, begin: Callable[[Path], None]) -> None:
    """Resume the job that was killed; where not even a job was left, begin again."""
    jobs = [job for job in queue_of(home).look() if job.title == NAME]
    if not jobs:
        begin(home)
    elif jobs[0].state == "queued":  # killed before it was started: whoever looks next starts it
        queue_of(home).tick()
        execute(home, jobs[0].id)
    elif jobs[0].resumable:
        queue_of(home).resume(jobs[0].id)
        execute(home, jobs[0].id)


def train(home: Path) -> None:
    config = {"classifier": NAME, "dataset": dataset(home, 1), "model": "ngrams", "settings": FAST}
    start(home, "train", config)


def train_ridge(home: Path) -> None:
    config = {
        "classifier": NAME,
        "dataset": dataset(home, 1),
        "model": "hashed",
        "strategy": "ridge",
        "settings": RIDGE,
    }
    start(home, "train", config)


def second_shop(home: Path) -> None:
    """Another classifier that learned both datasets, the second in closed form."""
    learned = {"classifier": SECOND, "strategy": "ridge"}
    start(home, "train", {**learned, "dataset": dataset(home, 1), "model": "hashed", "settings": RIDGE})
    start(home, "update", {**learned, "dataset": dataset(home, 2), "promote": "always"})


def update(home: Path) -> None:
    config = {"classifier": NAME, "dataset": dataset(home, 2), "strategy": "replay", "promote": "always"}
    start(home, "update", config)


def update_ridge(home: Path) -> None:
    config = {"classifier": NAME, "dataset": dataset(home, 2), "strategy": "ridge", "promote": "always"}
    start(home, "update", config)


def promote_second(home: Path) -> None:
    promote(Registry(home), NAME, 2, how="chaos")


def save_third(home: Path) -> None:
    save(home, 3)


def delete_all(home: Path) -> None:
    registry = Registry(home)
    if registry.versions(NAME):
        registry.delete(NAME)


def delete_first(home: Path) -> None:
    registry = Registry(home)
    if any(version.number == 1 for version in registry.versions(NAME)):
        registry.promote(NAME, 2)
        registry.delete_version(NAME, 1)


def tidy_up(home: Path) -> None:
    tidy(home)


def rewrite_first(home: Path) -> None:
    def change(folder: Path) -> None:
        (folder / "model_card.md").write_text("rewritten", encoding="utf-8")

    Registry(home).rewrite(NAME, 1, change)


def forget(home: Path) -> None:
    """Forget every text with the mark in it; what a killed process left among the temporary files holds it, too."""
    from core.workflows.forget.rows import find_rows
    from core.workflows.forget.run import ForgetRequest
    from core.workflows.workspace import open_workspace

    marks.plant_temporary()
    matches = find_rows(NAME, open_workspace(home), texts=marks.TEXTS)
    request = ForgetRequest(
        classifier=NAME,
        rows={part.dataset: part.rows.tolist() for part in matches.datasets},
        digests=sorted(matches.digests),
        wanted=sorted(matches.wanted),
        asked={"texts": matches.texts, "groups": 0},
    )
    start(home, "forget", request.model_dump())


JOB_POINTS = ("job.claimed", "run.created", "run.noted", "produce.begun", "produce.exported", "produce.measured")
REGISTER_POINTS = (
    "register.begun",
    "register.copied",
    "register.placed",
    "register.classifier",
    "register.before_version",
    "register.version",
    "register.numbered",
    "register.before_tag",
    "register.tagged",
)
MAKING = (
    *JOB_POINTS,
    *REGISTER_POINTS,
    "promote.begun",
    "promote.alias",
    "promote.history",
    "job.completed",
    "job.ended",
)

FORGETTING = (
    *POINTS["forget"],
    *POINTS["rewrite"],
    *POINTS["save"],
    "run.created",
    "run.noted",
    "produce.measured",
    "register.placed",
    "register.version",
    "job.completed",
    # the same points on the way of the second champion that is solved again
    "run.created:2",
    "produce.measured:2",
    "register.placed:2",
    "register.version:2",
    "register.tagged:2",
    "forget.exact:2",
)

OPERATIONS: dict[str, Operation] = {
    "train": Operation("data", train, lambda home: go_on(home, train), MAKING),
    "update": Operation(
        "trained",
        update,
        lambda home: go_on(home, update),
        ("update.read", "decide.begun", "promote.noted", *REGISTER_POINTS, "job.completed"),
    ),
    "closed form": Operation(
        "ridge",
        update_ridge,
        lambda home: go_on(home, update_ridge),
        (*REGISTER_POINTS, "decide.begun", "job.completed"),
    ),
    "promote": Operation(
        "two", promote_second, promote_second, ("promote.begun", "promote.alias", "promote.history", "promote.noted")
    ),
    "save": Operation("data", save_third, save_third, ("save.rows", "save.info")),
    "delete": Operation(
        "two",
        delete_all,
        delete_all,
        ("delete.intended", "delete.registry", "delete.run", "delete.files", "delete.done"),
    ),
    "delete version": Operation(
        "two", delete_first, delete_first, ("delete.intended", "delete.registry", "delete.run", "delete.files")
    ),
    "rewrite": Operation(
        "two", rewrite_first, rewrite_first, ("rewrite.begun", "rewrite.changed", "rewrite.outgoing", "rewrite.placed")
    ),
    "forget": Operation("marked", forget, lambda home: go_on(home, forget), FORGETTING),
    "tidy": Operation("debris", tidy_up, tidy_up, ("tidy.begun", "tidy.removed", "tidy.shared", "tidy.done")),
}


def make_base(home: Path, base: str) -> None:
    """Fill a workspace: ``data`` has two datasets, ``trained`` a version more, ``two`` two versions, ``ridge`` a version in
    closed form, ``debris`` what killed processes left, ``marked`` the mark in every place that can hold a text.
    """
    Registry(home).classifiers()  # the tables are made once, not in every killed process
    if base == "marked":
        make_marked(home)
        return
    save(home, 1)
    save(home, 2)
    if base in ("trained", "two", "debris"):
        train(home)
    if base == "two":
        update(home)
        Registry(home).rollback(NAME, 1)
    if base == "ridge":
        train_ridge(home)
    if base == "debris":
        registry = Registry(home)
        lost = registry.start_run("train", NAME, {})
        (registry.files.place_of(lost)).mkdir(parents=True)
        (registry.files.place_of(lost) / "model.onnx").write_bytes(b"0" * 100_000)
        registry.finish_run(lost, "failed")
        for name in (f".incoming-{_dead()}-0a", f"artifacts/.incoming-{_dead()}-0b", f"datasets/.part-{_dead()}-0c"):
            (home / name).mkdir(parents=True)
            (home / name / "file").write_bytes(b"0" * 1000)
    if base != "data":
        for job in queue_of(home).look():
            queue_of(home).discard(job.id)


def make_marked(home: Path) -> None:
    """Two datasets with marked rows, two classifiers that learned the first step by step and the second in closed form, a
    language model of the second, an encoder of the first, and everything that `marks` puts beside.
    """
    for seed, rows in ((1, marks.TEXTS[:8]), (2, marks.TEXTS[8:])):
        dataset_of(home, marks.with_rows(reviews(80, seed), rows), seed)
    train(home)
    update_ridge(home)
    second_shop(home)
    own = dataset(home, 1)
    writer = {"classifier": marks.WRITER, "task": "language_modelling", "model": "causal"}
    start(home, "train", {**writer, "dataset": dataset(home, 2), "settings": marks.SMALL_WRITER})
    start(home, "pretrain", {"name": "reader", "dataset": own, "settings": marks.SMALL_READER})
    for job in queue_of(home).look():
        assert job.state == "finished", job.error
        queue_of(home).discard(job.id)
    marks.plant(home, NAME, own)
    kept = queue_of(home).submit("train", title="Kept", classifier=NAME, config={"dataset": own})
    marks.plant_run(home / "jobs" / kept.id)


_dead = marks.dead


def facts(home: Path) -> dict[str, Any]:
    """What a workspace holds, and everything that is wrong with it."""
    registry, wrong = Registry(home), []
    versions = {name: registry.versions(name) for name in (NAME, SECOND)}
    every = [version for known in versions.values() for version in known]
    for version in every:
        folder = registry.folder_of(version)
        wrong += [f"version {version.number}: {name} is damaged" for name in integrity.damaged(folder)]
        record = integrity.read_record(folder)
        if not record.get("files"):
            wrong.append(f"version {version.number} has no record")
        elif record["number"] not in (version.number, None):
            wrong.append(f"version {version.number} calls itself {record['number']}")
    twice = [run for run, count in Counter(version.run_id for version in every).items() if count > 1]
    wrong += [f"run {run} made two versions" for run in twice]
    store = DatasetStore(home)
    for stored in store.list():
        if len(store.load(stored.id)) != stored.rows:
            wrong.append(f"dataset {stored.name} lost rows")
    champion = registry.champion(NAME)
    jobs = queue_of(home).look()
    wrong += [
        f"{path.name} is no job"
        for path in (home / "jobs").glob("2*")
        if path.name not in {queued.id for queued in jobs}
    ]
    return {
        "wrong": wrong,
        "versions": [version.number for version in versions[NAME]],
        "second": [version.number for version in versions[SECOND]],
        "champion": champion.number if champion is not None else None,
        "datasets": sorted(stored.name for stored in store.list()),
        "jobs": [(job.state, job.result, str(job.error) if job.error else None) for job in jobs if job.title == NAME],
    }


def unfit(home: Path) -> list[str]:
    """Versions whose figures are of other rows than their tests hold, or whose dataset or figures in lists are others."""
    registry, unfitting = Registry(home), []
    stored = {info.id for info in DatasetStore(home).list()}
    for version in (version for name in (NAME, SECOND) for version in registry.versions(name)):
        folder = VersionFolder(registry.folder_of(version))
        report = folder.report()
        tested = [len(folder.predictions(record.number)) for record in folder.experiences()]
        told = [[test["rows"] for test in report["tests"]], [entry["test"] for entry in report["experiences"]]]
        fits = told == [tested, tested] and report["overall"]["rows"] == sum(tested)
        if not fits or version.summary != summary_of(report) or version.summary["dataset"] not in stored:
            unfitting.append(f"version {version.number} of {version.classifier}")
    return unfitting


def debris(home: Path) -> list[str]:
    """What `tidy` would still remove, and every file whose name says that it is unfinished."""
    tidied = tidy(home, dry_run=True)
    left = [f"{item.what} {item.name}" for item in tidied.removed]
    left += [
        str(path.relative_to(home))
        for path in home.rglob(".*")
        if path.name.startswith((".incoming", ".outgoing", ".part"))
    ]
    return left + [f"unknown {name}" for name in tidied.unknown]


def go_on_and_look(home: Path, operation: str) -> dict[str, Any]:
    """After a kill: look, go on, look again, tidy, and look a last time."""
    outcome: dict[str, Any] = {"killed": facts(home)}
    OPERATIONS[operation].again(home)
    outcome["done"] = facts(home)
    tidy(home)
    outcome["tidied"], outcome["debris"] = facts(home), debris(home)
    if operation == "forget":
        outcome["unfit"] = unfit(home)
        outcome["marked"], outcome["receipts"] = (
            marks.search(home, Path(tempfile.gettempdir())),
            marks.receipts_of(home),
        )
    return outcome
