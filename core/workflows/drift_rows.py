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

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.data import TextDataset, text_key
from core.workflows.version import VersionFolder

if TYPE_CHECKING:
    from core.workflows.update import Past

COMPARED_ROWS = 1000  # of each side at most that the tests of words, texts and answers read, drawn by seed
FEWEST_COMPARED = 300
READ_CHARACTERS = 400_000  # of each side, about, so that long texts take seconds, too
EARLIER_TEXTS = 4  # times as many earlier texts say how frequent words were: only their words are read


@dataclass(frozen=True, eq=False)
class ComparedRows:
    """Rows whose text occurs once, and what was known before of those that come again.

    Parameters
    ----------
    held_out
        Columns text, label, predicted and confidence; the last two of tests only.
    new
        Of the batch: columns text, label and row, their number.
    learned
        Texts that the champion was trained on. They say how frequent words were, which no training changes.
    earlier
        What makes a text the same as another → the labels that it had before.
    """

    held_out: pd.DataFrame
    new: pd.DataFrame
    learned: list[str]
    earlier: dict[str, set[str]]


def compared_rows(folder: VersionFolder, batch: TextDataset, past: Past) -> ComparedRows:
    """Find the rows that can be compared."""
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
    if 2 * len(before.keys() & after.keys()) > len(before):  # the old rows were sent along
        after = Counter({key: times for key, times in after.items() if key not in before})
    once = {key for times in (before, after) for key in times if before[key] + after[key] == 1}
    kept = (table[table["key"].isin(once & times.keys())] for table, times in ((held_out, before), (new, after)))
    held_out, new = (table.drop_duplicates("key") for table in kept)
    learned = {key: text for key, text in zip(trained, past.train[0], strict=True) if key in once}
    return ComparedRows(held_out, new, list(learned.values()), earlier)


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
    return [texts[place] for place in np.sort(np.random.default_rng(seed).choice(len(texts), count, replace=False))]


def drawn(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """At most so many of the rows."""
    if len(rows) <= count:
        return rows
    return rows.iloc[np.sort(np.random.default_rng(seed).choice(len(rows), count, replace=False))]
