from core.data.dataset.same_text import groups_of, key_numbers, units_of

TEXTS = ("Good", "ｇｏｏｄ ", "bad", "fine", "bad", "new")


def test_equal_texts_have_equal_numbers_and_form_groups_in_the_order_of_their_first_row():
    assert [rows.tolist() for rows in groups_of(key_numbers(TEXTS))] == [[0, 1], [2, 4]]
    assert groups_of(key_numbers(())) == []


def test_units_are_counted_from_the_first_row_on():
    assert units_of(key_numbers(TEXTS)).tolist() == [0, 0, 1, 2, 1, 3]
    assert units_of(key_numbers(TEXTS), [" "] * 6).tolist() == [0, 0, 1, 2, 1, 3]


def test_a_group_joins_texts_and_a_text_joins_groups():
    # "bad" is in the groups a and b, so that all of both belong together; blank groups join nothing.
    assert units_of(key_numbers(TEXTS), ["", "", "a", "b ", " b", "a"]).tolist() == [0, 0, 1, 1, 1, 1]
