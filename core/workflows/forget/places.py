"""Forgetting outside of versions: queues, labelling, own encoders and word vectors, and every copy that nobody looks at."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from core.base import files
from core.base.faults import reached
from core.base.files import read_json
from core.base.leftovers import UPLOADS, leftovers, remove
from core.data.dataset.store import DatasetStore
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import LabellingStore
from core.networks.encoders.base import ENCODER_TABLE
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.words import HAN
from core.networks.text.forgetting import forget_words
from core.registry.records import SearchStore
from core.serving.monitor.store import MonitorStore
from core.training.pretraining.config import SCRATCH
from core.training.pretraining.record import read_record, write_record
from core.workflows.forget.versions import Gone
from core.workflows.standings.answers import FOLDER as ANSWERS
from core.workflows.workspace import Workspace

JOBS, JOB, CHECKPOINT, LOG = "jobs", "job.json", "checkpoint.pt", "log.txt"  # as `core.jobs` calls them
POLICIES = "policies"  # likewise `core.evolve`
INSPECTIONS = "inspections"
LONELY_SECONDS = 60.0  # after which nobody is about to write the second file of a dataset
_AT_ONCE = 1000  # texts


def scrub_queues(home: Path, gone: Gone) -> None:
    """Take the texts out of the queues of corrections, the labelling sessions, and what was kept of texts in use."""
    Corrections(home).forget(gone.is_wanted)
    reached("forget.queue")
    LabellingStore(home).forget(gone.is_wanted)
    reached("forget.labelling")
    MonitorStore(home).forget(gone.is_wanted, gone.texts)
    reached("forget.monitor")


# -- own encoders, which learned from unlabelled texts


def own_encoders(workspace: Workspace, rows: Mapping[str, list[int]]) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Reference, folder and record of every encoder that was pretrained on one of these datasets."""
    for info in workspace.sources.encoders.list():
        if info.reference.startswith("own:"):
            folder = workspace.sources.encoders.folder(info.reference)
            record = read_record(folder)
            if record is not None and str(record.get("dataset", {}).get("id")) in rows:
                yield info.reference, folder, record


def encoder_words(workspace: Workspace, rows: Mapping[str, list[int]]) -> dict[str, str]:
    """Encoder → dataset, for those whose pieces were learned from one of these datasets."""
    encoders = own_encoders(workspace, rows)
    return {reference: str(record["dataset"]["id"]) for reference, _, record in encoders if record["start"] == SCRATCH}


def encoder_traces(workspace: Workspace, rows: Mapping[str, list[int]]) -> list[dict[str, Any]]:
    """Every encoder that learned some of the rows, and how many rows of its dataset are forgotten."""
    return [
        {"encoder": reference, "train": len(set(rows[str(record["dataset"]["id"])]))}
        for reference, _, record in own_encoders(workspace, rows)
    ]


def scrub_encoders(workspace: Workspace, gone: Gone) -> None:
    """Take the pieces out that only forgotten texts hold, and point to the new datasets."""
    for _, folder, record in list(own_encoders(workspace, gone.rows)):
        identity = str(record["dataset"]["id"])
        if record["start"] == SCRATCH:
            _forget_pieces(folder, identity, gone)
        dataset = {**record["dataset"], "id": gone.replaced.get(identity, identity)}
        write_record(folder, {**record, "dataset": dataset})
        reached("forget.encoder")


def _forget_pieces(folder: Path, dataset: str, gone: Gone) -> None:
    path = folder / "tokenizer.json"
    options = {"segmentation": "pretrained", "max_length": 1_000_000}
    names = gone.wordings.to_forget(TextPipeline(Tokenizer.from_file(str(path)), options), [dataset])
    if not names:
        return
    tokenizer, ids = forget_words(Tokenizer.from_file(str(path)), names)
    weights = load_file(str(folder / "model.safetensors"))
    for key, tensor in weights.items():
        if key.endswith(ENCODER_TABLE):
            tensor[torch.tensor(ids)] = 0
    with files.writing(folder / "model.safetensors") as part:
        save_file(weights, str(part))
    with files.writing(path) as part:  # the last: until then the pieces are found again
        tokenizer.save(str(part))


# -- word vectors that were learned here


def scrub_vectors(workspace: Workspace, gone: Gone) -> None:
    """Words that only forgotten texts hold get no name and no vector any more."""
    own = [info for info in workspace.sources.vectors.list() if info.learned]
    for info in own:
        names = workspace.sources.vectors.words(info.reference)
        lost = _only_in(names, gone.texts, _staying(workspace, gone))
        if lost:
            workspace.sources.vectors.forget_words(info.reference, lost)
        reached("forget.vectors")


def _staying(workspace: Workspace, gone: Gone) -> Iterator[str]:
    for stored in workspace.datasets.list():
        yield from gone.staying(stored.id) or ()


