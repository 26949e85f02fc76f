"""A batch against what the champion learned: has anything changed, and is an update worth it?

Which rows are compared, and why these: `core.workflows.drift.rows`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.base.messages import message
from core.continual.drift.tests import (
    FALSE_ALARMS,
    FEWEST_ROWS,
    DriftTest,
    accuracy_drop,
    confidence_shift,
    enough,
    strata_shift,
    together,
    unjudged,
    vocabulary_shift,
)
from core.continual.drift.word_shift import WordChanges, word_changes
from core.data.dataset.rows import TextDataset
from core.networks.text.words import words_in
from core.serving.engines.graphs import load_version
from core.tasks.answering import Engine
from core.tasks.base import Task
from core.tasks.text_classification.label_doubt import (
    Contradictions,
    Doubt,
    LabelledAnswers,
    contradictions_found,
    surely_contradicted,
)
from core.workflows.drift.advice import Advice, DriftEvidence, advise
from core.workflows.drift.rows import (
    EARLIER_ROWS,
    EARLIER_TEXTS,
    FEWEST_COMPARED,
    affordable,
    compared_rows,
    drawn,
    drawn_texts,
)
from core.workflows.drift.words import known_words
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.label_matching import in_own_words
from core.workflows.versions.past import Past


@dataclass(frozen=True)
class LabelShare:
    """How frequent a label is, 0 to 1, among the rows compared."""

    label: str
    before: float
    after: float


@dataclass(frozen=True)
class DriftReport:
    """A batch against what a version learned.

    Parameters
    ----------
    tests
        The tests in a fixed order, that of strata only where rows have such; `DriftTest.adjusted` holds for all of them
        together.
    batch_rows, repeated_rows
        Rows of the batch, and those left out since their text occurs again, there or in what the version met.
    rows
        Rows that could be compared: held-out, and of the batch.
    new_labels
        Labels that the version does not know → rows of the batch.
    words
        Words that are more, and less, frequent than in the texts met before, beyond chance; Chinese is cut into words,
        whatever the version reads.
    missing
        Earlier datasets that were deleted: copies of their training rows could not be left out.
    """

    advice: Advice
    tests: tuple[DriftTest, ...]
    batch_rows: int
    repeated_rows: int
    rows: tuple[int, int]
    shares: tuple[LabelShare, ...]
    new_labels: dict[str, int]
    words: WordChanges
    contradictions: Contradictions
    doubt: Doubt | None
    missing: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``report.json`` and ``--json``."""
        return {
            "advice": self.advice.to_dict(),
            "tests": [test.to_dict() for test in self.tests],
            "false_alarm_rate": FALSE_ALARMS,
            "batch_rows": self.batch_rows,
            "repeated_rows": self.repeated_rows,
            "rows": list(self.rows),
            "labels": [{"label": share.label, "before": share.before, "after": share.after} for share in self.shares],
            "new_labels": self.new_labels,
            "new_words": self.words.unseen,
            "words": self.words.to_dict(),
            "contradictions": {
                "repeated": self.contradictions.repeated,
                "contradictory": self.contradictions.contradictory,
            },
            "doubt": self.doubt.to_dict() if self.doubt is not None else None,
            "missing": list(self.missing),
            "seconds": self.seconds,
        }


def detect_drift(
    folder: VersionFolder,
    batch: TextDataset,
    past: Past,
    *,
    picked: bool = False,
    classifier: Engine | None = None,
    seed: int = 0,
) -> DriftReport:
    """Compare a batch with what a version learned; a few seconds, however large the batch is.

    Parameters
    ----------
    past
        Past of the same version, from `core.workflows.versions.past.read_past`.
    picked
        Whether the rows were picked because the version's answer was wrong (corrections): they differ by design.
    classifier
        The version's, when it is already loaded.
    seed
        Seed of the rows drawn and of the permutations: the same seed gives the same report.
    """
    started = time.monotonic()
    classifier = classifier or load_version(folder.path)
    task = folder.task
    batch = task.as_read(batch)
    if task.distribution:
        batch, _, _ = in_own_words(batch, classifier.labels)
    compared = compared_rows(folder, batch, past)
    held_out, new = compared.held_out, compared.new
    read_rows = affordable(held_out["text"], new["text"])
    old_rows = min(read_rows, max(FEWEST_COMPARED, EARLIER_ROWS * len(new)))
    old_texts = drawn(held_out, old_rows, seed)["text"].tolist()
    answered = _answered(drawn(new, read_rows, seed), classifier, task)
    names = batch.label_names()
    known = set(classifier.labels if task.distribution else names)
    own = task.strata([*held_out["label"], *new["label"]])
    strata = [own[: len(held_out)], own[len(held_out) :]]
    tested, answerable = held_out[held_out["predicted"].notna()], answered[answered["label"].isin(known)]
    new_texts = answered["text"].tolist()
    met = drawn_texts([*held_out["text"], *compared.learned], EARLIER_TEXTS * old_rows, seed)
    tests = together(
        [
            *([strata_shift(*_counts(*strata)[1:], seed=seed)] if task.has_strata else []),
            _word_test(folder, past, old_texts, new_texts, seed),
            *_text_tests(old_texts, new_texts, seed),
            *_answer_tests(task, drawn(tested, old_rows, seed), tested, answered, answerable, seed),
        ]
    )
    evidence = DriftEvidence(
        tests=tests,
        batch_rows=len(batch),
        rows=(len(held_out), len(new)),
        picked=picked,
        new_labels={name: count for name, count in Counter(names).items() if name not in known},
        contradictions=contradictions_found(compared.keys, names, compared.earlier),
        doubt=_doubt(tested, answerable) if task.distribution else None,
    )
    return DriftReport(
        advice=advise(evidence),
        tests=tests,
        batch_rows=len(batch),
        repeated_rows=len(batch) - len(new),
        rows=evidence.rows,
        shares=_shares(*strata) if task.has_strata else (),
        new_labels=dict(evidence.new_labels),
        words=word_changes(words_in(met), words_in(new_texts)),
        contradictions=evidence.contradictions,
        doubt=evidence.doubt,
        missing=past.missing,
        seconds=round(time.monotonic() - started, 2),
    )


