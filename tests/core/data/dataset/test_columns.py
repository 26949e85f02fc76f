import pandas
import pytest

from core.data.dataset.columns import ColumnRoles, guess_roles, split_name

LONG = ["a rather long text about nothing in particular", "another long text that says hardly more"] * 3


def table(**columns):
    return pandas.DataFrame(columns)


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        ({"text": LONG, "label": list("ababab")}, ColumnRoles("text", "label")),
        ({"评论": LONG, "label": list("ababab"), "类别": list("cccddd")}, ColumnRoles("评论", "label")),
        ({"cat": list("cccddd"), "label": list("101010"), "review": LONG}, ColumnRoles("review", "label")),
        (
            {"text": LONG, "label": list("ababab"), "domain": list("xxyyzz"), "split": ["train", "TEST", "dev"] * 2},
            ColumnRoles("text", "label", split="split"),
        ),
        (
            {
                "text": LONG,
                "label": list("ababab"),
                "created_at": ["Thu Jan 21 05:58:04 +0000 2016"] * 6,
                "year": ["2016"] * 6,
            },
            ColumnRoles("text", "label", time="created_at"),
        ),
        (
            {"Review Text": LONG, "Stars": list("123451"), "group_id": list("aabbcc")},
            ColumnRoles("Review Text", "Stars", None, "group_id"),
        ),
        ({"title": list("abcdef"), "content": LONG, "情感": list("正负正负正负")}, ColumnRoles("content", "情感")),
        ({"id": list("123456"), "a": LONG, "b": list("xyxyxy")}, ColumnRoles("a", "b")),
    ],
)
def test_roles_are_guessed_from_names_and_contents(columns, roles):
    assert guess_roles(table(**columns)) == roles


def test_number_coded_columns_without_names():
    guessed = guess_roles(table(**{"column 1": list("010101"), "column 2": LONG}))
    assert guessed == ColumnRoles("column 2", "column 1")


def test_a_column_named_split_that_holds_other_things_is_not_the_split():
    assert guess_roles(table(text=LONG, label=list("ababab"), split=["left", "right"] * 3)).split is None


def test_a_table_without_a_plausible_label_gets_none():
    assert guess_roles(table(text=LONG)).label is None
    assert guess_roles(table(text=LONG, number=list("123456"))).label is None


def test_names_of_splits_in_any_case_and_in_chinese():
    assert [split_name(value) for value in (" Train", "VAL", "dev", "Testing", "测试集", "other")] == [
        "train",
        "validation",
        "validation",
        "test",
        "test",
        None,
    ]
