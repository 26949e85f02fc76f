import numpy as np
import pytest

from core.base.errors import DataError
from core.data.dataset.inputs import Field, compose
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.dataset.splitting import Split, split_rows


def dataset(labels, texts=None, **columns):
    labels = np.array(labels)
    classes = tuple(f"label {number}" for number in range(labels.max() + 1))
    return TextDataset(tuple(texts or (f"text {row}" for row in range(len(labels)))), labels, classes, **columns)


def parts(split):
    return {
        "train": set(split.train.tolist()),
        "validation": set(split.validation.tolist()),
        "test": set(split.test.tolist()),
    }


def test_equal_texts_have_equal_keys():
    assert text_key("  Ｇｏｏｄ\tPhone ") == text_key("good\nphone") == "good phone"
    assert text_key("good phone!") != text_key("good phone")


def test_each_label_is_divided_in_the_same_proportion():
    split = split_rows(dataset([0] * 100 + [1] * 50 + [2] * 17))
    labels = np.array([0] * 100 + [1] * 50 + [2] * 17)
    assert np.bincount(labels[split.train]).tolist() == [70, 35, 12]
    assert np.bincount(labels[split.validation]).tolist() == [10, 5, 2]
    assert np.bincount(labels[split.test]).tolist() == [20, 10, 3]
    assert sorted([*split.train, *split.validation, *split.test]) == list(range(167))
    assert len(split.set_aside) == 0
    assert split.train.dtype == np.int64


def test_the_seed_decides_and_nothing_else():
    data = dataset([0, 1] * 50)
    assert parts(split_rows(data, seed=3)) == parts(split_rows(data, seed=3))
    assert parts(split_rows(data, seed=3)) != parts(split_rows(data, seed=4))


@pytest.mark.parametrize("seed", range(5))
def test_equal_texts_stay_on_one_side_whatever_their_case_and_label(seed):
    texts = [f"text {row}" for row in range(90)] + [f"  TEXT  {row}" for row in range(0, 90, 3)]
    data = dataset([row % 2 for row in range(120)], texts)
    split = split_rows(data, seed=seed)
    keys = [{text_key(texts[row]) for row in rows} for rows in parts(split).values()]
    assert len(set.union(*keys)) == sum(map(len, keys))
    assert sum(map(len, parts(split).values())) == 120
    assert abs(len(split.test) - 24) <= 2


def test_texts_that_differ_only_in_what_stands_beside_them_stay_on_one_side():
    texts = [compose(f"text {row // 2}", [Field("price", "number", str(row % 2))]) for row in range(200)]
    split = split_rows(dataset([0, 1] * 100, texts))
    for part in parts(split).values():
        assert {row ^ 1 for row in part} == set(part)


def test_groups_stay_on_one_side_also_through_shared_texts():
    groups = [f"user {row // 4}" for row in range(120)]
    texts = [f"text {row}" for row in range(120)]
    texts[4] = texts[0]  # joins user 0 and user 1
    split = split_rows(dataset([0, 1] * 60, texts, groups=tuple(groups)))
    sides = [{groups[row] for row in rows} for rows in parts(split).values()]
    assert len(set.union(*sides)) == sum(map(len, sides))
    assert sum("user 0" in side and "user 1" in side for side in sides) == 1
    assert len(split.test) >= 16
    assert len(split.validation) >= 8


def test_a_part_with_rows_of_a_single_group_is_told_with_its_groups():
    split = split_rows(dataset([0, 1] * 60, groups=tuple("abc"[row % 3] for row in range(120))))
    (finding,) = split.findings
    assert finding.key == "data.groups_few"
    assert finding.facts == {"validation": 1, "test": 1}
    assert "rows of 1 group," in str(finding)


def test_many_groups_or_none_are_not_told():
    several = tuple(f"user {row // 2}" for row in range(120))
    for groups in (several, ("",) * 120, None):
        assert split_rows(dataset([0, 1] * 60, groups=groups)).findings == ()


def test_a_given_test_of_a_single_group_is_told_too():
    splits = ("train",) * 60 + ("validation",) * 10 + ("test",) * 20
    groups = tuple(f"user {row}" for row in range(70)) + ("last",) * 20
    (finding,) = split_rows(dataset([0, 1] * 45, groups=groups, splits=splits)).findings
    assert finding.facts == {"validation": 10, "test": 1}


def test_rows_without_a_group_are_not_one_group():
    split = split_rows(dataset([0, 1] * 20, groups=("",) * 40))
    assert (len(split.train), len(split.validation), len(split.test)) == (28, 4, 8)


def test_a_label_with_fewer_than_three_rows_stays_in_training_and_is_named():
    split = split_rows(dataset([0] * 10 + [1] * 10 + [2] * 2))
    assert {20, 21} <= set(split.train.tolist())
    assert [finding.key for finding in split.findings] == ["data.rare_labels_train", "data.labels_untested"]
    assert "label 2" in str(split.findings[0])


def test_three_rows_of_a_label_give_one_to_each_part():
    split = split_rows(dataset([0, 0, 0, 1, 1, 1]))
    assert [len(rows) for rows in (split.train, split.validation, split.test)] == [2, 2, 2]


