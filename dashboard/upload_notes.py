"""What an upload page says of a table that will be used: rows left out and why, and labels that were read otherwise."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.data import SetAside
from core.data.loading import LeftOut, left_out_of, reading_notes
from core.messages import Message
from dashboard import tables
from dashboard.i18n import t_message
from dashboard.upload import UploadedTable

SAID_BEFORE = "data.several_labels"  # below the choice of columns


def tell_left_out(uploaded: UploadedTable, set_aside: SetAside | None = None) -> None:
    """Rows of the file that will not be used, a sentence for each reason; and what the reader did besides.

    Parameters
    ----------
    set_aside
        What `build_dataset` set aside; None where the page takes every row of the table.
    """
    warn_left_out(left_out_of(uploaded.table, set_aside))
    tell_notes(reading_notes(uploaded.table, uploaded.roles, set_aside))


def warn_left_out(left_out: Iterable[LeftOut]) -> None:
    """One box with a line for each reason; nothing where every row is used."""
    sentences = [tables.plain(t_message(part.message)) for part in left_out]
    if sentences:
        st.warning("\n\n".join(sentences), icon=":material/playlist_remove:")


def tell_notes(notes: Iterable[Message]) -> None:
    """A small line for each."""
    for note in notes:
        if note.key != SAID_BEFORE:
            st.caption(f":material/info: {tables.plain(t_message(note))}")
