"""The colours of labels where no version is looked at: those of the chosen model, so that a label has one on all pages."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from core.base.errors import RegistryError
from dashboard.parts import scores
from dashboard.shell import state
from dashboard.shell.palette import label_colors


def of_labels(labels: Iterable[str]) -> dict[str, str]:
    """A colour for each label: as the chosen model has them where it knows some; labels new to it come after its own."""
    wanted, own = set(labels), _of_chosen_model()
    known = own if wanted.intersection(own) else []
    return label_colors([*known, *sorted(wanted.difference(known))])


def _of_chosen_model() -> list[str]:
    """The labels of the version that serves, in its order."""
    classifier = state.chosen_classifier()
    champion = state.champion(classifier) if classifier is not None else None
    if champion is None:
        return []
    with suppress(RegistryError):  # its files are damaged, which other places say
        return list(scores.task_of_version(champion).named(state.report(champion).get("classes", [])))
    return []
