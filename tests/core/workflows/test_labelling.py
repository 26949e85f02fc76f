"""Which texts come first, and what becomes of the answers: a recipe for a dataset, rows of their own for new texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import DataError
from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import LabellingStore
from core.data.recipe import RelabelTexts, apply_steps, read_steps
from core.workflows.labelling import (
    begin_with_dataset,
    begin_with_rows,
    begin_with_test,
    begin_with_texts,
    changed_rows,
    finish,
    inspected_rows,
    second_opinion,
)
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import compare_batch
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save


class Fixed:
    """An engine that looks its answers up."""

    def __init__(self, answers: dict[str, Sequence[float]], labels: Sequence[str]) -> None:
        self.labels = list(labels)
        self._answers = answers

    def compute(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> np.ndarray:
        return np.array([self._answers[text] for text in texts])


TEXTS = ["sure", "torn", "leaning", " "]
FIRST = Fixed({"sure": (0.95, 0.05), "torn": (0.5, 0.5), "leaning": (0.7, 0.3)}, ("bad", "good"))
SECOND = Fixed({"sure": (0.1, 0.9), "torn": (0.5, 0.5), "leaning": (0.6, 0.4)}, ("good", "new"))


@pytest.fixture
def sessions(evergreen_home: Path) -> LabellingStore:
    return LabellingStore(evergreen_home)


def order_of(sessions: LabellingStore, identity: str) -> list[str]:
    return [one.text for one in sessions.items(identity)]


def test_uncertain_texts_come_first(sessions: LabellingStore) -> None:
    for order in ("margin", "entropy"):
        begun = begin_with_texts(sessions, TEXTS, name="new", labels=["bad", "good"], order=order, engine=FIRST)
        assert order_of(sessions, begun.id) == ["torn", "leaning", "sure"]
    assert sessions.items(begun.id)[2].suggested == "bad"


def test_texts_on_which_two_classifiers_differ_come_first(sessions: LabellingStore) -> None:
    begun = begin_with_texts(
        sessions, TEXTS, name="new", labels=["bad", "good"], order="disagreement", engine=FIRST, second=SECOND
    )
    assert order_of(sessions, begun.id)[0] == "sure"


def test_random_needs_nobody_and_follows_the_seed(sessions: LabellingStore) -> None:
    texts = [f"text {number}" for number in range(30)]
    orders = [
        order_of(sessions, begin_with_texts(sessions, texts, name="x", labels="ab", order="random", seed=seed).id)
        for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(texts)
    with pytest.raises(DataError, match="random order"):
        begin_with_texts(sessions, texts, name="x", labels="ab", order="margin")
    with pytest.raises(DataError, match="disagreement"):
        begin_with_texts(sessions, TEXTS, name="x", labels="ab", order="disagreement", engine=FIRST)


def test_a_relabelled_dataset_is_new_and_knows_its_recipe(sessions: LabellingStore, workspace: Workspace) -> None:
    dataset = reviews(20)
    stored = save(workspace, dataset)
    wrong = dataset.texts[4]  # negative
    sure = {
        text: (0.9, 0.1) if name == "negative" else (0.1, 0.9)
        for text, name in zip(dataset.texts, dataset.label_names(), strict=True)
    }
    engine = Fixed({**sure, wrong: (0.2, 0.8)}, ("negative", "positive"))
    begun = begin_with_dataset(sessions, workspace.datasets, stored.id, engine=engine)
    first = sessions.items(begun.id)[0]
    assert (first.text, first.given, first.suggested) == (wrong, "negative", "positive")
    assert first.doubt == pytest.approx(0.8)
    with pytest.raises(DataError, match="No label differs"):
        finish(sessions, workspace.datasets, begun.id, name="cleaned")
    sessions.answer(begun.id, 0, "positive")
    sessions.answer(begun.id, 1, sessions.items(begun.id)[1].given)  # looked at, and left
    assert changed_rows(sessions.items(begun.id), sessions.standing(begun.id).labelled) == 1
    cleaned = finish(sessions, workspace.datasets, begun.id, name="cleaned")
    assert cleaned.id != stored.id
    assert cleaned.source["parent"] == stored.id
    (step,) = read_steps(cleaned.source["recipe"])
    assert isinstance(step, RelabelTexts)
    assert wrong not in str(cleaned.source)  # a recipe holds no text
    assert workspace.datasets.load(cleaned.id).label_names()[4] == "positive"
    assert workspace.datasets.load(stored.id).label_names()[4] == "negative"
    assert apply_steps(dataset, [step])[0].label_names() == workspace.datasets.load(cleaned.id).label_names()


def test_a_recipe_goes_on_from_the_one_before(sessions: LabellingStore, workspace: Workspace) -> None:
    stored = save(workspace, reviews(20))
    for turn in range(2):
        begun = begin_with_rows(
            sessions, workspace.datasets, stored.id, [{"row": turn, "suggested": "positive"}, {"row": 99}]
        )
        assert begun.rows == 1
        given = sessions.items(begun.id)[0].given
        sessions.answer(begun.id, 0, "positive" if given == "negative" else "negative")
        stored = finish(sessions, workspace.datasets, begun.id, name=f"turn {turn}")
    assert len(stored.source["recipe"]) == 2


def test_labels_of_a_frozen_test_are_looked_at_errors_first_and_no_update_learns_its_texts(
    sessions: LabellingStore, workspace: Workspace
) -> None:
    stored = save(workspace, reviews(60))
    settings = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=settings)
    list(train_classifier(request, workspace))
    folder = VersionFolder(workspace.registry.folder("Shop", 1))
    test = folder.predictions(1)
    begun = begin_with_test(sessions, workspace.datasets, folder, 1)
    assert sessions.of_test(stored.id) == [begun]
    items = sessions.items(begun.id)
    assert {item.text for item in items} == set(test["text"])
    right = [item.given == item.suggested for item in items]
    assert right == sorted(right)
    other = "positive" if items[0].given == "negative" else "negative"
    sessions.answer(begun.id, 0, other)
    better = workspace.datasets.load(finish(sessions, workspace.datasets, begun.id, name="better").id)
    assert dict(zip(better.texts, better.label_names(), strict=True))[items[0].text] == other
    overlap = compare_batch(better, read_past(folder, workspace))
    assert {better.texts[row] for row in overlap.tested} == set(test["text"])
    assert not {better.texts[row] for row in overlap.usable} & set(test["text"])


def test_of_new_texts_only_the_labelled_ones_become_a_dataset(sessions: LabellingStore, evergreen_home: Path) -> None:
    datasets = DatasetStore(evergreen_home)
    begun = begin_with_texts(sessions, TEXTS, name="new", labels=["bad", "good", "odd"], order="margin", engine=FIRST)
    with pytest.raises(DataError, match="No text has a label"):
        finish(sessions, datasets, begun.id, name="labelled")
    sessions.answer(begun.id, 0, "odd")
    sessions.answer(begun.id, 1, None)
    sessions.answer(begun.id, 2, "bad")
    stored = finish(sessions, datasets, begun.id, name="labelled")
    dataset = datasets.load(stored.id)
    assert (dataset.texts, dataset.label_names(), dataset.classes) == (("torn", "sure"), ["odd", "bad"], ("bad", "odd"))
    assert (stored.source["labelled"], stored.source["of"], stored.source["order"]) == (2, 3, "margin")


def test_the_second_opinion_of_a_first_version_is_the_baseline(workspace: Workspace) -> None:
    stored = save(workspace, reviews(60))
    settings = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
    list(
        train_classifier(
            TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=settings), workspace
        )
    )
    version = workspace.registry.version("Shop", 1)
    second = second_opinion(version, workspace, lambda parent: FIRST)
    assert second is not None
    assert second.labels == ["negative", "positive"]
    assert second.compute(["the lamp is awful", "the lamp is great"]).argmax(axis=1).tolist() == [0, 1]
    workspace.datasets.delete(stored.id)
    assert second_opinion(version, workspace, lambda parent: FIRST) is None


def test_an_inspection_says_what_to_look_at_first() -> None:
    def note(label: str, share: float, given: float) -> dict[str, object]:
        return {"key": "k", "text": "t", "facts": {"label": label, "share": share, "given": given}}

    findings = [
        {"kind": "contradictions", "rows": [4, 7], "notes": []},
        {"kind": "outliers", "rows": [1], "notes": []},
        {"kind": "label_errors", "rows": [7, 2], "notes": [note("good", 0.9, 0.1), note("bad", 0.6, 0.2)]},
    ]
    found = inspected_rows({"findings": findings})
    assert [(one["row"], one.get("suggested"), one.get("doubt")) for one in found] == [
        (7, "good", pytest.approx(0.9)),
        (2, "bad", pytest.approx(0.7)),
        (4, None, None),
    ]
    assert inspected_rows({"findings": []}) == []
