"""Which further columns of an uploaded table are read beside the text, and what kind each is: guessed, and to be corrected."""

from __future__ import annotations

from collections.abc import Sequence

import pandas
import streamlit as st

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.input_columns import guess_kind
from core.data.dataset.inputs import KINDS
from dashboard.parts import tables
from dashboard.shell.i18n import t

SHOWN = 3  # values of a column
CELL = 40  # characters of a value


def choose_inputs(prefix: str, table: pandas.DataFrame, taken: Sequence[str | None], guess: ColumnRoles) -> ColumnRoles:
    """Ask which of the columns without a role are inputs; ``guess`` with them.

    Parameters
    ----------
    taken
        Columns that have another role.
    """
    free = [str(name) for name in table.columns if str(name) not in taken]
    known = dict(guess.inputs)
    chosen = st.multiselect(
        t("upload.inputs"),
        free,
        default=[name for name in known if name in free],
        key=f"{prefix}.inputs",
        placeholder=t("upload.inputs_none"),
        help=t("upload.inputs_help"),
        persist_state="session",
    )
    names = {kind: t(f"upload.kind_{kind}") for kind in KINDS}
    inputs = []
    for name, box in zip(chosen, _boxes(len(chosen)), strict=True):
        values = _values(table, name)
        first = known.get(name) or guess_kind(values)
        with box:
            kind = st.selectbox(
                t("upload.kind_of", column=tables.plain(name)),
                KINDS,
                index=KINDS.index(first),
                format_func=names.__getitem__,
                key=f"{prefix}.kind.{name}",
                help=t("upload.kind_help"),
                persist_state="session",
            )
            some = list(dict.fromkeys(value for value in values if value.strip()))[:SHOWN]
            st.caption(
                t("upload.kind_values", values=[tables.plain(value[:CELL]) for value in some] or [tables.NOTHING])
            )
        inputs.append((name, str(kind)))
    return ColumnRoles(guess.text, guess.label, inputs=tuple(inputs))


def _boxes(count: int) -> list[st.delta_generator.DeltaGenerator]:
    """Places side by side on a grid of three."""
    return [box for _ in range(0, count, 3) for box in st.columns(3)][:count]


def _values(table: pandas.DataFrame, name: str) -> list[str]:
    return [str(value) for value in table[name].head(2000).fillna("")]