def _only_in(names: Iterable[str], gone: Collection[str], staying: Iterable[str]) -> set[str]:
    """Those of the words that stand in forgotten texts and in none that stays, whatever their case."""
    texts = _read(gone)
    patterns = {name: _pattern(name) for name in names if name.strip("▁") and _pattern(name).search(texts)}
    piece: list[str] = []
    for text in staying:
        if not patterns:
            break
        piece.append(text)
        if len(piece) == _AT_ONCE:
            patterns = _without(patterns, piece)
            piece = []
    return set(_without(patterns, piece))


def _without(patterns: dict[str, re.Pattern[str]], staying: list[str]) -> dict[str, re.Pattern[str]]:
    texts = _read(staying)
    return {name: pattern for name, pattern in patterns.items() if not pattern.search(texts)}


def _read(texts: Iterable[str]) -> str:
    return unicodedata.normalize("NFKC", "\n".join(texts)).casefold()


def _pattern(name: str) -> re.Pattern[str]:
    word = unicodedata.normalize("NFKC", name.strip("▁")).casefold()
    whole = re.escape(word) if HAN.search(word) or "▁" in name else rf"(?<!\w){re.escape(word)}(?!\w)"
    return re.compile(whole)


# -- copies that no page shows


def copies(workspace: Workspace, concerned: Collection[str]) -> dict[str, int]:
    """How many uploads, states of ended runs and files of runs without a version there are to be removed."""
    return {
        "uploads": sum(1 for _ in (workspace.home / UPLOADS).glob("*")),
        "checkpoints": sum(
            1 for folder in _concerned_jobs(workspace.home, concerned) if (folder / CHECKPOINT).exists()
        ),
        "orphans": sum(1 for _ in workspace.registry.without_version()),
    }


def sweep_copies(workspace: Workspace, concerned: Collection[str], rows: Collection[str]) -> None:
    """Remove what may hold the texts and can be had again: uploads, states of runs, features, answers, what killed processes
    left.

    Parameters
    ----------
    concerned
        Ids of datasets and names of classifiers and language models: runs that were asked for one begin anew when resumed.
    rows
        Ids of the datasets that are replaced.
    """
    home = workspace.home
    for path in (home / UPLOADS).glob("*"):
        remove(path)
    reached("forget.uploads")
    for folder in _concerned_jobs(home, concerned):
        for name in (CHECKPOINT, LOG):
            (folder / name).unlink(missing_ok=True)
    reached("forget.jobs")
    for folder in list(workspace.registry.without_version()):
        workspace.registry.files.forget(folder.name)
    for path in [*leftovers(home), *DatasetStore(home).rows_without_info(LONELY_SECONDS)]:
        remove(path)
    reached("forget.orphans")
    for path in (
        workspace.sources.features,
        home / ANSWERS,
        workspace.registry.files.cache,
        workspace.registry.files.summaries,
        workspace.registry.files.references,
    ):
        shutil.rmtree(path, ignore_errors=True)
    for dataset in rows:
        (home / INSPECTIONS / f"{dataset}.json").unlink(missing_ok=True)
    reached("forget.caches")


def point_to(replaced: Mapping[str, str], home: Path) -> None:
    """Let runs, policies and searches name the datasets that took the place of theirs, so that they can be gone on with."""
    for folder in _concerned_jobs(home, replaced):
        files.write_json(folder / JOB, _pointed(read_json(folder / JOB), replaced))
    for path in sorted((home / POLICIES).glob("[!.]*.json")):
        ledger = files.read_object(path)
        if not set(replaced).isdisjoint(_values(ledger)):
            files.write_json(path, _pointed(ledger, replaced))
    searches = SearchStore(home)
    for search in searches.list():
        if search.get("dataset") in replaced:
            searches.save({**search, "dataset": replaced[search["dataset"]]})


def _pointed(asked: Any, replaced: Mapping[str, str]) -> Any:
    """A request with other ids in the place of those that were replaced."""
    if isinstance(asked, str):
        return replaced.get(asked, asked)
    if isinstance(asked, dict):
        return {name: _pointed(value, replaced) for name, value in asked.items()}
    return [_pointed(value, replaced) for value in asked] if isinstance(asked, list) else asked


def _concerned_jobs(home: Path, concerned: Collection[str]) -> Iterator[Path]:
    """Folders of runs that were asked for one of these; none of them is executed while this process is alone."""
    for path in (home / JOBS).glob(f"[!.]*/{JOB}"):
        try:
            asked = read_json(path)
            if asked["kind"] != "forget" and not set(concerned).isdisjoint(_values(asked)):
                yield path.parent
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _values(asked: Any) -> Iterator[str]:
    """Every string in a request."""
    if isinstance(asked, str):
        yield asked
    elif isinstance(asked, dict | list):
        for value in asked.values() if isinstance(asked, dict) else asked:
            yield from _values(value)
