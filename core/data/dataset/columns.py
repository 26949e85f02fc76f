"""Which column of a table plays which role, guessed from names first and contents second."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import pandas

from core.data.reading.names import GROUP_NAMES, LABEL_NAMES, SPLIT_NAMES, TEXT_NAMES, TIME_NAMES, rank
from core.data.spans.cells import are_marked, hold_spans

_FILLED = 0.5  # share of the fullest column's values that a label column without a fitting name has at least
_NAMED_FILLED = 0.1  # share of the rows in which one with a fitting name has more than nothing
_TIME = re.compile(
    r"(\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?"
)
_SAMPLE = 2000  # rows looked at, evenly spaced

Targets = Literal["nothing", "label", "labels", "spans"]
LIST = "[]"  # in place of a separator: each cell is a list as JSON writes it

_SPLITS = {
    **dict.fromkeys(("train", "training", "训练", "训练集", "訓練", "訓練集"), "train"),
    **dict.fromkeys(
        ("validation", "valid", "val", "dev", "development", "验证", "验证集", "驗證", "驗證集"), "validation"
    ),
    **dict.fromkeys(("test", "testing", "测试", "测试集", "測試", "測試集"), "test"),
}


@dataclass(frozen=True)
class ColumnRoles:
    """Names of the columns that play a role; None where no column does.

    Parameters
    ----------
    inputs
        Further columns that are read beside the text, each with its kind; see `core.data.dataset.inputs`.
    labels
        Columns that say yes or no to a label each, which is called as its column; in place of ``label``.
    separator
        Sign that stands between the labels of a cell of ``label``, or `LIST` where each is a list; None where every cell is one
        label.
    below
        Columns whose values stand below that of ``label``, from the top down: "Food" and "Pizza" are "Food > Pizza". A blank
        one ends the label.
    spans
        Whether ``label`` holds entities, see `core.data.spans`; without a label the texts carry them as marks.
    """

    text: str
    label: str | None
    split: str | None = None
    group: str | None = None
    time: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    separator: str | None = None
    below: tuple[str, ...] = ()
    spans: bool = False

    def __post_init__(self) -> None:  # stored as lists
        object.__setattr__(self, "inputs", tuple((name, kind) for name, kind in self.inputs))
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "below", tuple(self.below))

    @property
    def kind(self) -> Targets:
        """What is known of each row beside its text."""
        if self.spans:
            return "spans"
        return "labels" if self.several else "label" if self.label is not None else "nothing"

    @property
    def several(self) -> bool:
        """Whether a row may have several labels."""
        return bool(self.labels) or self.separator is not None

    def columns(self) -> dict[str, str]:
        """Role → column, for the roles that are filled; further columns and columns of labels are numbered."""
        single = {role: getattr(self, role) for role in ("text", "label", "split", "group", "time")}
        filled = {role: column for role, column in single.items() if column is not None}
        filled |= {f"label {number}": column for number, column in enumerate(self.labels, start=1)}
        filled |= {f"below {number}": column for number, column in enumerate(self.below, start=1)}
        return filled | {f"input {number}": name for number, (name, _) in enumerate(self.inputs, start=1)}


def split_name(value: str) -> str | None:
    """``"train"``, ``"validation"`` or ``"test"`` for the names people use, in any case; None for anything else."""
    return _SPLITS.get(value.strip().lower())


def guess_roles(table: pandas.DataFrame) -> ColumnRoles:
    """Guess the roles of a table's columns.

    The text is the column with a fitting name, otherwise the one with the longest values. The label is a column with
    a fitting name, otherwise the one with the fewest different values, but never one that is almost empty. Split, group and
    time go by name; a split column must also hold split names and nothing else. A column of entities is told by what it holds.
    """
    sample = _sampled(table)
    names = [str(column) for column in table.columns]
    text = _guess_text(sample, names)
    free = [name for name in names if name != text]
    split = next(iter(_by_rank([name for name in free if _holds_splits(sample[name])], SPLIT_NAMES)), None)
    free = [name for name in free if name != split]
    label = next((name for name in free if _hold_spans(sample, text, name)), None) or _guess_label(sample, free)
    free = [name for name in free if name != label]
    group = next(iter(_by_rank(free, GROUP_NAMES, whole=True)), None)
    time = next(iter(_by_rank([name for name in free if name != group], TIME_NAMES)), None)
    return with_spans(sample, ColumnRoles(text, label, split, group, time))


def with_spans(table: pandas.DataFrame, roles: ColumnRoles) -> ColumnRoles:
    """The roles, with ``spans`` where the column of labels, or without one the texts themselves, hold entities."""
    if roles.several or roles.below or not {roles.text, roles.label or roles.text} <= set(table.columns):
        return roles
    table = _sampled(table)
    if roles.label is None:
        return replace(roles, spans=are_marked(_filled(table, roles.text)[roles.text].tolist()))
    return replace(roles, spans=_hold_spans(table, roles.text, roles.label))


def _hold_spans(table: pandas.DataFrame, text: str, column: str) -> bool:
    """Whether a column holds entities of the texts."""
    rows = _filled(table, column)
    cells = rows[column].tolist()
    if not cells or cells[0].lstrip()[:1] not in ("[", "{"):
        return False
    return hold_spans(rows[text].fillna("").tolist(), cells)


def _sampled(table: pandas.DataFrame) -> pandas.DataFrame:
    """Some rows, evenly spaced."""
    return table.iloc[list(range(0, len(table), max(1, len(table) // _SAMPLE)))]  # a slice would copy the whole table


def _filled(table: pandas.DataFrame, column: str) -> pandas.DataFrame:
    """The rows of a table in which a column holds something."""
    return table[table[column].fillna("").str.strip() != ""]


def _guess_text(sample: pandas.DataFrame, names: list[str]) -> str:
    lengths = {name: float(sample[name].str.len().mean() or 0) for name in names}
    fitting = _by_rank(names, TEXT_NAMES)
    if fitting:
        # A table may have both a title and a body: the longer one says more, unless the names rank far apart.
        best = fitting[0]
        longer = [name for name in fitting if lengths[name] > 3 * lengths[best]]
        return longer[0] if longer else best
    return max(names, key=lambda name: (not _by_rank([name], LABEL_NAMES), lengths[name]))


def _guess_label(sample: pandas.DataFrame, free: list[str]) -> str | None:
    filled = {name: int((sample[name].str.strip() != "").sum()) for name in free}
    fitting = _by_rank([name for name in free if filled[name] > _NAMED_FILLED * len(sample)], LABEL_NAMES)
    if fitting:
        return fitting[0]
    free = [name for name in free if filled[name] >= _FILLED * max(1, *filled.values())]
    values = {name: sample[name][sample[name].str.strip() != ""] for name in free if not _by_rank([name], TIME_NAMES)}
    few = {
        name: column.nunique()
        for name, column in values.items()
        if 2 <= column.nunique() <= max(2, len(column) // 2) and not _holds_times(column)
    }
    return min(few, key=lambda name: few[name], default=None)


def _holds_times(column: pandas.Series[str]) -> bool:
    """Whether all values are dates or times."""
    return all(_TIME.fullmatch(value.strip()) for value in column.unique())


def _by_rank(names: Iterable[str], known: list[str], *, whole: bool = False) -> list[str]:
    """The names that fit ``known``, best first; ``whole`` leaves out those of which only a word fits."""
    ranked = {name: rank(name, known) for name in names}
    fitting = {
        name: position
        for name, position in ranked.items()
        if position is not None and (not whole or position < len(known))
    }
    return sorted(fitting, key=lambda name: fitting[name])


def _holds_splits(column: pandas.Series[str]) -> bool:
    values = [value for value in column.unique() if value.strip()]
    return bool(values) and all(split_name(value) is not None for value in values)
