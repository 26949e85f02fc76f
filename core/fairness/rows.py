"""Which group a row counts to, and what a row would say of somebody else; functions of the row's text alone.

So rows of a batch, remembered rows and rows of earlier batches are treated alike, and nothing has to be kept beside them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.base.errors import DataError
from core.data.dataset.inputs import FIELD, parse
from core.data.dataset.language import language_of
from core.fairness.config import FairnessConfig
from core.fairness.groups import Grouping, by_column, by_words
from core.fairness.terms import Finder, TermGroup, axes_of, never_meant, parse_terms, terms_for
from core.networks.standalone.personal import group_key

Cells = NDArray[np.int64]
NOBODY = 0  # the cell of rows that are in no group


def terms_of(config: FairnessConfig, texts: Sequence[str]) -> tuple[TermGroup, ...]:
    """The list that a person wrote, with ``;`` or line ends between groups; else the built-in one of the texts' language."""
    if config.identity_terms.strip():
        return parse_terms(re.sub("[;；]", "\n", config.identity_terms))
    return terms_for(language_of(texts))


def column_values(texts: Sequence[str], column: str) -> list[str]:
    """What each row has in a further column, case and spaces aside; empty where it has nothing.

    Raises
    ------
    DataError
        When no row has such a column.
    """
    known = sorted({own.name for text in texts if FIELD in text for own in parse(text)[1]})
    if column not in known:
        raise DataError(
            "mitigation.column_missing",
            "These rows have no further column '{column}', so they cannot be grouped by it. Their further columns are: {known}. "
            "Name one of them, or load the table again with that column as a category.",
            column=column,
            known=known or ["–"],
        )
    return [group_key(text, column) for text in texts]


def grouping_of(config: FairnessConfig, texts: Sequence[str], terms: Sequence[TermGroup]) -> Grouping:
    """The groups of these rows, as the settings ask for them.

    Raises
    ------
    DataError
        When there are fewer than two groups to tell apart, or the column is missing.
    """
    if config.fairness_groups == "column":
        return by_column(column_values(texts, config.group_column), config.group_column)
    grouping = by_words(texts, terms)
    if not grouping.members.any():
        raise DataError(
            "mitigation.no_words",
            "None of the {rows:,} training texts holds an identity word, so nothing can be done against unequal treatment. Write "
            "a list of the words that name groups in your texts, or group by a column.",
            rows=len(texts),
        )
    return grouping


class Assigner:
    """Gives each row one cell: the rarest group that it is in, so that groups do not overlap; `NOBODY` where there is none.

    Parameters
    ----------
    texts
        Rows by which groups are known and counted.
    """

    def __init__(self, config: FairnessConfig, texts: Sequence[str], terms: Sequence[TermGroup]) -> None:
        self._config, self._terms = config, tuple(terms)
        grouping = grouping_of(config, texts, terms)
        order = np.argsort(grouping.sizes, kind="stable")
        present = [int(number) for number in order if grouping.sizes[number]]
        if config.fairness_groups == "words":  # those that no text names yet may come with an update
            present += [int(number) for number in order if not grouping.sizes[number]]
        self.names = tuple(grouping.names[number] for number in present)
        self._place = {name: place for place, name in enumerate(self.names)}
        self._known: dict[str, int] = {}

    def cells(self, texts: Sequence[str]) -> Cells:
        """The cell of each row, int64 (rows): `NOBODY`, or one more than the place of a group in ``names``."""
        unknown = [text for text in dict.fromkeys(texts) if text not in self._known]
        if unknown:
            self._known.update(zip(unknown, self._assigned(unknown), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.int64)

    def _assigned(self, texts: list[str]) -> list[int]:
        if self._config.fairness_groups == "column":
            return [1 + self._place.get(group_key(text, self._config.group_column), -1) for text in texts]
        grouping = by_words(texts, self._terms)
        columns = [grouping.names.index(name) for name in self.names]
        ordered = grouping.members[:, columns]
        cells: list[int] = np.where(ordered.any(axis=1), 1 + ordered.argmax(axis=1), NOBODY).tolist()
        return cells


@dataclass
class Swapper:
    """Makes of a text the same text about somebody else: every word of one group becomes its counterpart in another.

    Parameters
    ----------
    terms
        Groups; words are exchanged within an axis alone. A word without a counterpart becomes the other group's first.
    seed
        Which other group it is depends on this and on the text.

    References
    ----------
    Lu et al. 2018, "Gender Bias in Neural Natural Language Processing"; Garg et al. 2019, "Counterfactual Fairness in Text
    Classification through Robustness".
    """

    terms: Sequence[TermGroup]
    seed: int = 0
    _finder: Finder = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._finder = Finder(self.terms)
        self._axes = axes_of(self.terms)
        self._owner = {
            (group.axis, word): (place, group.words.index(word))
            for own in self._axes.values()
            for place, group in enumerate(own)
            for word in group.words
        }

    def swapped(self, text: str, copy: int = 0) -> str | None:
        """The text about another group; None where no word of it can be exchanged.

        Parameters
        ----------
        copy
            Other copies of a text are about other groups, as far as there are any.
        """
        body, sign, rest = text.partition(FIELD)
        generator = np.random.default_rng([self.seed, zlib.crc32(body.encode("utf-8", "replace")), copy])
        steps = {axis: int(generator.integers(1, len(own))) for axis, own in self._axes.items() if len(own) > 1}
        parts, end = [], 0
        for occurrence in sorted(self._finder.occurrences(body), key=lambda each: each.start):
            if occurrence.start < end or occurrence.axis not in steps:
                continue
            groups = self._axes[occurrence.axis]
            place, index = self._owner[occurrence.axis, occurrence.word]
            words = groups[(place + steps[occurrence.axis]) % len(groups)].words
            standing = body[occurrence.start : occurrence.end]
            parts += [body[end : occurrence.start], _cased(words[index if index < len(words) else 0], standing)]
            end = occurrence.end
        return "".join([*parts, body[end:]]) + sign + rest if parts else None


def hidden_words(terms: Iterable[TermGroup]) -> dict[str, list[str]]:
    """What a pipeline is told so that no model sees a word of these groups: the words, and phrases that mean something else."""
    words = sorted({word for group in terms for word in group.words})
    shown = sorted({phrase for language in ("en", "zh") for phrase in never_meant(language)})
    return {"hidden": words, "shown": shown} if words else {}


def _cased(word: str, standing: str) -> str:
    """A word written as large as the one in whose place it stands."""
    if len(standing) > 1 and standing.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if standing[:1].isupper() else word
