"""Labels in a table to rename, merge, place below others and drop; what comes out are the steps of a recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.base.errors import DataError
from core.data.dataset.label_tree import as_path, placed
from core.data.recipe import DropLabels, RenameLabels, Step
from dashboard.parts import tables
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message

MOST_LABELS = 500  # in the table
LONGEST = 80  # characters of a label


def edit_labels(counts: Mapping[str, int], *, key: str) -> list[Step]:
    """Draw the table, and what it would come to; returns the steps, none while nothing was changed."""
    if _are_numbers(counts):
        st.caption(f":material/tag: {t('labels.numbers')}")
    names = list(counts)[:MOST_LABELS]
    table = pd.DataFrame(
        {
            "label": names,
            "rows": [counts[name] for name in names],
            "name": names,
            "parent": [""] * len(names),
            "drop": [False] * len(names),
        }
    )
    config = {
        "label": st.column_config.TextColumn(t("labels.label"), disabled=True),
        "rows": st.column_config.NumberColumn(t("labels.rows"), disabled=True, format="localized"),
        "name": st.column_config.TextColumn(t("labels.name"), help=t("labels.name_help"), max_chars=LONGEST),
        "parent": st.column_config.TextColumn(t("labels.parent"), help=t("labels.parent_help"), max_chars=LONGEST),
        "drop": st.column_config.CheckboxColumn(t("labels.drop"), help=t("labels.drop_help")),
    }
    edited = st.data_editor(table, hide_index=True, column_config=config, key=key, height=tables.height_of(len(names)))
    try:
        steps = steps_of(edited)
    except DataError as error:
        show_error(error)
        return []
    if steps:
        _preview(edited)
        for step in steps:
            st.caption(f":material/edit: {tables.plain(t_message(step.sentence()))}")
    return steps


def steps_of(edited: pd.DataFrame) -> list[Step]:
    """Steps for a table with the columns ``label``, ``name``, ``parent`` and ``drop``; an empty name leaves the label as it is.

    Raises
    ------
    DataError
        When labels stand below each other in a circle.
    """
    dropped = tuple(str(label) for label in edited.loc[edited["drop"], "label"])
    names = {label: name for label, name in _names(edited).items() if name != label}
    steps: list[Step] = [DropLabels(labels=dropped)] if dropped else []
    return [*steps, RenameLabels(names=names)] if names else steps


def after(edited: pd.DataFrame) -> dict[str, int]:
    """Label → rows once the steps are done, the most frequent first."""
    counts: Counter[str] = Counter()
    rows = dict(zip(edited["label"], edited["rows"], strict=True))
    for label, name in _names(edited).items():
        counts[name] += int(rows[label])
    return dict(counts.most_common())


def _names(edited: pd.DataFrame) -> dict[str, str]:
    """What each label that stays is called afterwards."""
    kept = edited[~edited["drop"]]
    typed = {name: [_typed(value) for value in kept[name]] for name in ("label", "name", "parent")}
    names = [name or label for label, name in zip(typed["label"], typed["name"], strict=True)]
    paths = placed({name: parent for name, parent in zip(names, typed["parent"], strict=True) if parent})
    return {label: paths.get(name, name) for label, name in zip(kept["label"], names, strict=True)}


def _typed(value: object) -> str:
    """What a cell holds; an emptied one holds no string."""
    return as_path(value.strip()) if isinstance(value, str) else ""


def _preview(edited: pd.DataFrame) -> None:
    counts = after(edited)
    if len(counts) < 2:
        st.warning(t("labels.one_left" if counts else "labels.none_left"), icon=":material/warning:")
    listed = ", ".join(f"{tables.plain(name)} ({tables.thousands(rows)})" for name, rows in list(counts.items())[:20])
    st.markdown(t("labels.after", labels=listed or tables.NOTHING))


def _are_numbers(counts: Mapping[str, int]) -> bool:
    return bool(counts) and all(name.strip().lstrip("-").isdecimal() for name in counts)
