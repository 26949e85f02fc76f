"""All versions of a classifier on the same frozen tests, for every place that shows them side by side.

Most of it is stored. A version that was never asked a newer test answers it in the background, once; until then it is
missing, and the page says so. Draws nothing but sentences.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.statistics.intervals import Estimate
from core.workflows.standings import Known, SameTests, on_tests_of, today
from dashboard.parts import tables
from dashboard.shell import state
from dashboard.shell.i18n import tn

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.registry import VersionInfo

PATIENCE = 2.0  # seconds that a page waits for the answers of a version; small models need a tenth
Token = tuple[object, ...]


class _Background:
    """Works one thing out at a time, each once; whoever asks again gets the same future."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="same-tests")
        self._lock = Lock()
        self._asked: dict[Token, Future[SameTests | None]] = {}

    def ask(self, key: Token, work: Callable[[], SameTests | None]) -> Future[SameTests | None]:
        with self._lock:
            if key not in self._asked:
                self._asked = {known: future for known, future in self._asked.items() if not future.done()}
                self._asked[key] = self._pool.submit(work)
            return self._asked[key]


def of_today(classifier: str) -> SameTests | None:
    """All versions on today's tests; None where there is none with its files. See `core.workflows.standings`."""
    known = stored(classifier)
    if known is None or not waiting(known):
        return known
    work = partial(today, _known(classifier), home())
    return _within_patience(("today", classifier, *_token(classifier)), work) or known


def stored(classifier: str) -> SameTests | None:
    """The same as far as it is stored: no version is asked."""
    return _of_today(home(), classifier, _token(classifier))


@st.cache_resource(show_spinner=False, max_entries=8)
def _of_today(folder: Path, classifier: str, token: Token) -> SameTests | None:
    return today(_known(classifier), folder, ask=False)


def of_two(reference: VersionInfo, other: VersionInfo) -> SameTests | None:
    """Two versions of a classifier on the frozen tests of the first; None where its files are gone."""
    numbers = (reference.number, other.number)
    known = _of_two(home(), reference.classifier, numbers, _token(reference.classifier), reference, other)
    if known is None or not waiting(known):
        return known
    work = partial(on_tests_of, _known(reference.classifier), home(), reference, [reference, other])
    key = ("two", reference.classifier, *numbers, *_token(reference.classifier))
    return _within_patience(key, work) or known


@st.cache_resource(show_spinner=False, max_entries=8)
def _of_two(
    folder: Path,
    classifier: str,
    numbers: tuple[int, int],
    token: Token,
    _reference: VersionInfo,
    _other: VersionInfo,
) -> SameTests | None:
    with suppress(CoreError, OSError):
        return on_tests_of(_known(classifier), folder, _reference, [_reference, _other], ask=False)
    return None


def _known(classifier: str) -> Known:
    return Known(state.versions(classifier), state.champion(classifier), state.glance().folder)


def _within_patience(key: Token, work: Callable[[], SameTests | None]) -> SameTests | None:
    with suppress(TimeoutError, CoreError, OSError):  # until then, or without it, what is stored has to do
        return _background(home()).ask(key, work).result(timeout=PATIENCE)
    return None


@st.cache_resource(show_spinner=False, max_entries=2)
def _background(folder: Path) -> _Background:
    return _Background()


def _token(classifier: str) -> Token:
    """Changes when a version comes or is rewritten, the champion moves, or answers were kept."""
    champion = state.champion(classifier)
    versions = [(version.number, version.run_id, _written(version)) for version in state.versions(classifier)]
    answers = home() / "answers"
    return (
        champion.number if champion else None,
        answers.stat().st_mtime_ns if answers.exists() else 0,
        *versions,
    )


def _written(version: VersionInfo) -> int:
    try:
        return state.version_folder(version).stat().st_mtime_ns
    except (CoreError, OSError):
        return 0


def score_of(version: VersionInfo, score: str) -> Estimate | None:
    """A score of a version on today's tests, as Overview shows it; on its own where no others are known. No version is asked.

    `RegistryError` where its files are damaged.
    """
    newest = state.versions(version.classifier)[-1]
    if version.number != newest.number:  # else today's tests are its own
        same = stored(version.classifier)
        report = same.report(version.number) if same is not None else None
        if report is not None:
            estimate: Estimate = report.scores[score]
            return estimate
    own = state.report(version)["overall"].get(score)
    return None if own is None else Estimate.from_dict(own)


def waiting(same: SameTests) -> list[int]:
    """Numbers of the versions that are being asked."""
    return sorted(number for number, why in same.absent.items() if why == "waiting")


def over(rows: int) -> str:
    """On how many rows a figure stands: "over all 574 test rows"."""
    return tn("same_tests.over", rows)


def sentences(same: SameTests) -> list[str]:
    """Which rows these are, and which versions are missing or were judged by fewer rows, and why."""
    names = [tables.plain(name) for name in same.names]
    told = [tn("same_tests.rows", same.rows, names=names, version=same.reference)]
    for why in ("waiting", "files", "data", "learned"):
        numbers = sorted(number for number, reason in same.absent.items() if reason == why)
        if numbers:
            told.append(tn(f"same_tests.absent_{why}", len(numbers), versions=[f"v{number}" for number in numbers]))
    for number in sorted(same.answers):
        learned = same.rows - same.rows_of(number)
        if learned:
            told.append(tn("same_tests.learned_some", learned, version=number))
    return told
