"""Types of entities that arrive one after the other: who gets which texts, and what is marked in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from core.base.errors import ConfigError, DataError
from core.data.dataset.rows import TextDataset
from core.data.spans.targets import counts_of, types_of
from core.tasks import TASKS
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.stream_cuts import cut, in_turn, task_asked
from core.workflows.compare.stream_marks import by_marks, names_in
from core.workflows.compare.streams import make_stream, read_stream
from core.workflows.requests import DataConfig
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save
from tests.core.workflows.test_entities import rows, saved

TASK = TASKS["token_classification"]
STEPS = [["LOC"], ["PER"]]


def asked(*datasets: str, **others: object) -> CompareRequest:
    return CompareRequest(datasets=list(datasets), strategies=[], **others)  # type: ignore[arg-type]


def test_each_text_is_in_one_batch_and_only_its_new_types_are_marked() -> None:
    dataset = rows(40, 0)
    (first, one), (second, other) = by_marks(dataset, TASK, STEPS, seed=0)
    assert (first, second) == (["LOC"], ["PER"])
    assert len(one) == len(other) == 20
    assert sorted((*one.texts, *other.texts)) == sorted(dataset.texts)
    assert types_of(one.label_names()) == ("LOC",)
    assert types_of(other.label_names()) == ("PER",)
    whole = dict(zip(dataset.texts, dataset.label_names(), strict=True))
    for text, target in zip(one.texts, one.label_names(), strict=True):
        assert TASK.marked([whole[text]], ["LOC"]) == [target]


def test_the_same_seed_gives_the_same_batches_and_another_one_others() -> None:
    dataset = rows(40, 0)
    batches = [by_marks(dataset, TASK, STEPS, seed=seed)[0][1].texts for seed in (1, 1, 2)]
    assert batches[0] == batches[1] != batches[2]


def test_batches_get_their_share_of_rare_types_and_of_given_parts() -> None:
    rare = rows(4, 1, marked=("PER",))
    common = rows(36, 0, marked=("LOC",))
    texts = (*common.texts, *rare.texts)
    targets = [*common.label_names(), *rare.label_names()]
    classes = tuple(sorted(set(targets)))
    splits = tuple("test" if row % 2 else "train" for row in range(40))
    dataset = TextDataset(texts, [classes.index(target) for target in targets], classes, splits)  # type: ignore[arg-type]
    (_, one), (_, other) = by_marks(dataset, TASK, [["PER"], ["LOC"]], seed=0)
    assert counts_of(one.label_names()) == {"PER": 2}
    for batch in (one, other):
        assert Counter(batch.splits) == {"train": 10, "test": 10}


def test_names_come_in_order_of_first_appearance() -> None:
    assert names_in(['[[0, 1, "B"]]', '[[0, 1, "A"], [2, 3, "B"]]', "[]"], TASK) == ["B", "A"]
    assert in_turn(["B", "A", "C"], 2, order="appearance", seed=0) == [["B", "A"], ["C"]]


def test_types_cut_a_dataset_and_the_stream_says_what_was_done(workspace: Workspace) -> None:
    request = asked(saved(workspace, rows(160, 0), "names").id, experience="labels", label_order="alphabetical")
    assert [name for name, _ in cut(request, workspace)] == ["LOC", "PER"]
    stream = read_stream(request, DataConfig(), workspace)
    assert stream.classes == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert [experience.labels for experience in stream.experiences] == [["LOC"], ["PER"]]
    for experience, name in zip(stream.experiences, ("LOC", "PER"), strict=True):
        assert types_of(experience.test[1]) == types_of(experience.train[1]) == (name,)
    assert stream.findings[0].key == "compare.marks"
    assert stream.findings[0].facts["count"] == 2


def test_the_division_that_came_with_the_data_is_respected() -> None:
    dataset = rows(90, 0)
    splits = tuple(("train", "validation", "test")[row % 3] for row in range(90))
    given = dict(zip(dataset.texts, splits, strict=True))
    pieces = [(name, piece) for (name,), piece in by_marks(replace(dataset, splits=splits), TASK, STEPS, seed=0)]
    for experience in make_stream(pieces, DataConfig(), TASK).experiences:
        for part in ("train", "validation", "test"):
            assert {given[text] for text in getattr(experience, part)[0]} == {part}


def test_datasets_of_entities_are_experiences_as_they_are(workspace: Workspace) -> None:
    parts = [saved(workspace, rows(60, seed, marked=(name,)), name).id for seed, name in enumerate(("PER", "LOC"))]
    stream = read_stream(asked(*parts), DataConfig(), workspace)
    assert [experience.name for experience in stream.experiences] == ["PER", "LOC"]
    assert stream.classes == ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    assert "compare.marks" not in {finding.key for finding in stream.findings}


def test_types_that_no_test_has_are_told() -> None:
    dataset = rows(60, 0)
    splits = tuple(("train", "validation", "test")[row % 3] for row in range(60))
    bare = TASK.marked(dataset.label_names(), ["LOC"])
    whole = dataset.label_names()
    targets = [bare[row] if splits[row] == "test" or row % 2 else whole[row] for row in range(60)]
    classes = tuple(sorted(set(targets)))
    piece = TextDataset(dataset.texts, [classes.index(each) for each in targets], classes, splits)  # type: ignore[arg-type]
    findings = make_stream([("one", piece), ("two", rows(60, 1, marked=("LOC",)))], DataConfig(), TASK).findings
    (untested,) = [finding for finding in findings if finding.key == "compare.untested_types"]
    assert untested.facts["types"] == ["PER"]


def test_the_task_follows_the_datasets_unless_it_is_named(workspace: Workspace) -> None:
    entities, labels = saved(workspace, rows(30, 0), "names").id, save(workspace, reviews(30), "reviews").id
    assert task_asked(asked(entities), workspace).name == "token_classification"
    assert task_asked(asked(labels), workspace).name == "text_classification"
    assert task_asked(asked(task="token_classification"), workspace).name == "token_classification"
    with pytest.raises(DataError, match="no entities are marked"):
        task_asked(asked(entities, labels), workspace)
    with pytest.raises(DataError, match="entities are marked"):
        task_asked(asked(labels, entities), workspace)
    with pytest.raises(ConfigError, match="text_classification, token_classification"):
        task_asked(asked(labels, task="language_modelling"), workspace)
