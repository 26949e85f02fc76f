"""What a champion has learned from, and what is there that it has not: the sample's next batch, saved datasets."""

from __future__ import annotations

from core.base.errors import CoreError
from core.data.dataset.columns import Targets
from core.data.dataset.samples import SAMPLES
from core.data.dataset.store import StoredDataset
from core.data.recipe import Step, read_steps
from dashboard.parts.scores import task_of_version
from dashboard.shell import state
from dashboard.update.page import Situation

SamplePart = tuple[str, str]
BASE = "base"  # in a dataset's source: the dataset that corrections joined


def learned(situation: Situation) -> list[str]:
    """Ids of the datasets that the champion has learned from, also of those that corrections joined before."""
    known = {dataset.id: dataset for dataset in state.datasets()}
    identities = [str(record["dataset"]) for record in state.report(situation.champion)["experiences"]]
    bases = [known[identity].source.get(BASE) for identity in identities if identity in known]
    return [*identities, *(str(base) for base in bases if base)]


def next_sample(known: list[str]) -> SamplePart | None:
    """For a classifier that was trained on a sample: the sample's next batch."""
    stored = {dataset.id: dataset for dataset in state.datasets()}
    sources = [stored[identity].source for identity in known if identity in stored]
    samples = [source for source in sources if source.get("sample") in SAMPLES]
    if not samples:
        return None
    sample = SAMPLES[samples[0]["sample"]]
    used = {source.get("part", "first") for source in samples}
    return next(((sample.id, part) for part in sample.parts[1:] if part not in used), None)


def earlier_steps(situation: Situation) -> list[Step]:
    """What was done to the data that the champion learned from, each step once."""
    stored = {dataset.id: dataset for dataset in state.datasets()}
    steps: list[Step] = []
    for identity in learned(situation):
        try:
            recipe = read_steps(stored[identity].source.get("recipe", [])) if identity in stored else []
        except CoreError:  # of another version of the program: it cannot be repeated here
            continue
        steps += [step for step in recipe if step not in steps]
    return steps


def choosable(situation: Situation) -> list[StoredDataset]:
    """Saved datasets that the champion has not learned from and can learn from, newest first."""
    known, reads = set(learned(situation)), task_of_version(situation.champion).reads
    return [dataset for dataset in state.datasets() if dataset.id not in known and _suits(dataset, reads)]


def _suits(dataset: StoredDataset, reads: Targets) -> bool:
    """Whether a model that reads such targets can learn from a dataset."""
    if reads == "nothing":
        return True
    return dataset.kind == "spans" if reads == "spans" else dataset.kind in ("label", "labels")
