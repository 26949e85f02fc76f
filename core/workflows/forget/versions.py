"""Forgetting in one version of a classifier: what of it holds the rows, and its files without them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import Split
from core.networks.text import TextPipeline
from core.networks.text.words import words_in
from core.workflows.bundle import write_card
from core.workflows.forget.exact import learned_examples, subtract
from core.workflows.forget.rows import remembered_texts, text_digest
from core.workflows.forget.words import Wordings, remove_words, staying_rows
from core.workflows.learn.calibrating import trust_on_tests
from core.workflows.versions.folder import PARTS, ExperienceRecord, VersionFolder
from core.workflows.versions.measured import lost_rows, measured_again
from core.workflows.versions.retention import state_bytes

COUNTS = (*PARTS, "memory", "words")


@dataclass
class Gone:
    """What is being forgotten, with its texts; it lives in memory alone.

    Parameters
    ----------
    rows
        Dataset → row numbers, for every dataset that still stands as it was.
    replaced
        Dataset → the one without the rows that takes its place; filled in as they are stored.
    encoders
        Own encoder → dataset, where pieces of words were learned from one of these datasets.
    stored
        Ids of all datasets that are there; those of earlier experiences may have been deleted before.
    """

    rows: Mapping[str, list[int]]
    digests: frozenset[str]
    datasets: Mapping[str, TextDataset]
    texts: Collection[str]
    stored: Collection[str]
    load: Callable[[str], TextDataset]
    encoders: Mapping[str, str] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)
    wordings: Wordings = field(init=False)

    def __post_init__(self) -> None:
        self.wordings = Wordings(self.texts, self.staying)

    def staying(self, dataset: str) -> list[str] | None:
        """The texts of a dataset that stay; None where it was deleted before."""
        if dataset not in self.stored:
            return None
        whole = self.datasets[dataset] if dataset in self.datasets else self.load(dataset)
        return staying_rows(whole, self.rows.get(dataset, ()))

    def is_wanted(self, text: str) -> bool:
        """Whether this text is to be forgotten."""
        return text_digest(text) in self.digests


def traces(folder: VersionFolder, gone: Gone) -> dict[str, int]:
    """How many of the rows a version was trained, validated and tested on and remembers, and how many words are theirs alone."""
    counts = dict.fromkeys(COUNTS, 0)
    for record in folder.experiences():
        rows = gone.rows.get(record.dataset, [])
        for part in PARTS if rows else ():
            counts[part] += len(np.intersect1d(folder.rows_of(record.number, part), rows))
        if record.dataset not in gone.stored:  # its test can only be searched by text
            counts["test"] += sum(map(gone.is_wanted, folder.predictions(record.number)["text"]))
    counts["memory"] = sum(map(gone.is_wanted, remembered_texts(folder)))
    if _is_concerned(folder, gone, counts):
        counts["words"] = sum(map(len, _words(folder, gone)))
    return counts


def holds_anything(folder: VersionFolder, gone: Gone) -> bool:
    """Whether a version has to be written anew."""
    return _is_concerned(folder, gone, traces(folder, gone))


def _is_concerned(folder: VersionFolder, gone: Gone, counts: Mapping[str, int]) -> bool:
    learned = {record.dataset for record in folder.experiences()}
    return (
        any(counts.values())
        or not learned.isdisjoint(gone.rows)
        or not gone.encoders.keys().isdisjoint(_encoders(folder))
    )


def _encoders(folder: VersionFolder) -> list[str]:
    """Reference of the pretrained encoder that each of a version's networks began from; empty where there is none."""
    settings = [own["settings"] for own in folder.members()] or [folder.settings]
    return [str(own.get("encoder", "")) for own in settings]


def texts_held(folder: VersionFolder, digests: Collection[str]) -> Iterator[str]:
    """Those of the texts with these digests that a version remembers or is tested on."""
    held = [*remembered_texts(folder)]
    for record in folder.experiences():
        held += folder.predictions(record.number)["text"].tolist()
    yield from (text for text in held if text_digest(text) in digests)


def _words(folder: VersionFolder, gone: Gone) -> list[set[str]]:
    """Tokens of each of a version's tokenizers that no text holds any more which it learned, was tested on or remembers."""
    parts = folder.load_pipeline().parts
    return [_words_of(part, own, folder, gone) for part, own in zip(parts, _encoders(folder), strict=True)]


def _words_of(pipeline: TextPipeline, encoder: str, folder: VersionFolder, gone: Gone) -> set[str]:
    if pipeline.brought and encoder not in gone.encoders:
        return set()  # its pieces come from elsewhere, and tell nothing
    records = folder.experiences()
    datasets = [*(record.dataset for record in records), *filter(None, [gone.encoders.get(encoder)])]
    others = [
        *remembered_texts(folder),
        *(text for record in records for text in folder.predictions(record.number)["text"]),
    ]
    staying = [text for text in others if not gone.is_wanted(text)]
    return gone.wordings.to_forget(pipeline, datasets, staying)


