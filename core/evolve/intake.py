"""New tables on their way into a batch: read once, looked at, and let in, kept for a person, or set aside."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.base.errors import CoreError
from core.base.messages import Message, message
from core.data.dataset.inputs import body_of
from core.data.dataset.label_spelling import match_labels
from core.data.dataset.language import language_of
from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import joined_rows
from core.data.loading.label_notes import label_counts
from core.data.loading.load import load_dataset
from core.evolve.ledger import FileVerdict, Ledger
from core.evolve.roles import roles_of
from core.serving.engines.graphs import load_version
from core.statistics.intervals import rate_estimate
from core.tasks.text_classification.baseline import fit_baseline
from core.workflows.update.run import check_batch, compare_batch
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Past, read_past
from core.workflows.workspace import Workspace

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".parquet", ".json", ".jsonl", ".zip", ".gz")
SECONDS_UNCHANGED = 2.0
SECONDS_UNREAD = 60.0  # after which it is told of a file that it is not read
MOST_ANSWERED = 1000  # rows of a table that the champion is asked about
FEWEST_JUDGED = 50  # rows from which on it is judged whether labels were mixed up
FOLDS = 5
LEAST_AGREEMENT = 0.35  # of the agreement on the frozen tests
TOO_FEW = ("update.too_few", "update.too_few_marked", "privacy.too_few_rows", "privacy.too_few_groups")
OTHER_LANGUAGE = {
    "zh": message("evolve.language_zh", "These texts are in Chinese, and those that the model has learned are not."),
    "en": message("evolve.language_en", "These texts are in Latin letters, and the model has learned Chinese."),
    "mixed": message(
        "evolve.language_mixed", "These texts are in Chinese and Latin letters; the model has learned one of them."
    ),
    "other": message("evolve.language_other", "These texts are in letters that the model has not learned."),
}
MOST_MET = 0.5  # share of rows that may have been met before


def fresh_files(ledger: Ledger, now: float | None = None) -> Iterator[tuple[Path, str]]:
    """Files of the watched folder that changed since the last look, each with the hash of its content; not those still being
    written. One that has been looked at stays out, whether or not its content was read under another name.
    """
    folder = Path(ledger.policy.folder).expanduser()
    if not ledger.policy.folder or not folder.is_dir():
        return
    known = {taken.mark: taken.name for taken in reversed(ledger.files)}
    read = set(known)
    looked: dict[str, list[Any]] = {}
    for path in sorted(folder.iterdir()):
        if (
            path.suffix.lower() not in ENDINGS
            or path.name.startswith((".", "~"))
            or path.is_symlink()
            or not path.is_file()
        ):
            continue
        facts = path.stat()
        own, before = [facts.st_size, facts.st_mtime_ns], ledger.looked.get(str(path), [])
        looked[str(path)] = own
        old = (now or time.time()) - facts.st_mtime >= SECONDS_UNCHANGED
        if not old or before[:2] != own:
            continue
        with path.open("rb") as file:
            mark = before[2] if len(before) > 2 else hashlib.file_digest(file, "sha256").hexdigest()
        looked[str(path)] = [*own, mark]
        again = same_mark(mark, path.name)
        if known.setdefault(mark, path.name) != path.name and again not in known:
            known[again] = path.name
            yield path, mark
        elif mark not in read:
            read.add(mark)
            yield path, mark
    ledger.looked = looked


def unread_files(ledger: Ledger) -> Iterator[tuple[Path, str, Message]]:
    """Files of the watched folder that are never read, each with a mark and the reason; not those that were told already."""
    folder = Path(ledger.policy.folder).expanduser()
    if not ledger.policy.folder or not folder.is_dir():
        return
    known = {taken.mark for taken in ledger.files}
    for path in sorted(folder.iterdir()):
        mark = hashlib.sha256(f"unread {path.name}".encode("utf-8", "surrogatepass")).hexdigest()
        if mark in known or path.name.startswith((".", "~")) or not path.is_file():
            continue
        if time.time() - path.lstat().st_mtime < SECONDS_UNREAD:  # it may get another name when it is whole
            continue
        if path.is_symlink():
            yield path, mark, message("evolve.link", "It is a link. Put the table itself into the folder.")
        elif path.suffix.lower() not in ENDINGS:
            endings = [ending.removeprefix(".") for ending in ENDINGS]
            yield (
                path,
                mark,
                message("evolve.ending", "It is not read: it ends with none of {endings}.", endings=endings),
            )


@dataclass(frozen=True)
class Looked:
    """What was seen of a table.

    Parameters
    ----------
    dataset
        The stored dataset's id; empty where it could not be read.
    rows, met, twice
        Rows that are new; rows that were learned or tested before, or wait in another table; rows that stand in it again.
    """

    verdict: FileVerdict
    reasons: list[Message]
    dataset: str = ""
    rows: int = 0
    met: int = 0
    twice: int = 0


def take(path: Path, folder: VersionFolder, workspace: Workspace, pending: Sequence[str] = ()) -> Looked:
    """Read a table, store it and decide on it.

    Parameters
    ----------
    pending
        Ids of tables whose rows wait for the next batch.
    """
    try:
        loaded = load_dataset(path, roles_of(folder, workspace), batch=True)
    except CoreError as error:
        return Looked("aside", [error.message])
    past = read_past(folder, workspace)
    verdict, reasons = examine(loaded.dataset, folder, past)
    broken = [left.message for left in loaded.left_out if left.of_reader]
    if broken and verdict == "entered":  # it may have been cut off
        verdict, reasons = "waiting", broken
    stored = workspace.datasets.save(
        loaded.dataset, name=path.name[:80], roles=loaded.roles, source={**loaded.source(), "policy": True}
    )
    there = {info.id for info in workspace.datasets.list()} & set(pending)
    waiting = {row for dataset in there for row in _rows(workspace.datasets.load(dataset))}
    return Looked(verdict, reasons, stored.id, *_counts(loaded.dataset, past, waiting))


def _rows(batch: TextDataset) -> list[tuple[str, str]]:
    return list(zip(map(body_of, batch.texts), batch.label_names(), strict=True))


def _counts(batch: TextDataset, past: Past, waiting: Collection[tuple[str, str]]) -> tuple[int, int, int]:
    """Rows that are new, were met before, and stand twice in it. Another label makes a row new, but not in a frozen test."""
    seen, rows = compare_batch(batch, past), _rows(batch)
    known = {*seen.trained.tolist()} - {*seen.relabelled.tolist()} | {*seen.tested.tolist()}
    known |= {number for number, row in enumerate(rows) if row in waiting}
    new = len({row for number, row in enumerate(rows) if number not in known})
    return new, len(known), len(rows) - len(known) - new


def same_mark(mark: str, name: str) -> str:
    """What tells a file of a content that was read already under another name."""
    return hashlib.sha256(f"{mark} {name}".encode("utf-8", "replace")).hexdigest()


def examine(batch: TextDataset, folder: VersionFolder, past: Past) -> tuple[FileVerdict, list[Message]]:
    """Whether rows may be learned without anybody having looked at them.

    A table of which nothing can be learned is set aside; one that may be poisoned waits: most of its rows were met before, its
    language is another, or its labels say the contrary of what the model knows.
    """
    batch = folder.task.as_read(batch)
    try:
        check_batch(batch, folder, past)
    except CoreError as error:
        if error.message.key not in TOO_FEW:  # rows gather until there are enough
            return "aside", [error.message]
    reasons = [
        *(_new(batch, folder) if folder.task.distribution else ()),
        *_met(batch, past),
        *_language(batch, folder),
        *(_contrary(batch, folder) if folder.task.distribution else ()),
    ]
    return ("waiting" if reasons else "entered"), reasons


def lacking(batch: TextDataset, source: Mapping[str, Any], folder: VersionFolder, past: Past) -> Message | None:
    """Why too few rows of a batch can be kept for validation and for a test; other faults are told by the run that learns it."""
    try:
        check_batch(batch, folder, past, joined_rows(source, len(batch)))
    except CoreError as error:
        return error.message if error.message.key in TOO_FEW else None
    return None


def _new(batch: TextDataset, folder: VersionFolder) -> Iterator[Message]:
    """Labels that the model cannot answer with: it may be a new one, or a misspelt one."""
    known = match_labels(label_counts(batch), folder.outputs).same
    new = sorted({name for name in batch.label_names() if known.get(name, name) not in folder.outputs})
    if new:
        yield message("evolve.new_labels", "The model does not know these labels yet: {labels}.", labels=new)


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
        yield OTHER_LANGUAGE[own]


def _contrary(batch: TextDataset, folder: VersionFolder) -> Iterator[Message]:
    """Labels that say the contrary of the champion, beyond chance; or that neither it nor a model of these rows themselves finds,
    as where they were mixed up: a new domain is found by the latter.
    """
    engine = load_version(folder.path)
    meant = match_labels(label_counts(batch), engine.labels).same
    rows = np.random.default_rng(0).permutation(len(batch))[:MOST_ANSWERED]
    names = batch.label_names()
    known = [(batch.texts[row], meant.get(names[row], names[row])) for row in rows]
    known = [(text, name) for text, name in known if name in engine.labels]
    if not known:
        return
    texts, truth = map(list, zip(*known, strict=True))
    answers = [engine.labels[column] for column in engine.compute(texts).argmax(axis=1)]
    right = sum(answer == name for answer, name in zip(answers, truth, strict=True))
    (_, commonest), *_ = Counter(truth).most_common(1)
    share = rate_estimate(right, len(truth))
    if share.high < commonest / len(truth):
        yield message(
            "evolve.contrary",
            "The model answers {percent} of the rows as they are labelled, fewer than by always giving the commonest label: the "
            "labels may be mixed up.",
            percent=f"{share.value:.0%}",
        )
        return
    usual = _tested(folder)
    if len(truth) < FEWEST_JUDGED or _agreement(answers, truth) >= LEAST_AGREEMENT * usual:
        return
    own = _found_by_themselves(texts, truth, str(folder.report()["language"]))
    if own is None or _agreement(own, truth) < LEAST_AGREEMENT * usual:
        yield message(
            "evolve.mixed",
            "Neither the model nor one that learns from these rows alone finds their labels: many of them may be wrong.",
        )


def _agreement(answers: Sequence[str], truth: Sequence[str]) -> float:
    """Cohen's kappa: how far answers agree with labels beyond what the frequencies of both would bring about."""
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(answers, truth)) if len(set(truth)) > 1 else 1.0


def _tested(folder: VersionFolder) -> float:
    """The agreement on the frozen tests."""
    tables = [folder.predictions(record.number) for record in folder.experiences()]
    answers = [str(answer) for table in tables for answer in table["predicted"]]
    return _agreement(answers, [str(target) for table in tables for target in table["truth"]])


def _found_by_themselves(texts: Sequence[str], truth: Sequence[str], language: str) -> list[str] | None:
    """What the simple method says of each row that learned from the others; None where labels have too few rows for that."""
    from sklearn.model_selection import StratifiedKFold

    labels = sorted(set(truth))
    if min(Counter(truth).values()) < FOLDS:
        return None
    answers = [""] * len(texts)
    numbers = np.array([labels.index(name) for name in truth])
    for learned, asked in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(numbers, numbers):
        model = fit_baseline([texts[row] for row in learned], numbers[learned].tolist(), labels, language=language)
        told = model.predict_proba([texts[row] for row in asked]).argmax(axis=1)
        for row, column in zip(asked.tolist(), told.tolist(), strict=True):
            answers[row] = labels[column]
    return answers
