"""Entities marked by hand, from nothing or after a model, become datasets that are trained on and that updates learn from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import DataError
from core.data.labelling.sessions import LabellingStore
from core.data.spans.targets import spans_of
from core.networks.standalone.extract import Entity, as_values
from core.networks.standalone.predict import Answers
from core.workflows.labelling import begin_with_rows, finish
from core.workflows.learn.candidate import Completed
from core.workflows.marking import begin_marking_dataset, begin_marking_texts
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.core.workflows.test_entities import rows, saved


class Fixed:
    """What marks the same in a text whenever it is asked."""

    def __init__(self, marks: dict[str, list[Entity]]) -> None:
        self._marks = marks

    def answer(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Answers:
        held = np.ones(len(texts), dtype=np.int64)
        return Answers(as_values([self._marks.get(text, []) for text in texts]), held, held)


TEXTS = ["Tim sleeps", "Anna and Oslo", " ", "nobody", "Max"]
ENGINE = Fixed(
    {
        "Tim sleeps": [Entity(0, 3, "PER", 0.7)],
        "Anna and Oslo": [Entity(0, 4, "PER", 0.99), Entity(9, 13, "LOC", 0.5)],
        "Max": [Entity(0, 3, "PER", 0.9)],
    }
)


@pytest.fixture
def workspace(evergreen_home: Path, new_store: Path) -> Workspace:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return open_workspace(evergreen_home)


@pytest.fixture
def sessions(evergreen_home: Path) -> LabellingStore:
    return LabellingStore(evergreen_home)


def test_the_least_certain_entity_comes_first_and_is_marked_already(sessions: LabellingStore) -> None:
    begun = begin_marking_texts(sessions, TEXTS, name="x", types=["PER", "LOC"], order="unsure", engine=ENGINE)
    items = sessions.items(begun.id)
    assert [item.text for item in items] == ["Anna and Oslo", "Tim sleeps", "Max", "nobody"]
    assert items[0].suggested == '[[0, 4, "PER"], [9, 13, "LOC"]]'
    assert items[0].doubt == pytest.approx(0.5)
    assert items[3].suggested == "[]"
    assert begun.spans


def test_without_a_model_texts_come_as_in_the_table(sessions: LabellingStore) -> None:
    begun = begin_marking_texts(sessions, TEXTS, name="x", types=[], order="file")
    items = sessions.items(begun.id)
    assert [item.text for item in items] == ["Tim sleeps", "Anna and Oslo", "nobody", "Max"]
    assert {item.suggested for item in items} == {""}
    drawn = begin_marking_texts(
        sessions, [f"text {number}" for number in range(30)], name="x", types=[], order="random"
    )
    assert [item.text for item in sessions.items(drawn.id)] != [f"text {number}" for number in range(30)]
    with pytest.raises(DataError, match="no text to label"):
        begin_marking_texts(sessions, [], name="x", types=[], order="unsure", engine=ENGINE)


def test_entities_of_a_dataset_are_put_right_those_that_are_disputed_first(
    sessions: LabellingStore, workspace: Workspace
) -> None:
    made = rows(20, 0)
    stored = saved(workspace, made, "first")
    wrong = made.texts[7]
    marks = {
        text: [Entity(*span, 0.9) for span in spans_of(target)]
        for text, target in zip(made.texts, made.label_names(), strict=True)
    }
    engine = Fixed({**marks, wrong: marks[wrong][:1]})
    begun = begin_marking_dataset(sessions, workspace.datasets, stored.id, order="disputed", engine=engine)
    assert begun.labels == ("LOC", "PER")
    first = sessions.items(begun.id)[0]
    assert (first.text, first.doubt) == (wrong, pytest.approx(0.5))
    sessions.answer(begun.id, 1, sessions.items(begun.id)[1].given)
    with pytest.raises(DataError, match="No label differs"):
        finish(sessions, workspace.datasets, begun.id, name="better")
    sessions.answer(begun.id, 0, first.suggested)
    better = finish(sessions, workspace.datasets, begun.id, name="better")
    names = dict(zip(made.texts, workspace.datasets.load(better.id).label_names(), strict=True))
    assert names[wrong] == first.suggested
    assert better.kind == "spans"
    assert better.label_rows == {"LOC": 19, "PER": 20}
    again = begin_with_rows(sessions, workspace.datasets, stored.id, [{"row": 3}])
    assert (again.spans, again.labels) == (True, ("LOC", "PER"))


def test_from_nothing_to_a_model_and_on_to_its_update(sessions: LabellingStore, workspace: Workspace) -> None:
    made = rows(60, 0)
    targets = dict(zip(made.texts, made.label_names(), strict=True))
    begun = begin_marking_texts(sessions, made.texts, name="x", types=[], order="file")
    for position, item in enumerate(sessions.items(begun.id)[:40]):
        sessions.answer(begun.id, position, targets[item.text], new=True)
    stored = finish(sessions, workspace.datasets, begun.id, name="marked")
    assert (stored.rows, stored.kind, stored.label_rows) == (40, "spans", {"LOC": 40, "PER": 40})
    request = TrainRequest(classifier="Names", dataset=stored.id, model="crf", task="token_classification")
    *_, completed = train_classifier(request, workspace)
    assert isinstance(completed, Completed)
    for position in range(40, 60):
        sessions.answer(begun.id, position, targets[made.texts[position]], new=True)
    more = finish(sessions, workspace.datasets, begun.id, name="more")
    *_, updated = update_classifier(UpdateRequest(classifier="Names", dataset=more.id), workspace)
    assert isinstance(updated, Completed)
    assert updated.report["classes"] == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
