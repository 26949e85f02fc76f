"""Labels in a table to rename, merge and drop; what comes out are the steps of a recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.data.recipe import DropLabels, RenameLabels, Step
from dashboard.parts import tables
from dashboard.shell.i18n import t, t_message

MOST_LABELS = 500  # in the table
LONGEST = 80  # characters of a label


def edit_labels(counts: Mapping[str, int], *, key: str) -> list[Step]:
    """Draw the table, and what it would come to; returns the steps, none while nothing was changed."""
    if _are_numbers(counts):
        st.caption(f":material/tag: {t('labels.numbers')}")
    names = list(counts)[:MOST_LABELS]
    table = pd.DataFrame(
        {"label": names, "rows": [counts[name] for name in names], "name": names, "drop": [False] * len(names)}
    )
    config = {
        "label": st.column_config.TextColumn(t("labels.label"), disabled=True),
        "rows": st.column_config.NumberColumn(t("labels.rows"), disabled=True, format="localized"),
        "name": st.column_config.TextColumn(t("labels.name"), help=t("labels.name_help"), max_chars=LONGEST),
        "drop": st.column_config.CheckboxColumn(t("labels.drop"), help=t("labels.drop_help")),
    }
    edited = st.data_editor(
        table, hide_index=True, column_config=config, key=key, height=min(420, 38 + 35 * len(names))
    )
    steps = steps_of(edited)
    if steps:
        _preview(edited)
        for step in steps:
            st.caption(f":material/edit: {tables.plain(t_message(step.sentence()))}")
    return steps


def steps_of(edited: pd.DataFrame) -> list[Step]:
    """Steps for a table with the columns ``label``, ``name`` and ``drop``; an empty name leaves the label as it is."""
    dropped = tuple(str(label) for label in edited.loc[edited["drop"], "label"])
    kept = edited[~edited["drop"]]
    names = {
        str(label): str(name).strip()
        for label, name in zip(kept["label"], kept["name"].fillna(""), strict=True)
        if str(name).strip() and str(name).strip() != label
    }
    steps: list[Step] = [DropLabels(labels=dropped)] if dropped else []
    return [*steps, RenameLabels(names=names)] if names else steps


def after(edited: pd.DataFrame) -> dict[str, int]:
    """Label → rows once the steps are done, the most frequent first."""
    counts: Counter[str] = Counter()
    for label, name, rows, drop in edited[["label", "name", "rows", "drop"]].itertuples(index=False):
        if not drop:
            counts[(str(name) if isinstance(name, str) else "").strip() or str(label)] += int(rows)
    return dict(counts.most_common())


def _preview(edited: pd.DataFrame) -> None:
    counts = after(edited)
    if len(counts) < 2:
        st.warning(t("labels.one_left" if counts else "labels.none_left"), icon=":material/warning:")
    listed = ", ".join(f"{tables.plain(name)} ({tables.thousands(rows)})" for name, rows in list(counts.items())[:20])
    st.markdown(t("labels.after", labels=listed or tables.NOTHING))


def _are_numbers(counts: Mapping[str, int]) -> bool:
    return bool(counts) and all(name.strip().lstrip("-").isdecimal() for name in counts)
