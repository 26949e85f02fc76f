"""How a model is doing, in one word with a coloured dot: beside its name in the sidebar and in the list of all models."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from core.base.errors import RegistryError
from core.tasks import DEFAULT, task_of
from dashboard.parts import scores, tables
from dashboard.parts.versions import verdict
from dashboard.parts.versions.decisions import waiting_candidate
from dashboard.shell import state
from dashboard.shell.i18n import t

Kind = Literal["good", "look", "bad", "none"]
COLORS: dict[Kind, str] = {"good": "green", "look": "orange", "bad": "red", "none": "gray"}
ICONS = {
    "text_classification": ":material/label:",
    "multilabel_classification": ":material/sell:",
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
    sentence
        The most urgent thing that somebody should know.
    """

    kind: Kind
    serving: str
    sentence: str

    @property
    def dot(self) -> str:
        """A sign in the colour of the kind; each kind has a shape of its own."""
        shape = {"good": "check_circle", "look": "error", "bad": "dangerous", "none": "radio_button_unchecked"}
        return f":{COLORS[self.kind]}[:material/{shape[self.kind]}:]"


def of(classifier: str) -> Health:
    """Look at the version that serves: its files, a candidate that waits, its score beside the baseline's."""
    champion = state.champion(classifier)
    if champion is None:
        return Health("none", t("health.nobody"), t("health.nobody_why"))
    serving = t("health.serves", version=champion.number)
    with suppress(RegistryError):
        if state.damaged_files(champion):
            return Health("bad", serving, t("health.damaged", version=champion.number))
        candidate = waiting_candidate(classifier)
        if candidate is not None:
            return Health("look", serving, t("health.decide", version=candidate.number))
        if verdict.judge(state.report(champion)).lost:
            return Health("look", serving, t("health.behind", version=champion.number))
        return Health("good", serving, t("health.good", version=champion.number))
    return Health("bad", serving, t("health.unreadable", version=champion.number))


def task_of_model(classifier: str) -> str:
    """What a model is for, with its icon."""
    versions = state.versions(classifier)
    task = task_of(str(versions[-1].summary.get("task", DEFAULT))) if versions else task_of(DEFAULT)
    return f"{ICONS.get(task.name, OTHER_ICON)} {tables.plain(scores.task_name(task))}"
