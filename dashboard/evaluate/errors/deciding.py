"""Which words decided the answers of one page of cards: exactly where the model adds up words, else by leaving words out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.networks.explain import ADDING_UP, Attribution, occlude
from core.networks.text.words import name_of, words_of
from dashboard.evaluate.page import Shown
from dashboard.parts import tables
from dashboard.shell import state
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import VersionInfo

MOST_WORDS = 300  # of a text from which one after the other is left out
NAMED = 4  # words below a card


def exact(shown: Shown) -> bool:
    """Whether the model may add up what words say, so that reasons cost next to nothing."""
    return shown.report["model"] in ADDING_UP


def explain(shown: Shown, texts: Sequence[str], answers: Sequence[str]) -> list[Attribution | None]:
    """Why each text was answered so; None for one that holds no words, or too many to leave out each."""
    outputs = tuple(shown.classes.index(answer) for answer in answers)
    return _explained(state.files_of(shown.version), tuple(texts), outputs, exact(shown), _version=shown.version)


@st.cache_resource(show_spinner=False, max_entries=30)
def _explained(
    files: state.Files, texts: tuple[str, ...], outputs: tuple[int, ...], adds_up: bool, _version: VersionInfo
) -> list[Attribution | None]:
    exactly = _exactly(files) if adds_up else None
    found: list[Attribution | None] = [None] * len(texts)
    if exactly is not None:
        found = [exactly(text, output) for text, output in zip(texts, outputs, strict=True)]
    left = [row for row, text in enumerate(texts) if found[row] is None and 0 < len(words_of(text)) <= MOST_WORDS]
    if left:
        engine = state.engine(_version)
        for row, attribution in zip(
            left, occlude(engine, [texts[row] for row in left], [outputs[row] for row in left]), strict=True
        ):
            found[row] = attribution
    return found


@st.cache_resource(show_spinner=False, max_entries=2)
def _exactly(files: state.Files) -> Callable[[str, int], Attribution | None] | None:
    """Who explains this version's answers exactly; loads PyTorch."""
    from core.workflows.versions.explaining import exactly_explained

    return exactly_explained(Path(files.folder))


def in_words(attribution: Attribution) -> str:
    """The words that spoke most for the answer, strongest first, for those who do not see the colours."""
    words = sorted((word for word in attribution.words if word.score > 0), key=lambda word: -word.score)[:NAMED]
    named = list(dict.fromkeys(name_of(attribution.text, (word.start, word.end)) for word in words))
    return t("reasons.decided", words=tables.plain(t("reasons.comma").join(named))) if named else ""