def _answered(rows: pd.DataFrame, classifier: Engine, task: Task) -> pd.DataFrame:
    """The rows with the version's answers and their probabilities, where there are such."""
    values = classifier.compute(rows["text"].tolist())
    sure = values.max(axis=1, initial=0.0).astype(np.float64) if task.distribution else np.nan
    answers = task.judged(task.read(classifier, values), rows["label"].tolist())
    return rows.assign(predicted=np.array(answers, dtype=object), confidence=sure)


def _answer_tests(
    task: Task, earlier: pd.DataFrame, tested: pd.DataFrame, answered: pd.DataFrame, answerable: pd.DataFrame, seed: int
) -> tuple[DriftTest, ...]:
    """Is it as sure, and as often right? Nobody can say of a task that does not answer with one label a text."""
    if task.distribution:
        sure = confidence_shift(earlier["confidence"], answered["confidence"], seed=seed)
        return sure, _accuracy_test(tested, answerable, len(answered))
    return ()


def _answers(rows: pd.DataFrame) -> LabelledAnswers:
    labels, predicted = (rows[name].to_numpy(dtype=object) for name in ("label", "predicted"))
    return LabelledAnswers(labels, predicted, rows["confidence"].to_numpy(dtype=np.float64))


def _doubt(tested: pd.DataFrame, answerable: pd.DataFrame) -> Doubt | None:
    doubt = surely_contradicted(_answers(tested), _answers(answerable))
    return doubt and replace(doubt, rows=tuple(answerable["row"].iloc[list(doubt.rows)].tolist()))


def _right(rows: pd.DataFrame) -> tuple[int, int]:
    return int((rows["predicted"] == rows["label"]).sum()), len(rows)


def _accuracy_test(tested: pd.DataFrame, answerable: pd.DataFrame, answered: int) -> DriftTest:
    """Is it as often right? Only rows can say that whose label it could have answered with."""
    rows = (len(tested), len(answerable))
    if not enough(rows) and enough((rows[0], answered)):
        reason = message(
            "drift.labels_unknown",
            "Of {answered:,} new rows, {known:,} carry a label that the classifier knows; at least {needed} are needed.",
            answered=answered,
            known=rows[1],
            needed=FEWEST_ROWS,
        )
        return unjudged("accuracy", rows, reason)
    return accuracy_drop(_right(tested), _right(answerable))


def _counts(before: Iterable[str], after: Iterable[str]) -> tuple[list[str], list[int], list[int]]:
    """All labels of both sides, and the rows of each on either side."""
    counters = [Counter(side) for side in (before, after)]
    labels = sorted(counters[0].keys() | counters[1].keys())
    return labels, [counters[0][label] for label in labels], [counters[1][label] for label in labels]


def _shares(before: Sequence[str], after: Sequence[str]) -> tuple[LabelShare, ...]:
    return tuple(
        LabelShare(label, old / max(len(before), 1), new / max(len(after), 1))
        for label, old, new in zip(*_counts(before, after), strict=True)
    )


def _word_test(folder: VersionFolder, past: Past, before: list[str], after: list[str], seed: int) -> DriftTest:
    """Does the batch hold another share of unknown words?"""
    words = known_words(folder, past)
    if words is None:
        reason = message(
            "drift.words_unknown",
            "Which words it knows cannot be told, since datasets that it learned from were deleted.",
        )
        return unjudged("words", (len(before), len(after)), reason)
    old, new = words.read(before), words.read(after)
    return vocabulary_shift((old.unknown, old.words), (new.unknown, new.words), seed=seed)


def _text_tests(before: list[str], after: list[str], seed: int) -> tuple[DriftTest, DriftTest]:
    """The texts as a whole."""
    rows = (len(before), len(after))
    if not enough(rows):
        return unjudged("texts", rows), unjudged("likeness", rows)
    from core.continual.drift import representation  # scikit-learn takes a second to load

    vectors = representation.text_vectors([*before, *after], seed=seed)
    if vectors is None:
        reason = message("drift.no_words", "The texts have no words in common that could be compared.")
        return unjudged("texts", rows, reason), unjudged("likeness", rows, reason)
    told = representation.two_sample_classifier(vectors, rows[0], seed=seed)
    return told, representation.mean_discrepancy(vectors, rows[0], seed=seed)
