"""How a file is written, as chips that can be changed: encoding, delimiter, first row, rows above, sheet.

A part that nobody changed is guessed anew whenever another one changes. What a person said is kept for each file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from core.data.reading.table_format import named_delimiter, shown
from core.data.reading.tables import DELIMITERS, ENCODINGS, FormatCorrections, TableFormat
from dashboard.parts import tables
from dashboard.shell.i18n import t, tn

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
MOST_ROWS = 10_000  # that can be skipped above a table

Choice = TypeVar("Choice", str, bool)


def corrections(prefix: str) -> FormatCorrections:
    """What the reader said of a file so far."""
    return FormatCorrections(**st.session_state.get(_told(prefix), {}))


def chips(prefix: str, form: TableFormat, parts: Sequence[str] = ()) -> None:
    """Draw the chips; a choice counts from the next run of the page on.

    Parameters
    ----------
    prefix
        The beginning of the widgets' keys, another one for each file.
    form
        The way the file is written, by guesses and by the reader's corrections.
    parts
        Tables in the file to choose from, such as sheets.
    """
    has = {guess.part for guess in form.guesses}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{prefix.split('.')[0]}-chips"):
        if form.kind != "text":
            st.badge(t(f"upload.kind_{form.kind}"), color="gray")
        if "encoding" in has:
            _chip(prefix, "encoding", ENCODINGS, form.encoding, encoding_name)
        if "delimiter" in has:
            _delimiter(prefix, form.delimiter)
        if "sheet" in has and len(parts) > 1:
            _chip(prefix, "sheet", parts, form.part, tables.plain)
        if "header" in has:
            _chip(prefix, "header", (True, False), form.header, header_name)
            _rows_above(prefix, form.skip_rows)
        _sureness(prefix, form)


def _sureness(prefix: str, form: TableFormat) -> None:
    """Which parts are no more than guesses, and the way back from one's own choices."""
    doubtful = [t(f"upload.{guess.part}") for guess in form.guesses if not guess.sure]
    if doubtful:
        label = t("upload.guessed_parts", parts=doubtful)
        st.badge(label, icon=":material/help:", color="orange", help=t("upload.guessed_help"))
    if any(guess.confidence == "told" for guess in form.guesses):
        offer_to_guess_again(prefix)


def offer_to_guess_again(prefix: str) -> None:
    """A quiet button that takes all choices back."""
    st.button(
        t("upload.guess_again"),
        key=f"{prefix}.guess-again",
        type="tertiary",
        icon=":material/undo:",
        help=t("upload.guess_again_help"),
        on_click=_guess_again,
        args=(prefix,),
    )


def _told(prefix: str) -> str:
    return f"{prefix}.told"


def _tell(prefix: str, part: str, key: str, convert: Callable[[Any], Any] = lambda value: value) -> None:
    """Remember what a widget says as the reader's word."""
    value = st.session_state[key]
    if value is None or (isinstance(value, str) and len(value) != 1 and not value.strip()):
        return
    st.session_state[_told(prefix)] = {**st.session_state.get(_told(prefix), {}), part: convert(value)}


def _guess_again(prefix: str) -> None:
    st.session_state.pop(_told(prefix), None)


def _chip(prefix: str, part: str, options: Sequence[Choice], current: Choice, name: Callable[[Choice], str]) -> None:
    """One part of the format: its value on a small button, all others behind it."""
    # The popover's own key must not change with its label, or it would close at the choice.
    with st.popover(name(current), key=f"{prefix}.{part}-chip"):
        _options(prefix, part, options, current, name)


def _options(prefix: str, part: str, options: Sequence[Choice], current: Choice, name: Callable[[Choice], str]) -> None:
    key = f"{prefix}.{part}"
    names = {option: name(option) for option in options}
    st.session_state[key] = current  # what was guessed may have changed since the widget was drawn
    st.radio(
        t(f"upload.{part}"),
        options,
        format_func=names.__getitem__,
        key=key,
        help=t(f"upload.{part}_help"),
        on_change=_tell,
        args=(prefix, part, key),
        persist_state="session",
    )


def _delimiter(prefix: str, current: str) -> None:
    """The delimiter: one of the usual, or any that is typed in."""
    options = DELIMITERS if current in DELIMITERS else (*DELIMITERS, current)
    with st.popover(delimiter_name(current), key=f"{prefix}.delimiter-chip"):
        _options(prefix, "delimiter", options, current, delimiter_name)
        key = f"{prefix}.delimiter_typed"
        st.text_input(
            t("upload.delimiter_typed"),
            key=key,
            max_chars=10,
            placeholder="||",
            help=t("upload.delimiter_typed_help"),
            on_change=_tell,
            args=(prefix, "delimiter", key, named_delimiter),
        )


def _rows_above(prefix: str, current: int) -> None:
    """How many rows are left out above the table."""
    key = f"{prefix}.skip_rows"
    st.session_state[key] = current
    name = tn("upload.rows_above", current) if current else t("upload.rows_above_none")
    with st.popover(name, key=f"{prefix}.skip_rows-chip"):
        st.number_input(
            t("upload.skip_rows"),
            min_value=0,
            max_value=max(MOST_ROWS, current),
            step=1,
            key=key,
            help=t("upload.skip_rows_help"),
            on_change=_tell,
            args=(prefix, "skip_rows", key),
            persist_state="session",
        )


def encoding_name(encoding: str) -> str:
    """An encoding as people write it, with what it is used for."""
    return t(f"upload.encoding_{encoding.replace('-', '_')}")


def delimiter_name(delimiter: str) -> str:
    """A delimiter in words: a tab or space cannot be seen."""
    if delimiter in DELIMITER_NAMES:
        return t(f"upload.delimiter_{DELIMITER_NAMES[delimiter]}")
    return t("upload.delimiter_signs", signs=tables.plain(shown(delimiter)))


def header_name(header: bool) -> str:
    """What the first row is."""
    return t("upload.header_yes" if header else "upload.header_no")
