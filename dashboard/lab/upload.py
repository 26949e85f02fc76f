"""A file with a column that tells the experiences apart: it is saved as one dataset for each of the column's values."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import rows_set_aside
from core.data.loading.label_notes import read_note
from core.data.loading.load import LeftOut
from core.workflows.compare.stream_cuts import left_out_of_stream, save_experiences
from dashboard.lab.order import ORDER
from dashboard.parts import tables
from dashboard.parts.upload.notes import OF_READER, tell_notes, warn_left_out
from dashboard.parts.upload.upload import UploadedTable, discard_upload, upload_table
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn

KEY = "lab"
COLUMN = "lab.column"
MOST = 100  # values of a column that may tell experiences apart
LIKELY = 20
SHOWN = 8


def draw() -> None:
    """The upload step, the column, and the button that saves; afterwards the datasets stand in the list of several."""
    uploaded = upload_table(KEY)
    if uploaded is None:
        return
    values = candidates(uploaded.table, uploaded.roles)
    if not values:
        st.warning(t("lab.no_column"), icon=":material/view_column:")
        return
    if st.session_state.get(COLUMN) not in values:
        st.session_state[COLUMN] = next(
            (name for name, groups in values.items() if len(groups) <= LIKELY), next(iter(values))
        )
    column = str(st.selectbox(t("lab.column"), list(values), key=COLUMN, help=t("lab.column_help")))
    groups = values[column]
    names = [tables.plain(name) for name in groups[:SHOWN]] + (["…"] if len(groups) > SHOWN else [])
    st.caption(tn("lab.column_values", len(groups), names=names))
    _tell(uploaded, column)
    if st.button(tn("lab.save_parts", len(groups)), key="lab.save", icon=":material/save:"):
        _save(uploaded, column)


def _tell(uploaded: UploadedTable, column: str) -> None:
    """Rows of the file that will be in none of the experiences, and how labels are read."""
    left_out_or_error = _left_out(uploaded.token, column, uploaded)
    if isinstance(left_out_or_error, DataError):
        show_error(left_out_or_error)
        return
    left_out, respelled = left_out_or_error
    warn_left_out(part for part in left_out if part.reason not in OF_READER)
    if respelled:
        tell_notes([read_note(respelled)])


# Remembered, since it looks at every row; an error is an answer like any other.
@st.cache_resource(show_spinner=False, max_entries=4, ttl=3600)
def _left_out(
    token: str, column: str, _uploaded: UploadedTable
) -> tuple[tuple[LeftOut, ...], dict[str, str]] | DataError:
    table, roles = _uploaded.table, _uploaded.roles
    try:
        return left_out_of_stream(table, roles, column), rows_set_aside(table, roles).respelled
    except DataError as error:
        return error


def candidates(table: pd.DataFrame, roles: ColumnRoles) -> dict[str, list[str]]:
    """Columns that may tell experiences apart, with their values in order of first appearance.

    Text, label and split cannot be it, nor a column with one value or more than `MOST`.
    """
    taken = {roles.text, roles.label, roles.split}
    values_of = {}
    for name in map(str, table.columns):
        if name in taken:
            continue
        values = [value for value in table[name].fillna("").astype(str).str.strip().unique() if value]
        if 2 <= len(values) <= MOST:
            values_of[name] = values
    return values_of


def _save(uploaded: UploadedTable, column: str) -> None:
    roles = uploaded.roles
    # Inside one experience all rows would be of one group, which cannot be divided into training and test.
    roles = replace(roles, group=None) if roles.group == column else roles
    try:
        with st.spinner(t("data.saving")):
            saved = save_experiences(uploaded.table, roles, column, state.workspace(), source=uploaded.name)
    except DataError as error:
        show_error(error)
        return
    st.session_state[ORDER] = [dataset.id for dataset in saved]
    st.session_state["lab.kind_next"] = "several"
    discard_upload(KEY)
    st.rerun()
