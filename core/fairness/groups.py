"""Which rows belong to which group of people, by words in their texts or by a column; a row may be in several, or in none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.base.errors import DataError
from core.data.dataset.inputs import body_of
from core.fairness.terms import Finder, TermGroup

MOST_GROUPS = 50  # values of a column


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of rows.

    Parameters
    ----------
    names
        The groups: ``axis/name`` of words, and the values of a column.
    members
        Which rows are in which group, bool, ``(rows, groups)``.
    """

    names: tuple[str, ...]
    members: NDArray[np.bool_]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many rows each group has, ``(groups,)``."""
        return np.asarray(self.members.sum(axis=0), dtype=np.int64)


def by_words(texts: Sequence[str], terms: Sequence[TermGroup]) -> Grouping:
    """The rows whose text names a group; the groups stand in the list's order, those that no text names among them."""
    finder = Finder(terms)
    members = np.zeros((len(texts), len(terms)), dtype=bool)
    numbers = {(group.axis, word): number for number, group in enumerate(terms) for word in group.words}
    for row, text in enumerate(texts):
        for occurrence in finder.occurrences(body_of(text)):
            members[row, numbers[occurrence.axis, occurrence.word]] = True
    return Grouping(tuple(group.title for group in terms), members)


def by_column(values: Sequence[str | None], column: str = "group") -> Grouping:
    """A group for each value of a column, the largest first; rows without a value are in none.

    Parameters
    ----------
    column
        The column's name, for the sentence where it does not suit.

    Raises
    ------
    DataError
        Where there are fewer than two values, or more than 50, as in a column of names or numbers.
    """
    plain = [(value or "").strip() for value in values]
    counts = Counter(value for value in plain if value)
    if len(counts) > MOST_GROUPS:
        raise DataError(
            "fairness.column_many",
            "The column “{column}” has {number} different values, and at most {most} groups can be told apart. Choose a column "
            "that says which group a row belongs to, such as a region or an age band.",
            column=column,
            number=len(counts),
            most=MOST_GROUPS,
        )
    if len(counts) < 2:
        raise DataError(
            "fairness.column_one",
            "The column “{column}” has {number} value in these rows, so there is nothing to compare. At least two groups are "
            "needed: choose another column, or groups by words.",
            column=column,
            number=len(counts),
        )
    names = tuple(value for value, _ in counts.most_common())
    table = np.array(plain, dtype=object)
    return Grouping(names, np.stack([table == name for name in names], axis=1))
