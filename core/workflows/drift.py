"""A batch against what the champion learned: has anything changed, and is an update worth it?

**What a batch is compared with.** The rows that the champion was not trained on: the validation rows and frozen tests
of all its experiences. Training rows would not do: the champion knows them by heart, so it is surer of them than it can
be of any new text, and its vocabulary was made from them, so that none of their words is unknown. What concerns its
answers (confidence, accuracy) is compared with the frozen tests alone: the best epoch was chosen by the validation rows,
which flatters the answers to them, and the answers to the tests are stored.

**Which rows count.** Only texts that occur once in everything that the champion met and the batch together. If nothing
changed, such a row is as likely to have come early as late, which is what makes the p-values true. Rows whose text occurs
again are not independent: all copies went to the same part of the split, and a text seen often is rarely new. (Copies
made wholesale, by sending the old rows along or by joining equal files, count once.) In simulations where popular texts
carry another label than rare ones, a label test that promises 5 % false alarms raised 14 to 49 % with all rows, up to
35 % with one row a text and side, and 4 to 5 % with the texts that occur once.

Validation and test rows are drawn label by label, which makes their label shares more regular than chance would: the
label test errs on the safe side. Rows of one author or one day are not independent either, and nothing here can tell.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.data import TextDataset, text_key
from core.messages import message
from core.metrics.drift import (
    FALSE_ALARMS,
    DriftTest,
    accuracy_drop,
    confidence_shift,
    enough,
    label_shift,
    together,
    unjudged,
    vocabulary_shift,
)
from core.metrics.drift_advice import Advice, Evidence, advise
from core.metrics.label_doubt import Answers, Contradictions, Doubt, contradictions_found, surely_contradicted
from core.standalone.predict import Classifier
from core.workflows.drift_words import known_words
from core.workflows.version import VersionFolder

if TYPE_CHECKING:
    from core.workflows.update import Past

COMPARED_ROWS = 1000  # of each side at most that the tests of words, texts and answers read, drawn by seed
FEWEST_COMPARED = 300
READ_CHARACTERS = 400_000  # of each side, about, so that long texts take seconds, too


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
        In a fixed order; `DriftTest.adjusted` holds for all of them together.
    batch_rows, repeated_rows
        Rows of the batch, and those left out since their text occurs again, there or in what the version met.
    rows
        Rows that could be compared: held-out, and of the batch.
    new_labels
        Labels that the version does not know → rows of the batch.
    new_words
        Words of the batch that the version does not know → texts of the batch they occur in; the most frequent first.
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
    new_words: dict[str, int]
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
            "labels": [{"label": one.label, "before": one.before, "after": one.after} for one in self.shares],
            "new_labels": self.new_labels,
            "new_words": self.new_words,
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
    classifier: Classifier | None = None,
    seed: int = 0,
) -> DriftReport:
    """Compare a batch with what a version learned; a few seconds, however large the batch is.

    Parameters
    ----------
    past
        Of the same version, from `core.workflows.read_past`.
    picked
        Whether the rows were picked because the version's answer was wrong (corrections): they differ by design.
    classifier
        The version's, when it is already loaded.
    seed
        Of the rows drawn and of the permutations: the same seed gives the same report.
    """
    started = time.monotonic()
    classifier = classifier or Classifier(folder.path)
    held_out, new, earlier = _rows(folder, batch, past)
    read_rows = _affordable(held_out["text"], new["text"])
    old_texts = _drawn(held_out, read_rows, seed)["text"].tolist()
    answered = _answered(_drawn(new, read_rows, seed), classifier)
    names, known = batch.label_names(), set(classifier.labels)
    tested, answerable = held_out[held_out["predicted"].notna()], answered[answered["label"].isin(known)]
    word_test, new_words = _word_test(folder, past, old_texts, answered["text"].tolist(), seed)
    tests = together(
        [
            label_shift(*_counts(held_out["label"], new["label"])[1:], seed=seed),
            word_test,
            *_text_tests(old_texts, answered["text"].tolist(), seed),
            confidence_shift(_drawn(tested, read_rows, seed)["confidence"], answered["confidence"], seed=seed),
            accuracy_drop(_right(tested), _right(answerable)),
        ]
    )
    doubt = surely_contradicted(_answers(tested), _answers(answerable))
    if doubt is not None:
        doubt = replace(doubt, rows=tuple(answerable["row"].iloc[list(doubt.rows)].tolist()))
    evidence = Evidence(
        tests=tests,
        batch_rows=len(batch),
        rows=(len(held_out), len(new)),
        picked=picked,
        new_labels={name: count for name, count in Counter(names).items() if name not in known},
        contradictions=contradictions_found([text_key(text) for text in batch.texts], names, earlier),
        doubt=doubt,
    )
    return DriftReport(
        advice=advise(evidence),
        tests=tests,
        batch_rows=len(batch),
        repeated_rows=len(batch) - len(new),
        rows=evidence.rows,
        shares=_shares(held_out["label"].tolist(), new["label"].tolist()),
        new_labels=dict(evidence.new_labels),
        new_words=new_words,
        contradictions=evidence.contradictions,
        doubt=doubt,
        missing=past.missing,
        seconds=round(time.monotonic() - started, 2),
    )


def _rows(
    folder: VersionFolder, batch: TextDataset, past: Past
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, set[str]]]:
    """Held-out rows and the batch's whose text occurs once; and the labels that each text had before.

    Columns text, label; held-out rows also predicted and confidence (tests only), the batch's also row, their number.
    """
    tests = [_test(folder.predictions(record.number)) for record in folder.experiences()]
    validation = pd.DataFrame({"text": past.validation[0], "label": past.validation[1]})
    held_out = pd.concat([*tests, validation.assign(predicted=None, confidence=np.nan)], ignore_index=True)
    new = pd.DataFrame({"text": list(batch.texts), "label": batch.label_names(), "row": np.arange(len(batch))})
    trained = [text_key(text) for text in past.train[0]]
    held_out["key"], new["key"] = ([text_key(text) for text in table["text"]] for table in (held_out, new))
    met = [*trained, *held_out["key"]]
    earlier: dict[str, set[str]] = {}
    for key, label in zip(met, [*past.train[1], *held_out["label"]], strict=True):
        earlier.setdefault(key, set()).add(label)
    before, after = _times(met), _times(new["key"])
    if 2 * len(before.keys() & after.keys()) > len(before):
        after = Counter({key: times for key, times in after.items() if key not in before})
    once = {key for times in (before, after) for key in times if before[key] + after[key] == 1}
    kept = (table[table["key"].isin(once & times.keys())] for table, times in ((held_out, before), (new, after)))
    held_out, new = (table.drop_duplicates("key") for table in kept)
    return held_out, new, earlier


def _times(keys: Iterable[str]) -> Counter[str]:
    """How often each text occurs; once each where most come several times, as when two equal files were joined."""
    times = Counter(keys)
    repeated = sum(count > 1 for count in times.values())
    return Counter(times.keys()) if 2 * repeated > len(times) else times


def _test(answers: pd.DataFrame) -> pd.DataFrame:
    """A frozen test with the version's answers and their probabilities."""
    probabilities = answers[[name for name in answers.columns if name.startswith("p_")]]
    table = answers[["text", "truth", "predicted"]].rename(columns={"truth": "label"})
    return table.assign(confidence=probabilities.max(axis=1).astype(np.float64))