def rewrite(folder: VersionFolder, gone: Gone, parent: VersionFolder | None) -> None:
    """Take the rows out of sums, memory, the record of each experience and its frozen test, and their words; point to the new
    datasets, and measure on the rows that are left.

    What was rewritten before stays as it is.

    Parameters
    ----------
    parent
        The folder of the version that it was made from, which was rewritten before; None where there is none.
    """
    words = _words(folder, gone)
    subtract(folder, learned_examples(folder, gone.rows, gone.datasets))
    state = folder.load_state()
    if "memory" in state:
        rows = state["memory"]["rows"]
        kept = {label: [row for row in some if not gone.is_wanted(row[0])] for label, some in rows.items()}
        folder.save_state({**state, "memory": {**state["memory"], "rows": kept}})
    report = folder.report()
    # It names rows of the batch as it was, and words of all texts.
    if folder.experiences()[-1].dataset in gone.rows or _names_words(report.get("drift"), folder, gone):
        report["drift"] = None
    _rewrite_stream(folder, gone)
    _rewrite_report(folder, report, parent)
    remove_words(folder, words)


def _rewrite_report(folder: VersionFolder, report: dict[str, Any], parent: VersionFolder | None) -> None:
    """Let the report, and the card that is made of it, fit the rows that the folder holds now."""
    report["experiences"] = [asdict(record) for record in folder.experiences()]
    report["memory_rows"] = sum(1 for _ in remembered_texts(folder))
    report["memory_bytes"] = state_bytes(folder.load_state())
    if lost_rows(folder, report):
        figures, scores = measured_again(folder, report, parent)
        report |= figures
        if report.get("calibration"):
            trust = trust_on_tests(report["calibration"], scores, folder.outputs)
            report["calibration"] = {**report["calibration"], **trust}
    folder.save_report(report)
    if "precision" in report:  # editions before had another card
        write_card(folder.path, report)


def _rewrite_stream(folder: VersionFolder, gone: Gone) -> None:
    records: list[ExperienceRecord] = []
    parts: dict[int, Split] = {}
    for record in folder.experiences():
        numbers = {part: folder.rows_of(record.number, part) for part in PARTS}
        removed = np.unique(np.array(gone.rows.get(record.dataset, []), dtype=np.int64))
        stays = {part: ~np.isin(rows, removed) for part, rows in numbers.items()}
        table = folder.predictions(record.number)
        if record.dataset not in gone.stored:
            stays["test"] = np.array([not gone.is_wanted(text) for text in table["text"]], dtype=bool)
        folder.save_predictions(record.number, table[stays["test"]].reset_index(drop=True))
        parts[record.number] = _renumbered(numbers, stays, removed)
        records.append(_of_what_is_left(record, numbers, stays, removed, gone))
    folder.save_experiences(records, parts)


def _of_what_is_left(
    record: ExperienceRecord,
    numbers: Mapping[str, np.ndarray],
    stays: Mapping[str, np.ndarray],
    removed: np.ndarray,
    gone: Gone,
) -> ExperienceRecord:
    """The record of an experience with the dataset that took the place of its own, and how many rows each part has now."""
    train, validation, test = (int(stays[part].sum()) for part in PARTS)
    used = sum(int(np.isin(rows, removed).sum()) for rows in numbers.values())
    aside = max(0, record.set_aside - (len(removed) - used))
    dataset = gone.replaced.get(record.dataset, record.dataset)
    return ExperienceRecord(record.number, dataset, record.name, train, validation, test, aside)


def _renumbered(numbers: Mapping[str, np.ndarray], stays: Mapping[str, np.ndarray], gone: np.ndarray) -> Split:
    """The rows that stay, each with its old number less the rows before it that are gone."""
    train, validation, test = (numbers[part][stays[part]] for part in PARTS)
    moved = [rows - np.searchsorted(gone, rows) for rows in (train, validation, test)]
    return Split(moved[0], moved[1], moved[2], np.zeros(0, dtype=np.int64), ())


def _names_words(drift: Mapping[str, Any] | None, folder: VersionFolder, gone: Gone) -> bool:
    """Whether a report of drift names a word that only forgotten texts hold."""
    if not drift:
        return False
    changes = drift.get("words") or {}
    listed = {str(change["word"]) for side in ("more", "fewer") for change in changes.get(side, ())}
    listed |= set(drift.get("new_words") or ())
    listed &= {word for words in words_in(sorted(gone.texts)) for word in words}
    for dataset in {record.dataset for record in folder.experiences()}:
        for text in gone.staying(dataset) or ():
            if not listed:
                return False
            read = text.casefold()
            listed = {word for word in listed if word not in read}
    return bool(listed)
