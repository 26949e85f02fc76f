"""An open session in which entities are marked: text after text, with what a model or the dataset marks in it already."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import Any

from core.base.errors import DataError
from core.data.labelling.sessions import Item, SessionInfo, Standing
from core.data.spans.cells import fitting_target
from core.data.spans.targets import spans_of
from dashboard.data.labelling.page import store
from dashboard.parts.components.mark_spans import MarkView, mark_spans

AHEAD, BEHIND = 12, 5  # texts that the browser has in hand


def draw(session: SessionInfo, items: list[Item]) -> None:
    """The text to be marked next."""
    mark_spans(
        view_of(session, items, store().standing(session.id)),
        key=f"label.marks.{session.id}",
        take=lambda position, target: take(session.id, items, position, target),
    )


def take(identity: str, items: list[Item], position: int | None, target: str | None) -> None:
    """Keep what the reader did: what is marked, a skip (no target), or undoing (no position)."""
    with suppress(DataError):  # the session was deleted in another window: drawing it says so
        if position is None:
            store().undo(identity)
        elif target is None:
            store().answer(identity, position, None)
        elif 0 <= position < len(items) and (meant := fitting_target(items[position].text, target)) is not None:
            store().answer(identity, position, meant, new=True)


def view_of(session: SessionInfo, items: list[Item], standing: Standing) -> MarkView:
    """What the browser needs to go on for a while."""
    past = list(standing.answers.items())[-BEHIND:]
    return MarkView(
        session=session.id,
        types=standing.labels_of(session),
        queue=[_shown(position, items[position]) for position in islice(standing.waiting(session.rows), AHEAD)],
        counts=standing.counts_of(session),
        past=[{**_shown(position, items[position]), "label": label} for position, label in past],
        done=len(standing.answers),
        labelled=len(standing.labelled),
        total=session.rows,
    )


def _shown(position: int, item: Item) -> dict[str, Any]:
    """A text with what is marked in it at first: what the dataset says, else what the model does."""
    model = [[*span] for span in spans_of(item.suggested)] if item.suggested else None
    given = [[*span] for span in spans_of(item.given)] if item.given else model or []
    return {"place": position, "text": item.text, "spans": given, "model": model}
