"""When files of the version that serves are damaged: which, on top of every page, and another version that can serve.

Needs nothing that the versions' files say, so that it can be drawn when they cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import streamlit as st

from core.base import integrity
from core.base.errors import CoreError, RegistryError
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.errors import forget_told, is_told, note_told, show_error
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import VersionInfo


def tell() -> None:
    """On top of a page: the damaged files of the version that serves, if there are any, and the way back."""
    forget_told()
    classifier = state.chosen_classifier()
    champion = state.champion(classifier) if classifier else None
    if champion is None:
        return
    try:
        names = state.damaged_files(champion)
        folder = state.version_folder(champion) if names else None
    except RegistryError as error:
        if not integrity.is_damage(error):
            raise
        offer(error)
        note_told(error)
        return
    if folder is None:
        return
    offer(integrity.file_of_version_damaged(champion.classifier, champion.number, names[0]), also=names[1:])
    for name in names:
        note_told(integrity.file_of_version_damaged(champion.classifier, champion.number, name))
        note_told(integrity.file_damaged(folder, name))


@contextmanager
def guard() -> Iterator[None]:
    """Around a page: a damaged file that only its reading has shown is told here, as for versions of old, without a record."""
    try:
        yield
    except RegistryError as error:
        if not integrity.is_damage(error):
            raise
        offer(error)


def offer(error: RegistryError, *, also: Sequence[str] = ()) -> None:
    """The error, and below it the way back to a version that works, where it is about the one that serves."""
    told = is_told(error)
    show_error(error)
    if also:
        st.caption(t("shell.also_damaged", files=[plain(name) for name in also]))
    classifier = state.chosen_classifier()
    champion = state.champion(classifier) if classifier else None
    if told or classifier is None or champion is None or not _is_about(error, champion):
        return
    others = _others(classifier, champion)
    if not others:
        st.info(t("shell.no_way_back"), icon=":material/info:")
        return
    with st.container(border=True, key="way-back", gap="small"):
        st.markdown(t("shell.way_back", version=champion.number))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            number = st.selectbox(
                t("shell.way_back_version"),
                others,
                format_func=lambda number: t("models.version_name", number=number),
                key=f"way-back.{classifier}",
                width=200,
            )
            if st.button(t("shell.way_back_yes"), key="way-back-button", type="primary", icon=":material/undo:"):
                _roll_back(classifier, int(number))


def _others(classifier: str, champion: VersionInfo) -> list[int]:
    """Numbers of other versions whose answering files are there, the one that served before first."""
    moves = state.champion_history(classifier)
    turns = {int(move["version"]): turn for turn, move in enumerate(moves)}
    known = [
        version for version in state.versions(classifier) if version.number != champion.number and _is_there(version)
    ]
    known.sort(key=lambda version: (turns.get(version.number, -1), version.number))
    while known and state.damaged_files(known[-1]):  # the one that is proposed is looked at from end to end
        known.pop()
    return [version.number for version in reversed(known)]


def _is_there(version: VersionInfo) -> bool:
    """A quick look; the roll-back itself checks every file."""
    with suppress(CoreError, OSError):
        folder = state.version_folder(version)
        return all((folder / name).exists() for name in ("model.onnx", *integrity.SERVING[:3]))
    return False


def _is_about(error: RegistryError, version: VersionInfo) -> bool:
    facts = error.message.facts
    if "folder" in facts:
        return bool(facts["folder"] == str(state.version_folder(version)))
    return (facts.get("classifier"), facts.get("number")) == (version.classifier, version.number)


def _roll_back(classifier: str, number: int) -> None:
    try:
        state.registry().rollback(classifier, number, t("shell.way_back_reason"))
    except CoreError as error:
        show_error(error)
        return
    st.rerun()
