"""How a model is doing, in one word with a coloured dot: beside its name in the sidebar and in the list of all models."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from core.base.config import home
from core.base.errors import RegistryError, StorageError
from core.serving.monitor.store import MonitorStore
from core.tasks import DEFAULT, task_of
from dashboard.parts import scores, tables
from dashboard.parts.versions import same_tests, verdict
from dashboard.parts.versions.decisions import rows_wait, waiting_candidate
from dashboard.shell import state
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.tasks.base import Task

Kind = Literal["good", "look", "bad", "none"]
COLORS: dict[Kind, str] = {"good": "green", "look": "orange", "bad": "red", "none": "gray"}
ICONS = {
    "text_classification": ":material/label:",
    "multilabel_classification": ":material/sell:",
    "token_classification": ":material/format_ink_highlighter:",
    "language_modelling": ":material/notes:",
}
OTHER_ICON = ":material/task:"


@dataclass(frozen=True)
class Health:
    """What is the matter with a model, if anything.

    Parameters
    ----------
    serving
        Which version serves, in a few words.
    word
        The most urgent thing that somebody should know, in a word or two.
    sentence
        The same in a sentence.
    """

    kind: Kind
    serving: str
    word: str
    sentence: str

    @property
    def dot(self) -> str:
        """A sign in the colour of the kind; each kind has a shape of its own."""
        shape = {"good": "check_circle", "look": "error", "bad": "dangerous", "none": "radio_button_unchecked"}
        return f":{COLORS[self.kind]}[:material/{shape[self.kind]}:]"


def of(classifier: str) -> Health:
    """Look at the version that serves: its files, a candidate that waits, its texts in use, its score beside the baseline's."""
    champion = state.champion(classifier)
    if champion is None:
        return Health("none", t("health.nobody"), t("health.nobody_word"), t("health.nobody_why"))
    kind, name, number = _found(champion)
    serving = t("shell.serves", version=champion.number)
    return Health(kind, serving, t(f"health.{name}_word"), t(f"health.{name}", version=number))


def _found(champion: VersionInfo) -> tuple[Kind, str, int]:
    """Kind, name of what was found, and the number of the version that it is about."""
    with suppress(RegistryError):
        if state.damaged_files(champion):
            return "bad", "damaged", champion.number
        candidate = waiting_candidate(champion.classifier)
        if candidate is not None:
            return "look", "decide", candidate.number
        if rows_wait(champion.classifier):
            return "look", "rows", champion.number
        if _changed(champion):
            return "look", "changed", champion.number
        if _is_behind(champion):
            return "look", "behind", champion.number
        return "good", "good", champion.number
    return "bad", "unreadable", champion.number


def _changed(champion: VersionInfo) -> bool:
    """Whether the monitor has raised an alarm; a file of it that cannot be read is told on its own tab."""
    with suppress(StorageError):
        return MonitorStore(home()).alarm(champion.classifier, champion.run_id) is not None
    return False


def _is_behind(champion: VersionInfo) -> bool:
    """Whether the baseline is better than the champion beyond chance, on the tests that Overview judges it by."""
    if champion.number == state.versions(champion.classifier)[-1].number:
        return _is_behind_on_own_tests(state.files_of(champion), champion)
    return verdict.judge_today(champion, same_tests.stored(champion.classifier)).lost


@st.cache_data(show_spinner=False, max_entries=200)
def _is_behind_on_own_tests(files: state.Files, _version: VersionInfo) -> bool:
    return verdict.judge(state.report(_version)).lost


def line(classifier: str) -> tuple[str, str]:
    """A model in one short line, with an icon for its task and a dot for its health; and in sentences what they mean."""
    found, task, champion = of(classifier), _task(classifier), state.champion(classifier)
    icon = ICONS.get(task.name, OTHER_ICON)
    state_of_it = f"{found.dot} {found.word}"
    meaning = f"{tables.plain(scores.task_name(task))} · {found.sentence}"
    if champion is None:
        return f"{icon} {state_of_it}", meaning
    return f"{icon} {t('models.version_name', number=champion.number)} · {state_of_it}", meaning


def task_of_model(classifier: str) -> str:
    """What a model is for, with its icon."""
    task = _task(classifier)
    return f"{ICONS.get(task.name, OTHER_ICON)} {tables.plain(scores.task_name(task))}"


def _task(classifier: str) -> Task:
    versions = state.versions(classifier)
    return task_of(str(versions[-1].summary.get("task", DEFAULT))) if versions else task_of(DEFAULT)
