"""What an upload page says of a table that will be used: rows left out and why, and labels that were read otherwise."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.base.messages import Message
from core.data.dataset.row_targets import SetAside
from core.data.loading.label_notes import read_note
from core.data.loading.load import LeftOut, left_out_of
from dashboard.parts import tables
from dashboard.parts.upload.upload import UploadedTable
from dashboard.shell.i18n import t_message

OF_READER = ("header_again", "second_header")  # told below the preview


def tell_left_out(uploaded: UploadedTable, set_aside: SetAside | None = None) -> None:
    """Rows of the file that will not be used, a sentence for each reason, and labels that were read as others.

    What the reader of files did besides stands below the preview.

    Parameters
    ----------
    set_aside
        The rows that `build_dataset` set aside; None where the page takes every row of the table.
    """
    warn_left_out(
        part
        for part in left_out_of(uploaded.table, set_aside, spans=uploaded.roles.spans)
        if part.reason not in OF_READER
    )
    if set_aside is not None and set_aside.respelled:
        tell_notes([read_note(set_aside.respelled)])


def warn_left_out(left_out: Iterable[LeftOut]) -> None:
    """One box with a line for each reason; nothing where every row is used."""
    sentences = [tables.plain(t_message(part.message)) for part in left_out]
    if sentences:
        st.warning("\n\n".join(sentences), icon=":material/playlist_remove:")


def tell_notes(notes: Iterable[Message]) -> None:
    """A small line for each."""
    for note in notes:
        st.caption(f":material/info: {tables.plain(t_message(note))}")
