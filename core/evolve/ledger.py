"""What a policy has done: each file once, each batch once; one file a model, replaced whole with every step."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from core.base import files
from core.base.config import build
from core.base.messages import Message
from core.evolve.policy import Policy
from core.evolve.sources.address import shown

FOLDER = "policies"
FileVerdict = Literal["entered", "waiting", "aside", "same"]
BatchState = Literal[
    "ready", "trying", "running", "shadow", "waiting", "promoted", "kept_back", "refused", "taken_back", "failed"
]
MOST_REFUSED = 3  # times that rows are tried whose candidate the gate refuses
OPEN: tuple[BatchState, ...] = ("ready", "trying", "running", "shadow", "waiting")


@dataclass
class Taken:
    """A file that was read, or the rows that another source gave at a look.

    Parameters
    ----------
    mark
        Hash of its content.
    verdict
        Whether its rows are learned, wait for a person, or were set aside, and why; or whether it is the copy of one that was
        read before.
    rows, met, twice
        Rows that are new, rows that were met before, and rows that stand in it again.
    """

    mark: str
    name: str
    at: str
    verdict: FileVerdict
    rows: int = 0
    dataset: str = ""
    reasons: list[dict[str, Any]] = field(default_factory=list)
    met: int = 0
    twice: int = 0

    @property
    def messages(self) -> list[Message]:
        return [Message.from_dict(reason) for reason in self.reasons]


@dataclass
class Batch:
    """Rows that are, or were, learned together.

    Parameters
    ----------
    marks
        Of the files whose rows it has.
    job
        Which run learns it, or tries how to; empty until it was given to the queue.
    strategy, tried
        How it is learned, and where strategies were tried what each of them came to.
    shadow
        Since when its candidate answers beside which version, on how many texts, and where these differ.
    """

    number: int
    at: str
    dataset: str
    rows: int
    marks: list[str]
    state: BatchState = "ready"
    job: str = ""
    version: int | None = None
    reason: dict[str, Any] | None = None
    tries: int = 0
    strategy: str = ""
    tried: list[dict[str, Any]] = field(default_factory=list)
    shadow: dict[str, Any] | None = None


@dataclass
class Ledger:
    """A policy with all that it has done.

    Parameters
    ----------
    looked
        Path → size and time of change at the last look, and once these stayed the hash: a file is read once.
    begun, looked_at
        When the last update began, and when the model in use was looked at.
    foreseen
        The score in use that the monitor estimated then; None where it knew none.
    alarmed, lowered
        The version of which an alarm was told, and of which that its score is below the line.
    outgoing
        What people are still to be told.
    sources
        Of each source beside the folder: when it was looked at, what it was asked, what it gave, or why it gave nothing.
    """

    model: str
    policy: Policy = field(default_factory=Policy)
    files: list[Taken] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    looked: dict[str, list[Any]] = field(default_factory=dict)
    begun: str = ""
    looked_at: str = ""
    foreseen: float | None = None
    alarmed: int | None = None
    lowered: int | None = None
    outgoing: list[dict[str, Any]] = field(default_factory=list)
    trouble: dict[str, Any] | None = None
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def troubles(self) -> list[Message]:
        """What the last step ended with, and why a source gave nothing at its last look."""
        stored = [self.trouble, *(state.get("trouble") for state in self.sources.values())]
        return [Message.from_dict(trouble) for trouble in stored if trouble]

    @property
    def pending(self) -> list[Taken]:
        """Files whose rows wait for the next batch; those of a candidate that the gate refused, too, a few times."""
        used = {mark for batch in self.batches if batch.state != "refused" for mark in batch.marks}
        refused = Counter(mark for batch in self.batches if batch.state == "refused" for mark in batch.marks)
        used |= {mark for mark, times in refused.items() if times >= MOST_REFUSED}
        return [taken for taken in self.files if taken.verdict == "entered" and taken.mark not in used]

    @property
    def fresh(self) -> list[Taken]:
        """Those of them that were in no batch yet: without any, there is nothing to try again."""
        met = {mark for batch in self.batches for mark in batch.marks}
        return [taken for taken in self.pending if taken.mark not in met]

    @property
    def waiting(self) -> list[Taken]:
        """Files on which a person has to decide."""
        return [taken for taken in self.files if taken.verdict == "waiting"]

    @property
    def open(self) -> Batch | None:
        """The batch that is at work or waits for a decision."""
        return next((batch for batch in self.batches if batch.state in OPEN), None)

    def needed(self, *, alarm: bool, now: datetime) -> int:
        """How many rows an update begins with; ``alarm``: whether the monitor has raised one."""
        began = self.begun or min((taken.at for taken in self.fresh), default="")
        days = (now - datetime.fromisoformat(began)).total_seconds() / 86_400 if began else 0.0
        return self.policy.rows_needed(alarm=alarm, score=self.foreseen, days=days)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "policy": self.policy.model_dump()}

    def shown(self) -> dict[str, Any]:
        """The same, without a password that somebody may have written into the rules by hand."""
        return {**self.to_dict(), "policy": shown(self.policy.model_dump())}


class Ledgers:
    """The policies of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / FOLDER

    def read(self, model: str) -> Ledger:
        """The policy of a model; a new one is switched off."""
        return _read(self._path(model)) or Ledger(model)

    def all(self) -> list[Ledger]:
        """All that there are, by name."""
        ledgers = (_read(path) for path in sorted(self._folder.glob("[!.]*.json")))
        return sorted((ledger for ledger in ledgers if ledger is not None), key=lambda ledger: ledger.model)

    def write(self, ledger: Ledger) -> None:
        """Replace what is known of a policy in one step."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files.write_json(self._path(ledger.model), ledger.to_dict())

    def remove(self, model: str) -> None:
        """Forget a model's policy, with what it has done."""
        for path in (self._path(model), self._lock(model)):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.rows_of(model), ignore_errors=True)

    def rows_of(self, model: str) -> Path:
        """Where it is kept which rows the sources of a model have given; see `core.evolve.sources.met`."""
        return self._path(model).with_suffix(".rows")

    @contextmanager
    def alone(self, model: str, *, seconds: float = 10.0) -> Iterator[Ledger | None]:
        """The policy while nobody else changes it; what it holds in the end is stored. None where others take too long."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._lock(model))
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            yield None
            return
        try:
            ledger = self.read(model)
            yield ledger
            self.write(ledger)
        finally:
            lock.release()

    def _lock(self, model: str) -> Path:
        return self._path(model).with_suffix(".lock")

    def _path(self, model: str) -> Path:
        return self._folder / f"{hashlib.sha256(model.encode()).hexdigest()[:16]}.json"


def _read(path: Path) -> Ledger | None:
    stored = files.read_object(path)
    if "model" not in stored:
        return None
    return Ledger(
        model=str(stored["model"]),
        policy=build(Policy, stored.get("policy", {})),
        files=[Taken(**entry) for entry in stored.get("files", ())],
        batches=[Batch(**entry) for entry in stored.get("batches", ())],
        looked=stored.get("looked", {}),
        begun=str(stored.get("begun", "")),
        looked_at=str(stored.get("looked_at", "")),
        foreseen=stored.get("foreseen"),
        alarmed=stored.get("alarmed"),
        lowered=stored.get("lowered"),
        outgoing=stored.get("outgoing", []),
        trouble=stored.get("trouble"),
        sources=stored.get("sources", {}),
    )
