"""What is meant by the answer that a text should have had, as somebody sends it."""

from __future__ import annotations

from itertools import chain

from core.base.errors import DataError
from core.base.messages import message
from core.data.dataset.label_sets import labels_of, target_of
from core.data.spans.cells import read_entities
from core.data.spans.targets import NO_SPANS
from core.networks.standalone.predict import above
from core.serving.api.errors import ApiError
from core.tasks import Task


def meant_target(text: str, written: str, labels: list[str], task: Task) -> str:
    """The target that is meant: a label, several with a bar between them (a bar alone for none), or what else the task takes."""
    if task.distribution:
        return _known_label(written, labels)
    if task.reads_sets and written.strip():
        return target_of(_known_label(name, labels) for name in labels_of(written))
    if not task.reads_targets:
        told = message("api.no_targets", "This model learns from texts alone, so there is no answer to be corrected.")
        raise ApiError(422, told, field="label")
    if task.reads == "spans":
        return _marked(text, written)
    try:
        task.check([written])
    except DataError as error:
        raise ApiError(422, error.message, field="label") from error
    return written


def _marked(text: str, written: str) -> str:
    """The entities that are meant, as a list of start, end and type, or of objects with these."""
    try:
        read = read_entities([text], [written or NO_SPANS], "label") if written != NO_SPANS else None
    except DataError as error:
        raise ApiError(422, error.message, field="label") from error
    if read is not None and read.notes:
        raise ApiError(422, read.notes[0], field="label")
    return NO_SPANS if read is None else read.targets[0]


def _known_label(written: str, labels: list[str]) -> str:
    """The label that is meant, or one that labels stand below: only case and space may differ."""
    folded = " ".join(written.split()).casefold()
    nodes = chain.from_iterable(map(above, labels))
    known = next((label for label in (*labels, *nodes) if label.casefold() == folded), None)
    if known is None:
        told = message(
            "api.unknown_label",
            "'{label}' is not a label of the serving version. Its labels are: {known}.",
            label=written,
            known=labels,
        )
        raise ApiError(422, told, field="label", known=labels)
    return known
