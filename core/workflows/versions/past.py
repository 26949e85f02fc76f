"""What a version has met: which texts, with which label, to learn from or to validate on.

An update asks of earlier rows whether a text was met before, and for some texts to compare with; who learns from all rows
is the exception. So each version has a summary, which grows by a batch and is read in place of all datasets. It lies
outside the version's folder and can be deleted at any time: then it is made anew from the datasets.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from core.base.errors import DataError
from core.base.files import writing
from core.data.dataset.same_text import Keys, key_numbers
from core.networks.text import TextPipeline
from core.networks.text.words import lettered_words
from core.tasks.answering import Baseline
from core.tasks.base import Task
from core.tasks.text_classification.naive_bayes import NaiveBayes
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

Labelled = tuple[Sequence[str], Sequence[str]]  # texts, and the name of each one's label
Integers = NDArray[np.int64]

LEARNED_TEXTS, VALIDATION_TEXTS = 4000, 5000  # texts of a summary at most
STORED = 8  # summaries of a workspace at most, those read last
FORMAT = "1"
_ARRAYS = ("experience", "validated", "keys", "label", "places")


@dataclass(frozen=True, eq=False)
class Summary:
    """All rows that were trained or validated on; arrays (rows,), and the texts of some.

    Parameters
    ----------
    labels
        Names of labels, in the order of their numbers.
    experience
        Number of the experience that brought the row, counted from 1.
    validated
        Whether it was validated on; else it was trained on.
    keys
        64 bits that equal texts share (`key_numbers`).
    label
        Number of its label.
    places, texts
        Rows whose text is kept, ascending: of either part those with the smallest keys. That is as good as drawing them,
        and the same in whatever order they came.
    words
        64 bits for each word of the texts that were trained on, ascending; None where nobody has asked for them.
    baseline
        Fitted on all rows that were trained on, by the same numbers of labels; None likewise.
    """

    labels: tuple[str, ...] = ()
    experience: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    validated: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    keys: Keys = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    label: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    places: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    texts: tuple[str, ...] = ()
    words: Keys | None = None
    baseline: NaiveBayes | None = None

    @property
    def learned(self) -> int:
        """How many rows were trained on."""
        return int((~self.validated).sum())

    def grown(self, number: int, train: Labelled, validation: Labelled) -> Summary:
        """The same with the rows of one more experience."""
        texts, names = [*train[0], *validation[0]], [*train[1], *validation[1]]
        labels = (*self.labels, *sorted(set(names) - set(self.labels)))
        numbers = {name: position for position, name in enumerate(labels)}
        fresh, label = np.arange(len(texts)), np.array([numbers[name] for name in names], dtype=np.int64)
        baseline = self.baseline
        if baseline is not None:
            baseline = baseline.grown(train[0], label[: len(train[0])], len(labels))
        whole = Summary(
            labels=labels,
            experience=np.concatenate([self.experience, np.full(len(texts), number)]),
            validated=np.concatenate([self.validated, fresh >= len(train[0])]),
            keys=np.concatenate([self.keys, key_numbers(texts)]),
            label=np.concatenate([self.label, label]),
            places=np.concatenate([self.places, len(self.keys) + fresh]),
            texts=(*self.texts, *texts),
            words=None if self.words is None else np.union1d(self.words, word_numbers(train[0])),
            baseline=baseline,
        )
        return whole._with_fewer_texts()

    def _with_fewer_texts(self) -> Summary:
        validated = self.validated[self.places]
        by_key = np.argsort(self.keys[self.places], kind="stable")
        of_each = (by_key[~validated[by_key]][:LEARNED_TEXTS], by_key[validated[by_key]][:VALIDATION_TEXTS])
        kept = np.sort(np.concatenate(of_each))
        return replace(self, places=self.places[kept], texts=tuple(self.texts[row] for row in kept))

    def without(self, experiences: set[int]) -> Summary:
        """The same without the rows of some experiences."""
        if not experiences:
            return self
        stays = ~np.isin(self.experience, list(experiences))
        kept = np.flatnonzero(stays[self.places])
        return Summary(
            labels=self.labels,
            experience=self.experience[stays],
            validated=self.validated[stays],
            keys=self.keys[stays],
            label=self.label[stays],
            places=(np.cumsum(stays) - 1)[self.places[kept]],
            texts=tuple(self.texts[row] for row in kept),
            words=self.words,
            baseline=self.baseline,
        )

    def labels_of(self, keys: Keys) -> dict[int, set[str]]:
        """Of those of these keys that were met, the labels that their texts had."""
        labels: dict[int, set[str]] = {}
        rows = np.flatnonzero(np.isin(self.keys, keys))
        for key, label in zip(self.keys[rows].tolist(), self.label[rows].tolist(), strict=True):
            labels.setdefault(key, set()).add(self.labels[label])
        return labels

    def fitted_baseline(
        self, task: Task, outputs: Sequence[str], language: str, pipeline: TextPipeline
    ) -> tuple[int, Baseline]:
        """The number of rows that a baseline stands on, and the baseline: the one that grew with the version, or else the
        task's own, fitted on the texts that are kept.
        """
        if self.baseline is not None and task.baseline_grows:
            grown, names = self.baseline, self.labels
            answer = lambda texts: [names[number] for number in grown.predict(texts).tolist()]  # noqa: E731
            return int(grown.rows.sum()), Baseline("naive_bayes", answer)
        texts, targets, _ = self.sample(validated=False)
        return len(texts), task.baseline(texts, targets, outputs, language=language, pipeline=pipeline)

    def sample(self, *, validated: bool) -> tuple[list[str], list[str], Keys]:
        """Texts that are kept of one part, the names of their labels, and their keys."""
        wanted = np.flatnonzero(self.validated[self.places] == validated)
        rows = self.places[wanted]
        names = [self.labels[label] for label in self.label[rows]]
        return [self.texts[row] for row in wanted], names, self.keys[rows]


def word_numbers(texts: Sequence[str]) -> Keys:
    """64 bits for each word that occurs in these texts, ascending."""
    return np.unique(key_numbers([*{word for text in texts for word in lettered_words(text)}], key=str))


def nothing_met(*, words: bool, baseline: bool) -> Summary:
    """Of a model that has not learned yet; where wanted with the words, and with a baseline that grows."""
    return Summary(
        words=np.zeros(0, dtype=np.uint64) if words else None, baseline=NaiveBayes.empty() if baseline else None
    )


@dataclass
class Past:
    """Everything a version was trained and tested on.

    Parameters
    ----------
    met
        All rows whose dataset is still there.
    missing
        Names of datasets that were deleted since.
    """

    folder: VersionFolder
    workspace: Workspace
    met: Summary
    missing: tuple[str, ...]

    @cached_property
    def tested(self) -> Keys:
        """Keys of all frozen test texts."""
        tests = [self.folder.predictions(record.number)["text"] for record in self.folder.experiences()]
        return key_numbers([text for texts in tests for text in texts])

    @cached_property
    def groups(self) -> dict[str, str]:
        """Groups that were met, each with the part it went to; what was ever learned from counts as that.

        Reads the groups of earlier datasets, where they have any.
        """
        met: dict[str, str] = {}
        for record in self.folder.experiences():
            groups = self.workspace.datasets.groups(record.dataset)
            met = self.folder.split(record.number).groups_met(groups, met)
        return met

    @property
    def words(self) -> Keys:
        """Numbers of all words that were learned; counted in all texts the first time."""
        if self.met.words is None:
            self.met = replace(self.met, words=word_numbers(self.train[0]))
        assert self.met.words is not None
        return self.met.words

    def with_baseline(self) -> Summary:
        """All rows in short with the baseline, which is fitted on all texts the first time."""
        if self.met.baseline is None:
            texts, names = self.train
            numbers = {name: number for number, name in enumerate(self.met.labels)}
            fitted = NaiveBayes.empty().grown(texts, [numbers[name] for name in names], len(numbers))
            self.met = replace(self.met, baseline=fitted)
        return self.met

    @property
    def train(self) -> Labelled:
        """Texts and label names of all rows that were trained on; reads every dataset."""
        return self._all[0]

    @property
    def validation(self) -> Labelled:
        """The same of all rows that were validated on."""
        return self._all[1]

    @cached_property
    def _all(self) -> tuple[Labelled, Labelled]:
        rows = [parts for _, *parts in rows_met(self.folder, self.workspace)]
        return together([train for train, _ in rows]), together([validation for _, validation in rows])


def read_past(folder: VersionFolder, workspace: Workspace) -> Past:
    """What a version has met, from its summary where there is one."""
    met, records = _load(folder, workspace), folder.experiences()
    if met is None:
        rows = list(rows_met(folder, workspace))
        there, met = {number for number, *_ in rows}, summarise(rows)
    else:
        there = {record.number for record in records if workspace.datasets.has(record.dataset)}
        met = met.without({record.number for record in records} - there)
    return Past(folder, workspace, met, tuple(record.name for record in records if record.number not in there))


def summarise(rows: Iterable[tuple[int, Labelled, Labelled]], *, baseline: NaiveBayes | None = None) -> Summary:
    """The summary of what `rows_met` gives.

    Parameters
    ----------
    baseline
        An empty one where one is wanted.
    """
    met = Summary(baseline=baseline)
    for number, train, validation in rows:
        met = met.grown(number, train, validation)
    return met


def rows_met(folder: VersionFolder, workspace: Workspace) -> Iterator[tuple[int, Labelled, Labelled]]:
    """Each experience's number, training and validation rows; without those whose dataset cannot be read any more."""
    for record in folder.experiences():
        with suppress(DataError):
            dataset, split = folder.task.as_read(workspace.datasets.load(record.dataset)), folder.split(record.number)
            train, validation = dataset.take(split.train), dataset.take(split.validation)
            yield record.number, (train.texts, train.label_names()), (validation.texts, validation.label_names())