def test_a_given_split_is_respected():
    splits = ("train",) * 6 + ("validation",) * 2 + ("test",) * 4
    split = split_rows(dataset([0, 1] * 6, splits=splits))
    assert parts(split) == {"train": set(range(6)), "validation": {6, 7}, "test": {8, 9, 10, 11}}
    assert split.findings == ()


def test_validation_is_taken_from_training_where_it_is_missing():
    splits = ("train",) * 80 + ("test",) * 20
    split = split_rows(dataset([0, 1] * 50, splits=splits))
    assert parts(split)["test"] == set(range(80, 100))
    assert len(split.validation) == 10
    assert len(split.train) == 70


def test_a_missing_test_is_taken_from_training():
    splits = ("train",) * 90 + ("validation",) * 10
    split = split_rows(dataset([0, 1] * 50, splits=splits))
    assert parts(split)["validation"] == set(range(90, 100))
    assert len(split.test) == 20


def test_rows_leaked_into_the_test_are_set_aside_and_counted():
    texts = [f"text {row}" for row in range(12)]
    texts[1], texts[6], texts[7] = "Text 9", "text  10", "text 2"
    splits = ("train",) * 6 + ("validation",) * 3 + ("test",) * 3
    split = split_rows(dataset([0, 1] * 6, texts, splits=splits))
    assert split.set_aside.tolist() == [1, 6, 7]
    assert parts(split) == {"train": {0, 2, 3, 4, 5}, "validation": {8}, "test": {9, 10, 11}}
    assert [(finding.key, finding.facts["count"]) for finding in split.findings] == [
        ("data.leaked_set_aside", 2),
        ("data.doubled_set_aside", 1),
    ]


def test_parts_that_would_be_empty_are_refused_but_not_for_a_batch():
    same = dataset([0, 1] * 10, ["the same"] * 20)
    with pytest.raises(DataError) as caught:
        split_rows(same)
    assert caught.value.message.key == "data.validation_empty"
    assert len(split_rows(same, batch=True).train) == 20


def test_a_batch_of_one_label_is_divided():
    split = split_rows(dataset([0] * 10), batch=True)
    assert [len(rows) for rows in (split.train, split.validation, split.test)] == [7, 1, 2]


def test_a_training_part_with_one_label_is_refused():
    splits = ("train",) * 5 + ("test",) * 10
    with pytest.raises(DataError) as caught:
        split_rows(dataset([0] * 5 + [1] * 5 + [0] * 5, splits=splits))
    assert caught.value.message.key == "data.train_one_label"


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.5), (0.0, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_fractions_must_make_sense(fractions):
    with pytest.raises(DataError) as caught:
        split_rows(dataset([0, 1] * 10), fractions=fractions)
    assert caught.value.message.key == "data.fractions"


def test_no_validation_can_be_asked_for():
    split = split_rows(dataset([0, 1] * 20), fractions=(0.8, 0.0, 0.2))
    assert (len(split.train), len(split.validation), len(split.test)) == (32, 0, 8)


def test_groups_met_before_stay_where_they_were():
    groups = tuple(f"user {row // 2}" for row in range(120))
    known = {"user 0": "train", "user 1": "test", "user 2": "validation", " user 3 ": "test"}
    for seed in range(5):
        split = split_rows(dataset([0, 1] * 60, groups=groups), seed=seed, batch=True, known_groups=known)
        assert {0, 1} <= set(split.train.tolist())
        assert {2, 3} <= set(split.test.tolist())
        assert {4, 5} <= set(split.validation.tolist())
        assert split.findings == ()
        assert len(split.train) > len(split.test) > len(split.validation) > 0


def test_what_was_learned_from_is_never_tested_also_through_a_shared_text():
    groups = tuple(f"user {row // 2}" for row in range(60))
    texts = [f"text {row}" for row in range(60)]
    texts[2] = texts[0]  # joins user 0, who was learned from, and user 1, who was tested
    split = split_rows(
        dataset([0, 1] * 30, texts, groups=groups), batch=True, known_groups={"user 0": "train", "user 1": "test"}
    )
    assert {0, 1, 2, 3} <= set(split.train.tolist())


def test_a_batch_of_known_groups_alone_is_divided_and_says_so():
    groups = tuple(f"user {row // 4}" for row in range(80))
    known = {f"user {number}": "train" for number in range(20)}
    split = split_rows(dataset([0, 1] * 40, groups=groups), batch=True, known_groups=known)
    assert len(split.test)
    assert len(split.validation)
    assert [finding.key for finding in split.findings] == ["data.groups_shared"]
    unheld = split_rows(dataset([0, 1] * 40, groups=groups), batch=True)
    assert parts(split) == parts(unheld)


def test_a_group_that_was_ever_learned_from_counts_as_that():
    groups = ("a", "a", "b", " b", "c", "", "d")
    split = Split(*(np.array(rows) for rows in ([0, 2], [4], [1, 3, 6], [])), findings=())
    met = split.groups_met(groups, {"d": "train", "c": "test", "e": "test"})
    assert met == {"a": "train", "b": "train", "c": "test", "d": "train", "e": "test"} | {"c": "validation"}
    assert split.groups_met(None, {"a": "test"}) == {"a": "test"}
