"""When files of a version are damaged, so that a page cannot be drawn: what is damaged, and another version that can serve.

Reads nothing of the versions' files, so that it can be drawn when they cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError, RegistryError
from core.integrity import SERVING, damaged, file_damaged, is_damage
from dashboard import state
from dashboard.errors import show_error
from dashboard.i18n import t

if TYPE_CHECKING:
    from core.registry import Registry, VersionInfo


@contextmanager
def guard() -> Iterator[None]:
    """Around a page: when it fails since a file of a version is damaged, this is said, with the way back below."""
    try:
        yield
    except Exception as error:
        damage = blame(error)
        if damage is None:
            raise
        offer(damage)


def blame(error: Exception) -> CoreError | None:
    """The damaged file that an error of any kind comes from, on the page of a classifier; None when all are whole."""
    if isinstance(error, RegistryError) and is_damage(error):
        return error
    with suppress(CoreError, OSError):
        classifier = state.chosen_classifier()
        champion = state.champion(classifier) if classifier else None
        if champion is not None:
            folder = state.version_folder(champion)
            for name in damaged(folder):
                return file_damaged(folder, name)
    return None


def offer(error: CoreError) -> None:
    """The error, and below it the way back to a version that works."""
    show_error(error)
    classifier = state.chosen_classifier()
    champion = state.champion(classifier) if classifier else None
    if classifier is None or champion is None or error.message.facts.get("number", champion.number) != champion.number:
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
    registry = state.registry()
    served = [int(move["version"]) for move in registry.champion_history(classifier)]
    known = [version.number for version in state.versions(classifier) if version.number != champion.number]
    whole = [number for number in known if _answers(registry, classifier, number)]
    return sorted(whole, key=lambda number: (served.index(number) if number in served else -1, number), reverse=True)


def _answers(registry: Registry, classifier: str, number: int) -> bool:
    """A quick look; the roll-back itself checks every file."""
    with suppress(CoreError, OSError):
        folder = registry.folder(classifier, number)
        return all((folder / name).exists() for name in ("model.onnx", *SERVING[:3]))
    return False


def _roll_back(classifier: str, number: int) -> None:
    try:
        state.registry().rollback(classifier, number, t("shell.way_back_reason"))
    except CoreError as error:
        show_error(error)
        return
    st.rerun()
