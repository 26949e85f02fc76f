"""New tables on their way into a batch: read once, looked at, and let in, kept for a person, or set aside."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.base.errors import CoreError, DataError
from core.base.messages import Message, message
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.label_spelling import match_labels
from core.data.dataset.language import language_of
from core.data.dataset.rows import TextDataset
from core.data.loading.label_notes import label_counts
from core.data.loading.load import load_dataset
from core.evolve.ledger import FileVerdict, Ledger
from core.serving.engines.graphs import load_version
from core.statistics.intervals import rate_estimate
from core.workflows.update.run import check_batch, compare_batch
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Past, read_past
from core.workflows.workspace import Workspace

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".parquet", ".json", ".jsonl", ".zip")
SECONDS_UNCHANGED = 2.0
MOST_ANSWERED = 1000  # rows of a table that the champion is asked about
MOST_MET = 0.5  # share of rows that may have been met before


def fresh_files(ledger: Ledger, now: float | None = None) -> Iterator[tuple[Path, str]]:
    """Files of the watched folder that nobody has read, each with the hash of its content; not those still being written."""
    folder = Path(ledger.policy.folder).expanduser()
    if not ledger.policy.folder or not folder.is_dir():
        return
    known = {taken.mark for taken in ledger.files}
    looked: dict[str, list[int]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in ENDINGS or path.name.startswith((".", "~")) or not path.is_file():
            continue
        facts = path.stat()
        looked[str(path)] = [facts.st_size, facts.st_mtime_ns]
        old = (now or time.time()) - facts.st_mtime >= SECONDS_UNCHANGED
        if old and ledger.looked.get(str(path)) == looked[str(path)]:
            mark = hashlib.sha256(path.read_bytes()).hexdigest()
            if mark not in known:
                known.add(mark)
                yield path, mark
    ledger.looked = looked


def roles_of(folder: VersionFolder, workspace: Workspace) -> ColumnRoles:
    """The columns of the newest table that a version has learned from."""
    for record in reversed(folder.experiences()):
        try:
            return replace(workspace.datasets.info(record.dataset).roles, split=None)
        except DataError:  # deleted since
            continue
    return ColumnRoles("text", "label" if folder.task.reads_targets else None)


def take(path: Path, folder: VersionFolder, workspace: Workspace) -> tuple[FileVerdict, list[Message], str, int]:
    """Read a table and decide on it: verdict, reasons, the stored dataset's id and its rows."""
    try:
        loaded = load_dataset(path, roles_of(folder, workspace), batch=True)
    except CoreError as error:
        return "aside", [error.message], "", 0
    verdict, reasons = examine(loaded.dataset, folder, read_past(folder, workspace))
    stored = workspace.datasets.save(
        loaded.dataset, name=path.name[:80], roles=loaded.roles, source={**loaded.source(), "policy": True}
    )
    return verdict, reasons, stored.id, len(loaded.dataset)


def examine(batch: TextDataset, folder: VersionFolder, past: Past) -> tuple[FileVerdict, list[Message]]:
    """Whether rows may be learned without anybody having looked at them.

    A table of which nothing can be learned is set aside; one that may be poisoned waits: most of its rows were met before, its
    language is another, or its labels say the contrary of what the model knows.
    """
    batch = folder.task.as_read(batch)
    try:
        check_batch(batch, folder, past)
    except CoreError as error:
        return "aside", [error.message]
    reasons = [
        *_met(batch, past),
        *_language(batch, folder),
        *(_contrary(batch, folder) if folder.task.distribution else ()),
    ]
    return ("waiting" if reasons else "entered"), reasons


def _met(batch: TextDataset, past: Past) -> Iterator[Message]:
    seen = compare_batch(batch, past)
    met = np.union1d(seen.trained, seen.tested)
    if len(met) > MOST_MET * len(batch):
        yield message(
            "evolve.met",
            "{met:,} of {rows:,} rows were met before, {tested:,} of them in a frozen test.",
            met=len(met),
            rows=len(batch),
            tested=len(seen.tested),
        )


def _language(batch: TextDataset, folder: VersionFolder) -> Iterator[Message]:
    learned, own = str(folder.report()["language"]), language_of(batch.texts)
    if learned in ("zh", "en") and own != learned:
        yield message(
            "evolve.language",
            "The texts are in another language than those that the model has learned ({own}, not {learned}).",
            own=own,
            learned=learned,
        )


def _contrary(batch: TextDataset, folder: VersionFolder) -> Iterator[Message]:
    """Where the champion answers fewer rows as they are labelled than one would by always saying the same, beyond chance."""
    engine = load_version(folder.path)
    meant = match_labels(label_counts(batch), engine.labels).same
    rows = np.random.default_rng(0).permutation(len(batch))[:MOST_ANSWERED]
    names = batch.label_names()
    known = [(batch.texts[row], meant.get(names[row], names[row])) for row in rows]
    known = [(text, name) for text, name in known if name in engine.labels]
    if not known:
        return
    answers = engine.compute([text for text, _ in known]).argmax(axis=1)
    right = sum(engine.labels[column] == name for column, (_, name) in zip(answers, known, strict=True))
    (_, commonest), *_ = Counter(name for _, name in known).most_common(1)
    share = rate_estimate(right, len(known))
    if share.high < commonest / len(known):
        yield message(
            "evolve.contrary",
            "The model answers {percent} of the rows as they are labelled, fewer than by always giving the commonest label: the "
            "labels may be mixed up.",
            percent=f"{share.value:.0%}",
        )
