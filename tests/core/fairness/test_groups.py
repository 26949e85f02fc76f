import numpy as np
import pytest

from core.base.errors import DataError
from core.fairness.groups import by_column, by_words
from core.fairness.terms import TermGroup


def test_a_row_is_in_each_group_that_its_text_names() -> None:
    terms = (
        TermGroup("gender", "women", ("she",)),
        TermGroup("gender", "men", ("he",)),
        TermGroup("age", "old", ("old",)),
    )
    grouping = by_words(["She and he", "nobody", "he is old"], terms)
    assert grouping.names == ("gender/women", "gender/men", "age/old")
    np.testing.assert_array_equal(grouping.members, [[1, 1, 0], [0, 0, 0], [0, 1, 1]])
    assert grouping.sizes.tolist() == [1, 2, 1]


def test_a_column_makes_a_group_of_each_value_the_largest_first() -> None:
    grouping = by_column(["south", "north", None, "north ", ""], "region")
    assert grouping.names == ("north", "south")
    np.testing.assert_array_equal(grouping.members, [[0, 1], [1, 0], [0, 0], [1, 0], [0, 0]])


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([str(number) for number in range(10_000)], "fairness.column_many"),
        (["north"] * 50, "fairness.column_one"),
        ([None, ""], "fairness.column_one"),
    ],
)
def test_a_column_that_makes_no_groups_is_told(values: list[str | None], key: str) -> None:
    with pytest.raises(DataError) as error:
        by_column(values, "person")
    assert error.value.message.key == key
    assert "person" in str(error.value)
