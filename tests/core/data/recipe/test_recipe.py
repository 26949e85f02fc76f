"""Recipes: each step does what it says, to the rows it names, and again on the next batch."""

from __future__ import annotations

import numpy as np
import pytest

from core.base.errors import ConfigError, DataError
from core.data.dataset.rows import TextDataset
from core.data.recipe import (
    DropLabels,
    DropTexts,
    RelabelTexts,
    RenameLabels,
    apply_steps,
    read_steps,
    text_mark,
    write_steps,
)


@pytest.fixture
def dataset() -> TextDataset:
    return TextDataset(
        texts=("Good phone", "bad phone", "good  PHONE", "so so", "很好"),
        labels=np.array([1, 0, 1, 2, 1]),
        classes=("neg", "pos", "unsure"),
        splits=("train", "train", "test", "train", "train"),
    )


def test_labels_under_one_new_name_are_merged(dataset: TextDataset) -> None:
    after, (done,) = apply_steps(dataset, [RenameLabels(names={"neg": "not good", "unsure": "not good", "x": "y"})])
    assert after.label_names() == ["pos", "not good", "pos", "not good", "pos"]
    assert after.classes == ("pos", "not good")
    assert done.count == 2


def test_dropping_a_label_removes_its_rows_and_its_class(dataset: TextDataset) -> None:
    after, (done,) = apply_steps(dataset, [DropLabels(labels=("unsure", "never seen"))])
    assert after.classes == ("neg", "pos")
    assert after.texts == ("Good phone", "bad phone", "good  PHONE", "很好")
    assert after.splits == ("train", "train", "test", "train")
    assert done.count == 1


def test_dropping_everything_is_refused(dataset: TextDataset) -> None:
    with pytest.raises(DataError) as caught:
        apply_steps(dataset, [DropLabels(labels=("neg", "pos", "unsure"))])
    assert caught.value.message.key == "recipe.nothing_left"


def test_a_mark_stands_for_the_text_in_any_case_and_spacing(dataset: TextDataset) -> None:
    assert text_mark("Good phone") == text_mark("good  PHONE") != text_mark("bad phone")
    after, (done,) = apply_steps(dataset, [DropTexts(marks=(text_mark("good phone"),), reason="duplicate")])
    assert after.texts == ("bad phone", "so so", "很好")
    assert done.count == 2


def test_the_first_of_the_duplicates_may_stay(dataset: TextDataset) -> None:
    after, _ = apply_steps(dataset, [DropTexts(marks=(text_mark("good phone"),), keep_first=True)])
    assert after.texts == ("Good phone", "bad phone", "so so", "很好")


def test_texts_may_be_dropped_from_one_split_alone(dataset: TextDataset) -> None:
    after, _ = apply_steps(dataset, [DropTexts(marks=(text_mark("good phone"),), split="train", reason="leak")])
    assert after.texts == ("bad phone", "good  PHONE", "so so", "很好")


def test_relabelled_texts_get_their_label_wherever_they_occur(dataset: TextDataset) -> None:
    after, (done,) = apply_steps(dataset, [RelabelTexts(labels={text_mark("good phone"): "new"})])
    assert after.label_names() == ["new", "neg", "new", "unsure", "pos"]
    assert done.count == 2


def test_a_step_that_finds_nothing_leaves_the_dataset_as_it_is(dataset: TextDataset) -> None:
    after, (done,) = apply_steps(dataset, [RenameLabels(names={"x": "y"})])
    assert after is dataset
    assert done.count == 0


def test_steps_come_back_from_plain_values() -> None:
    steps = [
        RenameLabels(names={"a": "b"}),
        DropTexts(marks=("0" * 16,), keep_first=True, reason="duplicate"),
        RelabelTexts(labels={"1" * 16: "c"}),
        DropLabels(labels=("d",)),
    ]
    assert read_steps(write_steps(steps)) == steps


def test_unknown_steps_and_fields_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        read_steps([{"kind": "explode"}])
    assert caught.value.message.key == "recipe.unknown_step"
    with pytest.raises(ConfigError):
        read_steps([{"kind": "drop_labels", "label": "a"}])