def together(parts: Sequence[Labelled]) -> Labelled:
    """All rows as one part."""
    return [text for texts, _ in parts for text in texts], [name for _, names in parts for name in names]


def save_summary(met: Summary, folder: VersionFolder, workspace: Workspace) -> None:
    """Keep the summary of a version; of the workspace's others those stay that were read last."""
    path = workspace.registry.files.summary_of(folder.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [text.encode("utf-8", "surrogatepass") for text in met.texts]
    arrays = {name: getattr(met, name) for name in _ARRAYS}
    arrays["texts"] = np.frombuffer(b"".join(texts), dtype=np.uint8)
    arrays["lengths"] = np.array([len(text) for text in texts], dtype=np.int64)
    facts = {"format": FORMAT, "labels": json.dumps(met.labels), "experiences": _fingerprint(folder)}
    arrays |= {"words": met.words} if met.words is not None else {}
    arrays |= met.baseline.to_arrays() if met.baseline is not None else {}
    with writing(path, durable=False) as part:
        save_file(arrays, part, metadata=facts)
    known = sorted(path.parent.glob(f"*{path.suffix}"), key=lambda other: other.stat().st_mtime, reverse=True)
    for other in known[STORED:]:
        other.unlink(missing_ok=True)


def _load(folder: VersionFolder, workspace: Workspace) -> Summary | None:
    """The summary of a version; None where there is none, or it is of other rows."""
    path = workspace.registry.files.summary_of(folder.path)
    try:
        with safe_open(path, "numpy") as stored:
            facts = stored.metadata()
            if facts["format"] != FORMAT or facts["experiences"] != _fingerprint(folder):
                return None
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - no dictionary
    except (OSError, SafetensorError, KeyError, TypeError, RecursionError):
        return None
    with suppress(OSError):
        os.utime(path)
    sizes, whole = arrays["lengths"].tolist(), arrays["texts"].tobytes()
    texts = (whole[end - size : end] for end, size in zip(np.cumsum(sizes).tolist(), sizes, strict=True))
    return Summary(
        labels=tuple(json.loads(facts["labels"])),
        texts=tuple(text.decode("utf-8", "surrogatepass") for text in texts),
        words=arrays.get("words"),
        baseline=NaiveBayes.from_arrays(arrays),
        **{name: arrays[name] for name in _ARRAYS},
    )


def _fingerprint(folder: VersionFolder) -> str:
    """What changes when any experience does, as when rows of it were forgotten."""
    return json.dumps([asdict(record) for record in folder.experiences()])
