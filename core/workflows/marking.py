"""Labelling sessions in which entities are marked: which texts come first, and what a model marks in them before a person does.

What becomes of the answers is decided by `core.workflows.labelling.finish`, as for labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import Item, LabellingStore, SessionInfo
from core.data.spans.targets import Span, spans_of, target_of
from core.networks.standalone.extract import Entity
from core.networks.standalone.predict import Answers
from core.tasks.text_classification.selection import most_doubtful_first
from core.tasks.token_classification.selection import doubt_of_entities, doubt_of_given
from core.workflows.labelling import Progress, some_of

MarkOrder = Literal["disputed", "unsure", "file", "random"]


class Marker(Protocol):
    """What marks entities: a served version."""

    def answer(self, texts: Sequence[str], progress: Progress | None = None) -> Answers: ...


def begin_marking_dataset(
    sessions: LabellingStore,
    datasets: DatasetStore,
    identity: str,
    *,
    order: MarkOrder,
    engine: Marker | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> SessionInfo:
    """Look at the entities of a dataset again; with the order ``"disputed"`` those first that the model is sure are others.

    Raises
    ------
    DataError
        When there is no such dataset.
    """
    info, dataset = datasets.info(identity), datasets.load(identity)
    names = dataset.label_names()
    rows = _rows(len(dataset), order, seed)
    items = _items(
        [dataset.texts[row] for row in rows], [names[row] for row in rows], order, engine, doubt_of_given, progress
    )
    return sessions.begin(
        items,
        kind="dataset",
        name=info.name,
        labels=tuple(info.label_rows),
        order=order,
        dataset=identity,
        spans=True,
    )


def begin_marking_texts(
    sessions: LabellingStore,
    texts: Sequence[str],
    *,
    name: str,
    types: Sequence[str],
    order: MarkOrder,
    engine: Marker | None = None,
    seed: int = 0,
    source: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> SessionInfo:
    """Mark entities in texts that have none; with the order ``"unsure"`` those first whose least certain entity is least certain.

    Parameters
    ----------
    types
        Those to begin with, perhaps none.
    engine
        The model whose entities stand in the texts at first.

    Raises
    ------
    DataError
        When there are no texts.
    """
    asked = [texts[row] for row in _rows(len(texts), order, seed) if texts[row].strip()]
    items = _items(asked, [""] * len(asked), order, engine, lambda entities, _: doubt_of_entities(entities), progress)
    return sessions.begin(items, kind="texts", name=name, labels=types, order=order, source=source, spans=True)


def _rows(count: int, order: MarkOrder, seed: int) -> list[int]:
    rows = some_of(count, seed)
    return sorted(rows) if order == "file" else rows


def _items(
    texts: Sequence[str],
    given: Sequence[str],
    order: MarkOrder,
    engine: Marker | None,
    doubt: Callable[[Sequence[Entity], Sequence[Span]], float],
    progress: Progress | None,
) -> list[Item]:
    """The texts with what the model marks in each; in the given order unless it goes by its doubts."""
    if engine is None or not texts:
        return [Item(text, own) for text, own in zip(texts, given, strict=True)]
    marked = [row[0] for row in engine.answer(texts, progress).values]
    doubts = [doubt(entities, spans_of(own)) for entities, own in zip(marked, given, strict=True)]
    targets = [target_of(Span(entity.start, entity.end, entity.type) for entity in entities) for entities in marked]
    turn = most_doubtful_first(doubts) if order in ("disputed", "unsure") else range(len(texts))
    return [Item(texts[index], given[index], targets[index], float(doubts[index])) for index in turn]
