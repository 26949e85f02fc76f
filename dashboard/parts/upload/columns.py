"""Which column of an uploaded table is what: guessed, remembered from the last table with this header, or chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas
import streamlit as st

from core.base.config import home
from core.data.dataset.columns import ColumnRoles, with_spans
from core.data.dataset.multilabel import label_columns, many_columns, several_labels
from core.data.loading.column_memory import ColumnMemory
from core.data.reading.names import LABEL_NAMES, rank
from dashboard.parts import tables
from dashboard.parts.upload.files import Reading
from dashboard.parts.upload.inputs import choose_inputs
from dashboard.parts.upload.label_sets import WIDGETS, Sets, choose_sets
from dashboard.shell.i18n import t, t_message

OPTIONAL_ROLES = ("split", "group", "time")
NO_LABELS = ""  # no column is called so
LAST_LABEL = "last_label"  # in the session: the label column of the last run


def choose_columns(
    prefix: str,
    read: Reading,
    *,
    need_label: bool,
    optional_columns: bool,
    texts_alone: bool = False,
    tell_texts: bool = True,
    inputs: Sequence[tuple[str, str]] = (),
    several: Sequence[str] | None = None,
) -> ColumnRoles | None:
    """Which column is what; None while one that is needed is not chosen.

    Parameters
    ----------
    texts_alone
        Whether the choice of the label column has "No labels".
    tell_texts
        Whether to say then what texts alone are good for.
    inputs
        Further columns that the version reads which the table is for, with their kinds: chosen where the table has them.
    several
        Labels that a model knows, where a row may have several; None where it has one.
    """
    names = [str(name) for name in read.table.columns]
    # With other columns, as after another choice of delimiter, the guess is made anew.
    key = f"{prefix}.{hashlib.sha256(repr(names).encode()).hexdigest()[:8]}"
    wanted = ["text", "label"] if need_label else ["text"]
    remembered = ColumnMemory(home()).get(names)
    guess = remembered or read.roles
    if remembered is not None:
        _as_last_time(key, names)
    if inputs:
        guess = replace(guess, inputs=tuple((name, kind) for name, kind in inputs if name in names))
    boxes = st.columns(3)
    columns = _row_of_columns(key, wanted, names, guess, boxes, texts_alone=texts_alone)
    text, label = columns["text"], columns.get("label")
    sets, below = Sets(), tuple[str, ...]()
    marked = need_label and text is not None and with_spans(read.table, ColumnRoles(text, label)).spans
    if several is not None and need_label and not marked:
        sets = choose_sets(key, read.table, label, guess, boxes[2], known=several, texts_alone=texts_alone)
        if sets.columns is not None:
            label = columns["label"] = None
    if texts_alone and label is None and sets.columns is None:
        if tell_texts and not marked:
            st.info(t("upload.no_labels_note"), icon=":material/label_off:")
    elif (
        texts_alone
        and not marked
        and remembered is None
        and label == guess.label
        and rank(str(label), LABEL_NAMES) is None
    ):
        st.caption(f":material/info: {t('upload.label_by_values', column=tables.plain(str(label)))}")
    needs_both = need_label and not ((texts_alone and label is None) or sets.columns is not None or marked)
    if optional_columns and len(names) > (2 if needs_both else 1):
        with st.expander(_more_columns(key, guess)):
            columns |= _row_of_columns(key, OPTIONAL_ROLES, names, guess, st.columns(3))
            below = _below(key, names, guess) if label is not None and sets.separator is None and not marked else ()
    further = guess.inputs if optional_columns and not marked else ()
    if optional_columns and not marked and text is not None and len(names) > (2 if needs_both else 1):
        taken = [column for column in (*columns.values(), *(sets.columns or ()), *below) if column is not None]
        further = choose_inputs(key, read.table, taken, guess).inputs
    if sets.columns == ():
        st.info(t("upload.choose_labels"), icon=":material/touch_app:")
        return None
    if text is None or (needs_both and label is None):
        st.info(t("upload.choose_label" if text else "upload.choose_text"), icon=":material/touch_app:")
        return None
    del columns["text"]
    chosen: dict[str, Any] = {"label": None} | columns
    roles = ColumnRoles(text, **chosen, labels=sets.columns or (), separator=sets.separator, below=below)
    roles = replace(roles, inputs=tuple((name, kind) for name, kind in further if name not in roles.columns().values()))
    return replace(roles, spans=marked)


def tell_entities(table: pandas.DataFrame, roles: ColumnRoles) -> None:
    """Say where entities stand, before anything is made of them."""
    if roles.label is None:
        st.caption(
            f":material/format_ink_highlighter: {t('upload.entities_in_texts', column=tables.plain(roles.text))}"
        )
    else:
        st.caption(f":material/format_ink_highlighter: {t('upload.entities', column=tables.plain(roles.label))}")


def _as_last_time(prefix: str, names: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(t("upload.as_last_time"), icon=":material/history:", color="gray", help=t("upload.as_last_time_help"))
        st.button(
            t("upload.forget_columns"),
            key=f"{prefix}.forget",
            type="tertiary",
            on_click=_forget_columns,
            args=(prefix, names),
        )


def _forget_columns(prefix: str, names: list[str]) -> None:
    ColumnMemory(home()).forget(names)
    for role in ("text", "label", LAST_LABEL, "inputs", "below", *OPTIONAL_ROLES):
        st.session_state.pop(f"{prefix}.{role}", None)
    for key in [str(key) for key in st.session_state if str(key).startswith(prefix) and WIDGETS in str(key)]:
        st.session_state.pop(key, None)


def note_several_labels(table: pandas.DataFrame, label: str) -> None:
    """Say so where the table gives several labels to one text."""
    several = several_labels(table[label].tolist())
    columns = label_columns(table)
    if several is not None:
        st.warning(tables.plain(t_message(several)), icon=":material/label_off:")
    elif label in columns:
        st.info(tables.plain(t_message(many_columns(columns))), icon=":material/info:")


def _row_of_columns(
    prefix: str,
    roles: Sequence[str],
    names: list[str],
    guess: ColumnRoles,
    boxes: Sequence[Any],
    *,
    texts_alone: bool = False,
) -> dict[str, str | None]:
    """Select boxes side by side on a grid of three, so that those of two rows stand below each other."""
    return {
        role: _column(prefix, role, names, guess, box, texts_alone=texts_alone)
        for role, box in zip(roles, boxes, strict=False)
    }


def _below(prefix: str, names: list[str], guess: ColumnRoles) -> tuple[str, ...]:
    """Columns whose values stand below the label."""
    chosen = st.multiselect(
        t("upload.below"),
        names,
        default=[name for name in guess.below if name in names],
        key=f"{prefix}.below",
        placeholder=t("upload.below_none"),
        help=t("upload.below_help"),
        persist_state="session",
    )
    return tuple(chosen)


def _more_columns(prefix: str, guess: ColumnRoles) -> str:
    """The title of the optional columns, with those that were recognised or chosen."""
    values = {role: st.session_state.get(f"{prefix}.{role}", getattr(guess, role)) for role in OPTIONAL_ROLES}
    filled = [
        t("upload.role_column", role=t(f"upload.{role}"), column=tables.plain(value))
        for role, value in values.items()
        if value is not None
    ]
    return " · ".join([t("upload.more_columns_entities" if guess.spans else "upload.more_columns"), *filled])


def _column(prefix: str, role: str, names: list[str], roles: ColumnRoles, box: Any, *, texts_alone: bool) -> str | None:
    """A select box for one role; None stands for no column."""
    guess: str | None = getattr(roles, role)
    words = "entities_column" if role == "label" and roles.spans else role
    # Text and label begin empty where nothing was guessed, unless no label is needed; the optional ones can be emptied again.
    nothing: dict[str | None, str] = {} if role in ("text", "label") else {None: tables.NOTHING}
    if role == "label" and texts_alone:
        nothing = {NO_LABELS: t("upload.no_labels")}
        guess = st.session_state.get(f"{prefix}.{LAST_LABEL}", guess or NO_LABELS)
    options: list[str | None] = [*nothing, *names]
    column: str | None = box.selectbox(
        t(f"upload.{words}"),
        options,
        index=options.index(guess) if guess in options else None,
        # the browser answers with the shown name: one that is translated would be lost when the language changes
        format_func=lambda name: nothing.get(name, name),
        key=f"{prefix}.{role}",
        placeholder=t("upload.choose"),
        help=t(f"upload.{words}_help"),
        persist_state="session",
    )
    if role == "label" and texts_alone:
        st.session_state[f"{prefix}.{LAST_LABEL}"] = column  # "No labels" is translated, so it has to be found again
    return column or None
