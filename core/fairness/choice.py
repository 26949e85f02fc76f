"""Which groups are told apart, and for which answer: what a person chose when fairness was measured. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.base.errors import DataError
from core.data.dataset.inputs import parse
from core.fairness.groups import Grouping, by_column, by_words
from core.fairness.terms import TermGroup, parse_terms, terms_for

By = Literal["words", "column"]


@dataclass(frozen=True)
class GroupChoice:
    """How rows are put into groups.

    Parameters
    ----------
    column
        A further column of the texts; empty for the group column of the dataset.
    terms
        The list of words as text; empty for the built-in list of the texts' language.
    positive
        The label whose answers are compared.
    """

    by: By
    positive: str
    column: str = ""
    terms: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> GroupChoice:
        return GroupChoice(**{name: stored[name] for name in ("by", "positive", "column", "terms")})

    def words(self, language: str) -> tuple[TermGroup, ...]:
        """The list that is in force for texts of a language."""
        return parse_terms(self.terms) if self.terms.strip() else terms_for(language)

    def grouping(self, texts: Sequence[str], groups: Sequence[str], language: str) -> Grouping:
        """The groups of rows, from their texts and the values of their dataset's group column (``""`` where there is none).

        Raises
        ------
        DataError
            Where the column is not there, or makes no groups.
        """
        if self.by == "words":
            return by_words(texts, self.words(language))
        if not self.column:
            if not any(groups):
                raise DataError(
                    "fairness.no_group_column",
                    "These rows have no group column. Choose which column says the group when the dataset is loaded, name a "
                    "further column of the texts, or tell groups by words.",
                )
            return by_column(groups)
        fields = [{field.name: field.value for field in parse(text)[1]} for text in texts]
        known = sorted({name for row in fields for name in row})
        if self.column not in known:
            raise DataError(
                "fairness.no_column",
                "The texts have no further column “{column}”. They have: {known}.",
                column=self.column,
                known=known or ["–"],
            )
        return by_column([row.get(self.column) for row in fields], self.column)
