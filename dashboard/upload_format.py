"""How a file is written, as chips that can be changed: encoding, delimiter, header; or the sheet of a workbook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from core.data import DELIMITERS, ENCODINGS, TableFormat
from dashboard.i18n import t

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}

Choice = TypeVar("Choice", str, bool)


def chips(prefix: str, guess: TableFormat, parts: Sequence[str] = ()) -> TableFormat:
    """Draw the chips; returns the format with the reader's choices in it.

    Parameters
    ----------
    parts
        Tables in the file to choose from, such as sheets.
    """
    if guess.kind != "text":
        return _of_other_kind(prefix, guess, parts)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{prefix.split('.')[0]}-chips"):
        encoding = _chip(prefix, "encoding", ENCODINGS, guess.encoding, encoding_name)
        delimiter = _chip(prefix, "delimiter", DELIMITERS, guess.delimiter, delimiter_name)
        header = _chip(prefix, "header", (True, False), guess.header, header_name)
        changed = (encoding, delimiter, header) != (guess.encoding, guess.delimiter, guess.header)
        if changed:
            st.caption(t("upload.changed"), width="content")
        elif not guess.certain:
            st.badge(t("upload.guessed"), icon=":material/help:", color="orange", help=t("upload.guessed_help"))
    return TableFormat(encoding, delimiter, header, guess.compressed, guess.certain or changed)


def _of_other_kind(prefix: str, guess: TableFormat, parts: Sequence[str]) -> TableFormat:
    """Nothing is guessed but, among several sheets, which one is meant."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{prefix.split('.')[0]}-chips"):
        st.badge(t(f"upload.kind_{guess.kind}"), color="gray")
        if len(parts) < 2:
            return guess
        sheet = _chip(prefix, "sheet", parts, guess.part, str)
        if sheet == guess.part:
            st.badge(t("upload.guessed"), icon=":material/help:", color="orange", help=t("upload.sheet_help"))
    return replace(guess, part=sheet)


def _chip(prefix: str, part: str, options: Sequence[Choice], guess: Choice, name: Callable[[Choice], str]) -> Choice:
    """One part of the format: its value on a small button, all others behind it."""
    key = f"{prefix}.{part}"
    current: Choice = st.session_state.get(key, guess)
    # The popover's own key must not change with its label, or it would close at the choice.
    names = {option: name(option) for option in options}
    with st.popover(names.get(current, names[guess]), key=f"{prefix}.{part}-chip"):
        chosen = st.radio(
            t(f"upload.{part}"),
            options,
            index=list(options).index(guess),
            format_func=names.__getitem__,
            key=key,
            help=t(f"upload.{part}_help"),
            persist_state="session",
        )
    return chosen if chosen in names else guess


def encoding_name(encoding: str) -> str:
    """An encoding as people write it, with what it is used for."""
    return t(f"upload.encoding_{encoding.replace('-', '_')}")


def delimiter_name(delimiter: str) -> str:
    """A delimiter in words: a tab or space cannot be seen."""
    return t(f"upload.delimiter_{DELIMITER_NAMES[delimiter]}")


def header_name(header: bool) -> str:
    """What the first row is."""
    return t("upload.header_yes" if header else "upload.header_no")
