"""The rows that drift is measured on.

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

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import Keys, key_numbers
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import confidence
from core.workflows.versions.past import Past

COMPARED_ROWS = 1000  # of each side at most that the tests of words, texts and answers read, drawn by seed
FEWEST_COMPARED = 300
EARLIER_ROWS = 2  # times as many earlier rows as new ones are read at most: more would hardly see more
READ_CHARACTERS = 400_000  # of each side, about, so that long texts take seconds, too
EARLIER_TEXTS = 2  # times as many earlier texts say how frequent words were: only their words are read


@dataclass(frozen=True, eq=False)
class ComparedRows:
    """Rows whose text occurs once, and what was known before of those that come again.

    Parameters
    ----------
    held_out
        Columns text, label, predicted and confidence; the last two of tests only.
    new
        New rows of the batch: columns text, label and row, their number.
    learned
        Texts that the champion was trained on. They say how frequent words were, which no training changes.
    keys
        Key of every row of the batch: what makes its text the same as another.
    earlier
        Key → the labels that a text of the batch had before.
    """

    held_out: pd.DataFrame
    new: pd.DataFrame
    learned: list[str]
    keys: list[int]
    earlier: dict[int, set[str]]


def compared_rows(folder: VersionFolder, batch: TextDataset, past: Past) -> ComparedRows:
    """Find the rows that can be compared."""
    tests = pd.concat([_test(folder.predictions(record.number)) for record in folder.experiences()])
    tests["key"] = key_numbers(tests["text"].tolist())
    texts, labels, keys = past.met.sample(validated=True)
    validation = pd.DataFrame({"text": texts, "label": labels, "predicted": None, "confidence": np.nan, "key": keys})
    held_out = pd.concat([tests, validation], ignore_index=True)
    new = pd.DataFrame({"text": list(batch.texts), "label": batch.label_names(), "row": np.arange(len(batch))})
    new["key"] = key_numbers(batch.texts)
    met, came = (_times(keys) for keys in (np.concatenate([past.met.keys, tests["key"]]), new["key"].to_numpy()))
    if 2 * np.isin(met[0], came[0]).sum() > len(met[0]):  # the old rows were sent along
        fresh = ~np.isin(came[0], met[0])
        came = (came[0][fresh], came[1][fresh])
    once = [own[0][(own[1] == 1) & ~np.isin(own[0], other[0])] for own, other in ((met, came), (came, met))]
    texts, _, keys = past.met.sample(validated=False)
    learned = {key: text for key, text, kept in zip(keys.tolist(), texts, np.isin(keys, once[0]), strict=True) if kept}
    earlier = past.met.labels_of(new["key"].to_numpy())
    again = tests[tests["key"].isin(new["key"])]
    for key, label in zip(again["key"].tolist(), again["label"], strict=True):
        earlier.setdefault(key, set()).add(label)
    return ComparedRows(
        held_out=held_out[held_out["key"].isin(once[0])].drop_duplicates("key"),
        new=new[new["key"].isin(once[1])].drop_duplicates("key"),
        learned=list(learned.values()),
        keys=new["key"].tolist(),
        earlier=earlier,
    )


def _times(keys: Keys) -> tuple[Keys, np.ndarray]:
    """Each key, and how often it occurs; once each where most come several times, as when two equal files were joined."""
    distinct, times = np.unique(keys, return_counts=True)
    return (distinct, np.ones_like(times)) if 2 * int((times > 1).sum()) > len(distinct) else (distinct, times)


def _test(answers: pd.DataFrame) -> pd.DataFrame:
    table = answers[["text", "truth", "predicted"]].rename(columns={"truth": "label"})
    return table.assign(confidence=confidence(answers))


def affordable(before: Iterable[str], after: Iterable[str]) -> int:
    """Rows a side to read: `COMPARED_ROWS`, or fewer of long texts."""
    # both sides together: how many rows of one are read must not depend on how long just its texts are
    lengths = [len(text) for side in (before, after) for text in side]
    rows = READ_CHARACTERS * len(lengths) // max(sum(lengths), 1)
    return min(COMPARED_ROWS, max(FEWEST_COMPARED, rows))


def drawn_texts(texts: list[str], count: int, seed: int) -> list[str]:
    """At most so many of the texts."""
    if len(texts) <= count:
        return texts
    return [texts[index] for index in np.sort(np.random.default_rng(seed).choice(len(texts), count, replace=False))]


def drawn(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """At most so many of the rows."""
    if len(rows) <= count:
        return rows
    return rows.iloc[np.sort(np.random.default_rng(seed).choice(len(rows), count, replace=False))]