def _affordable(before: Iterable[str], after: Iterable[str]) -> int:
    """Rows a side to read: `COMPARED_ROWS`, or fewer of long texts."""
    # both sides together: how many rows of one are read must not depend on how long just its texts are
    lengths = [len(text) for side in (before, after) for text in side]
    affordable = READ_CHARACTERS * len(lengths) // max(sum(lengths), 1)
    return min(COMPARED_ROWS, max(FEWEST_COMPARED, affordable))


def _drawn(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """At most so many of the rows."""
    if len(rows) <= count:
        return rows
    return rows.iloc[np.sort(np.random.default_rng(seed).choice(len(rows), count, replace=False))]


def _answered(rows: pd.DataFrame, classifier: Classifier) -> pd.DataFrame:
    """The rows with the version's answers and their probabilities."""
    probabilities = classifier.predict_proba(rows["text"].tolist())
    predicted = np.array(classifier.labels, dtype=object)[probabilities.argmax(axis=1)]
    return rows.assign(predicted=predicted, confidence=probabilities.max(axis=1, initial=0.0).astype(np.float64))


def _answers(rows: pd.DataFrame) -> Answers:
    labels, predicted = (rows[name].to_numpy(dtype=object) for name in ("label", "predicted"))
    return Answers(labels, predicted, rows["confidence"].to_numpy(dtype=np.float64))


def _right(rows: pd.DataFrame) -> tuple[int, int]:
    return int((rows["predicted"] == rows["label"]).sum()), len(rows)


def _counts(before: Iterable[str], after: Iterable[str]) -> tuple[list[str], list[int], list[int]]:
    """All labels of both sides, and the rows of each on either side."""
    found = [Counter(side) for side in (before, after)]
    labels = sorted(found[0].keys() | found[1].keys())
    return labels, [found[0][label] for label in labels], [found[1][label] for label in labels]


def _shares(before: Sequence[str], after: Sequence[str]) -> tuple[LabelShare, ...]:
    return tuple(
        LabelShare(label, old / max(len(before), 1), new / max(len(after), 1))
        for label, old, new in zip(*_counts(before, after), strict=True)
    )


def _word_test(
    folder: VersionFolder, past: Past, before: list[str], after: list[str], seed: int
) -> tuple[DriftTest, dict[str, int]]:
    """The test, and the most frequent of the batch's unknown words."""
    words = known_words(folder, past)
    if words is None:
        reason = message(
            "drift.words_unknown",
            "Which words it knows cannot be told, since datasets that it learned from were deleted.",
        )
        return unjudged("words", (len(before), len(after)), reason), {}
    old, new = words.read(before), words.read(after)
    test = vocabulary_shift((old.unknown, old.words), (new.unknown, new.words), seed=seed)
    return test, new.most_frequent()


def _text_tests(before: list[str], after: list[str], seed: int) -> tuple[DriftTest, DriftTest]:
    """The texts as a whole."""
    rows = (len(before), len(after))
    if not enough(rows):
        return unjudged("texts", rows), unjudged("likeness", rows)
    from core.metrics import representation  # scikit-learn takes a second to load

    vectors = representation.text_vectors([*before, *after], seed=seed)
    if vectors is None:
        reason = message("drift.no_words", "The texts have no words in common that could be compared.")
        return unjudged("texts", rows, reason), unjudged("likeness", rows, reason)
    told = representation.two_sample_classifier(vectors, rows[0], seed=seed)
    return told, representation.mean_discrepancy(vectors, rows[0], seed=seed)
