"""Tables that give several labels to one text, which no classifier here can learn: found, and explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas

from core.base.messages import Message, message
from core.data.dataset.label_spelling import is_list

SEPARATORS = (";", "|", ",", "；", "，", "、")
_SAMPLE = 2000  # rows looked at
_SHARE = 0.05  # of the rows that must hold several labels
_COLUMNS = 3  # of 0 and 1 beside each other, from which they look like a label each


def several_labels(values: Sequence[str]) -> Message | None:
    """A sentence where a label column holds several labels in a cell: ``a;b``, ``a|b`` or ``["a", "b"]``; otherwise None.

    A list of one is that one. A separator counts only where most of the parts also stand alone, so that "good, but dear" is
    one label.
    """
    sample = [value.strip() for value in values[:: max(1, len(values) // _SAMPLE)] if value.strip()]
    if not sample:
        return None
    lists = [value for value in sample if is_list(value)]
    if len(lists) > _SHARE * len(sample):
        return _told(lists[0])
    alone = Counter(sample)
    for separator in SEPARATORS:
        several = [value for value in sample if separator in value]
        parts = {part.strip() for value in several for part in value.split(separator)}
        known = [part for part in parts if part in alone]
        if len(several) > _SHARE * len(sample) and len(parts) > 1 and 2 * len(known) > len(parts):
            return _told(several[0])
    return None


def label_columns(table: pandas.DataFrame) -> list[str]:
    """Columns that hold only 0 and 1 where there are at least three of them; empty otherwise."""
    sample = table.iloc[:: max(1, len(table) // _SAMPLE)]
    binary = [str(name) for name in table.columns if set(sample[name].unique()) == {"0", "1"}]
    return binary if len(binary) >= _COLUMNS else []


def many_columns(columns: Sequence[str]) -> Message:
    """The sentence for `label_columns`."""
    return message(
        "data.label_columns",
        "The columns {columns} look like a label each, several of which may hold for one text. A classifier here gives one "
        "label: choose one of these columns, and train a classifier for each label that matters.",
        columns=list(columns[:8]),
    )


def _told(example: str) -> Message:
    return message(
        "data.several_labels",
        "Some rows have several labels, such as '{example}'. A classifier here gives one label to a text, and would take "
        "each combination for a label of its own. Keep one label a row, or make a column of yes and no for each label.",
        example=example[:60],
    )
