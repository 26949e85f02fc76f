"""How an uploaded table has several labels a row, where it has: guessed, shown, and chosen otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas
import streamlit as st

from core.data.dataset.columns import LIST, ColumnRoles
from core.data.dataset.multilabel import SEPARATORS, guess_separator, label_columns
from dashboard.parts import choices
from dashboard.shell.i18n import t

ONE, COLUMNS = "one", "columns"  # among separators: a label a row, a column for each label
WIDGETS = "several_"  # the keys of the widgets have it
HOW, WHICH = f"{WIDGETS}how", f"{WIDGETS}columns"


@dataclass(frozen=True)
class Sets:
    """What was chosen; nothing of it where every row has one label.

    Parameters
    ----------
    columns
        The columns that are a label each; None where labels stand in cells.
    """

    separator: str | None = None
    columns: tuple[str, ...] | None = None


def choose_sets(
    prefix: str,
    table: pandas.DataFrame,
    label: str | None,
    guess: ColumnRoles,
    box: Any,
    *,
    known: Sequence[str],
    texts_alone: bool,
) -> Sets:
    """Ask how many labels a row has; starts at what the table looks like.

    Parameters
    ----------
    label
        The label column that is chosen; None where there is none, as where each label has a column.
    guess
        Roles as they were guessed, or as they were last time.
    known
        Labels that a model knows.
    texts_alone
        Whether there may be no labels at all.
    """
    binary = label_columns(table)
    options = [ONE, *SEPARATORS, LIST, COLUMNS]
    first = _first(table, label, guess, binary, known)
    if first == ONE and label is None and texts_alone and not binary:
        return Sets()
    # Another label column is looked at anew. The names are translated, so the choice has to be found again in another language.
    key = f"{prefix}.{label}.{HOW}"
    with box:
        how = choices.listed(
            t("upload.labels_in_row"),
            {option: _named(option) for option in options},
            key=key,
            first=st.session_state.get(f"{key}.last", first),
            help=t("upload.labels_in_row_help"),
        )
    st.session_state[f"{key}.last"] = how
    if how == ONE:
        return Sets()
    if how != COLUMNS:
        return Sets(separator=how) if label is not None else Sets()
    names = [str(name) for name in table.columns]
    columns = st.multiselect(
        t("upload.label_columns"),
        names,
        default=[name for name in guess.labels or binary if name in names],
        key=f"{prefix}.{WHICH}",
        help=t("upload.label_columns_help"),
        persist_state="session",
    )
    return Sets(columns=tuple(columns))


def _first(
    table: pandas.DataFrame, label: str | None, guess: ColumnRoles, binary: list[str], known: Sequence[str]
) -> str:
    """What the box starts at."""
    if guess.labels or (binary and (label is None or label in binary)):
        return COLUMNS
    if label is None:
        return ONE
    seen = guess_separator(table[label].fillna("").astype(str).tolist(), known)
    # What the last table had stands, also where this one shows no sign of it; but cells that are lists are lists.
    if guess.separator is not None and label == guess.label and seen != LIST:
        return guess.separator
    return seen or ONE


def _named(how: str) -> str:
    if how in (ONE, COLUMNS):
        return t(f"upload.labels_{how}")
    return t("upload.labels_lists") if how == LIST else t("upload.labels_separated", separator=how)
