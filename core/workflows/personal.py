"""Personal data that a model of entities finds: which model and types, how much it misses, and what it marks in texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.base.errors import ConfigError, CoreError, DataError
from core.data.recipe.by_model import Marker, RedactEntities, looks_personal, pieces_of
from core.data.spans.targets import Span, types_of_outputs
from core.registry.records.reports import read_report
from core.serving.engines.graphs import load_version
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, task_of
from core.tasks.token_classification.report import EntityReport, recall_of
from core.workflows.workspace import Workspace

AT_ONCE = 256  # texts between two signs of life


@dataclass(frozen=True)
class Finder:
    """A model that looks for personal data.

    Parameters
    ----------
    recall
        The share of entities of the step's types that it finds on its own test; None where that has none.
    """

    step: RedactEntities
    recall: Estimate | None


def finder_of(workspace: Workspace, model: str, types: Sequence[str]) -> Finder:
    """The champion of a model as a finder of these types; without any, of those that are called like people and places.

    Raises
    ------
    ConfigError
        When the model marks no entities, or none of these types.
    RegistryError
        When there is no such model.
    """
    version = workspace.registry.resolve(model, None)
    report = read_report(workspace.registry.folder_of(version), matrix=False)
    if task_of(str(report.get("task", DEFAULT))).reads != "spans":
        raise ConfigError(
            "personal.marks_nothing",
            "'{model}' marks no entities, so it cannot look for names. Choose a model that was trained for entities.",
            model=model,
        )
    known = types_of_outputs(report["classes"])
    wanted = tuple(types) or tuple(name for name in known if looks_personal(name))
    if not wanted or not set(wanted) <= set(known):
        raise ConfigError(
            "personal.types",
            "'{model}' marks {known}. Say which of these types are personal; found was: {wanted}.",
            model=model,
            known=known,
            wanted=list(wanted) or ["–"],
        )
    step = RedactEntities(classifier=version.classifier, version=version.number, types=wanted)
    return Finder(step, recall_on_test(report, wanted))


def recall_on_test(report: dict[str, Any], types: Sequence[str]) -> Estimate | None:
    """How many entities of these types a version finds on its frozen tests, by its report; None where they have none."""
    return recall_of(EntityReport.from_dict(report["overall"]), types)


def marker_in(workspace: Workspace) -> Marker:
    """Marks entities with the versions of a workspace, each loaded once."""
    engines: dict[tuple[str, int], Any] = {}

    def mark(step: RedactEntities, texts: Sequence[str]) -> list[list[Span]]:
        version = (step.classifier, step.version)
        if version not in engines:
            engines[version] = _engine(workspace, step)
        return [spans for some in _marked(engines[version], step, texts) for spans in some]

    return mark


def marks_of(workspace: Workspace, step: RedactEntities, texts: Sequence[str]) -> Iterator[list[list[Span]]]:
    """The same a few texts after the other, so that whoever waits sees how far it is."""
    return _marked(_engine(workspace, step), step, texts)


def _engine(workspace: Workspace, step: RedactEntities) -> Any:
    try:
        version = workspace.registry.resolve(step.classifier, step.version)
        return load_version(workspace.registry.folder_of(version))
    except CoreError as error:
        raise DataError(
            "personal.no_model",
            "Version {version} of '{classifier}', by which names are found and replaced, cannot be loaded: {reason} Leave the "
            "step out, or inspect the data with another model.",
            version=step.version,
            classifier=step.classifier,
            reason=str(error),
        ) from error


def _marked(engine: Any, step: RedactEntities, texts: Sequence[str]) -> Iterator[list[list[Span]]]:
    for begin in range(0, len(texts), AT_ONCE):
        some = texts[begin : begin + AT_ONCE]
        pieces = [(row, start, piece) for row, text in enumerate(some) for start, piece in pieces_of(text)]
        spans: list[list[Span]] = [[] for _ in some]
        values = engine.answer([piece for *_, piece in pieces]).values
        for (row, start, _), entities in zip(pieces, values[:, 0], strict=True):
            spans[row] += [
                Span(start + each.start, start + each.end, each.type) for each in entities if each.type in step.types
            ]
        yield spans
