"""A model with a policy, a watched folder, and a queue that learns at once, in this process."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.data.dataset.rows import TextDataset
from core.evolve.inline import InlineQueue
from core.evolve.ledger import Ledger, Ledgers
from core.evolve.policy import Policy
from core.evolve.step import step
from core.jobs import JobQueue
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save


@dataclass
class Evolving:
    """A model, the folder that its policy watches, and steps of it."""

    workspace: Workspace
    folder: Path
    queue: JobQueue

    def put(self, name: str, dataset: TextDataset, *, seconds_old: float = 60.0) -> Path:
        """Put a table into the folder, as something that was finished a while ago."""
        rows = zip(dataset.texts, dataset.label_names(), strict=True)
        path = self.folder / name
        path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
        moment = time.time() - seconds_old
        os.utime(path, (moment, moment))
        return path

    def set(self, **rules: Any) -> None:
        with Ledgers(self.workspace.home).alone("Shop") as ledger:
            assert ledger is not None
            ledger.policy = Policy(**{**ledger.policy.model_dump(), **rules})

    def step(self, times: int = 2, now: datetime | None = None) -> Ledger:
        """So many steps; a file is read at the second look that finds it as it was."""
        for _ in range(times):
            step("Shop", self.workspace, self.queue, now=now or datetime.now(UTC))
        return Ledgers(self.workspace.home).read("Shop")

    @property
    def champion(self) -> int:
        return self.workspace.registry.resolve("Shop", None).number


@pytest.fixture
def evolving(workspace: Workspace, tmp_path: Path) -> Evolving:
    stored = save(workspace, reviews(300))
    list(train_classifier(TrainRequest(classifier="Shop", dataset=stored.id, model="linear"), workspace))
    folder = tmp_path / "incoming"
    folder.mkdir()
    made = Evolving(workspace, folder, InlineQueue(workspace.home))
    made.set(active=True, folder=str(folder), least_rows=60, hours_between=0.0, then="promote")
    return made
