import numpy as np
import pandas
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset, check_labels

TABLE = pandas.DataFrame(
    {
        "text": ["good", " ", "bad", "fair", ""],
        "label": [" yes", "no", "no ", "", ""],
        "split": ["Train", "x", "dev", "test", ""],
        "shop": ["1", "2", "3", "4", "5"],
    }
)


def test_rows_without_text_or_label_are_set_aside_and_listed():
    dataset, set_aside = build_dataset(TABLE, ColumnRoles("text", "label"))
    assert dataset.texts == ("good", "bad")
    assert dataset.classes == ("no", "yes")
    assert dataset.label_names() == ["yes", "no"]
    assert (set_aside.empty_text, set_aside.empty_label, set_aside.kept, set_aside.count) == ((1, 4), (3,), (0, 2), 3)


def test_splits_of_rows_that_stay_are_recognised_and_groups_kept():
    dataset, _ = build_dataset(TABLE, ColumnRoles("text", "label", split="split", group="shop"))
    assert dataset.splits == ("train", "validation")
    assert dataset.groups == ("1", "3")


def test_numbers_are_ordered_by_value():
    table = pandas.DataFrame({"text": list("abcd"), "label": ["10", "9", "2", "10"]})
    assert build_dataset(table, ColumnRoles("text", "label"))[0].classes == ("2", "9", "10")


def test_where_no_label_is_needed_texts_alone_are_a_dataset():
    dataset, set_aside = build_dataset(TABLE, ColumnRoles("text", None, group="shop"), need_label=False)
    assert (dataset.texts, dataset.label_names(), dataset.groups) == (
        ("good", "bad", "fair"),
        [""] * 3,
        ("1", "3", "4"),
    )
    assert (set_aside.empty_text, set_aside.empty_label, set_aside.kept) == ((1, 4), (), (0, 2, 3))
    assert not dataset.labelled
    check_labels(dataset)
    chosen, _ = build_dataset(TABLE, ColumnRoles("text", "label"), need_label=False)
    assert (chosen.classes, chosen.labelled) == (("no", "yes"), True)
    with pytest.raises(DataError, match="is empty in all 1 row"):
        build_dataset(pandas.DataFrame({"text": [" "]}), ColumnRoles("text", None), need_label=False)


def test_a_batch_may_have_one_label():
    table = pandas.DataFrame({"text": ["a"], "label": ["new"]})
    assert build_dataset(table, ColumnRoles("text", "label"), batch=True)[0].classes == ("new",)


def test_taken_rows_keep_all_classes_and_the_original_is_unchanged():
    dataset = TextDataset(("a", "b", "c"), np.array([0, 1, 0]), ("x", "y"), times=("1", "2", "3"))
    taken = dataset.take([2, 0])
    assert (taken.texts, taken.labels.tolist(), taken.classes, taken.times) == (
        ("c", "a"),
        [0, 0],
        ("x", "y"),
        ("3", "1"),
    )
    assert len(dataset) == 3


def test_labels_cannot_be_written_to_and_are_a_copy():
    labels = np.array([0, 1])
    dataset = TextDataset(("a", "b"), labels, ("x", "y"))
    labels[0] = 1
    assert dataset.labels.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        dataset.labels[0] = 1
