"""Cutting rows into experiences, and dividing each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import pytest

from core.base.errors import ConfigError, DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.stream_cuts import by_group, by_labels, by_time, cut, save_experiences, store_stream
from core.workflows.compare.streams import make_stream
from core.workflows.requests import DataConfig
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

ROLES = ColumnRoles(text="text", label="label")


def dataset(labels: str, **columns: Any) -> TextDataset:
    """One row for each letter, which is its label."""
    classes = tuple(sorted(set(labels)))
    texts = tuple(f"text {number}" for number in range(len(labels)))
    return TextDataset(texts, np.array([classes.index(label) for label in labels]), classes, **columns)


def names(pieces: list[tuple[str, TextDataset]]) -> list[str]:
    return [name for name, _ in pieces]


def test_labels_come_in_groups_in_order_of_first_appearance() -> None:
    pieces = by_labels(dataset("dbdacbe"), 2)
    assert names(pieces) == ["d, b", "a, c", "e"]
    assert [piece.texts for _, piece in pieces] == [
        ("text 0", "text 1", "text 2", "text 5"),
        ("text 3", "text 4"),
        ("text 6",),
    ]
    assert pieces[0][1].classes == ("b", "d")
    assert pieces[0][1].label_names() == ["d", "b", "d", "b"]


def test_labels_can_come_in_alphabetical_or_seeded_random_order() -> None:
    assert names(by_labels(dataset("dbac"), 2, order="alphabetical")) == ["a, b", "c, d"]
    letters = dataset("abcdefghij")
    one, again, other = (names(by_labels(letters, 1, order="random", seed=seed)) for seed in (1, 1, 2))
    assert one == again != other
    assert sorted(one) == list("abcdefghij")
    assert names(by_labels(letters, 4, order="alphabetical"))[0] == "a … d (4)"


def test_groups_come_in_order_of_first_appearance_and_rows_without_one_are_left_out() -> None:
    pieces = by_group(dataset("aabba", groups=("x", "y", " x", "", "y")))
    assert [(name, piece.texts) for name, piece in pieces] == [
        ("x", ("text 0", "text 2")),
        ("y", ("text 1", "text 4")),
    ]
    assert all(piece.groups is None for _, piece in pieces)


def test_periods_are_equally_long_and_empty_ones_left_out() -> None:
    # From 1 January to 31 December 2020: the second of three parts, May to August, has no rows.
    times = ("2020-12-31", "2020-01-01", "2020-02-03 10:00", "2020-11-05T00:00:00Z")
    pieces = by_time(dataset("abab", times=times), 3)
    assert [(name, piece.texts) for name, piece in pieces] == [
        ("2020-01-01 – 2020-02-03", ("text 1", "text 2")),
        ("2020-11-05 – 2020-12-31", ("text 0", "text 3")),
    ]


def test_years_are_numbers() -> None:
    pieces = by_time(dataset("abab", times=("2016", "2018", "2016", "2017")), 2)
    assert [(name, len(piece)) for name, piece in pieces] == [("2016", 2), ("2017 – 2018", 2)]


def test_a_time_that_is_none_is_named() -> None:
    with pytest.raises(DataError, match="'last week' is neither"):
        by_time(dataset("ab", times=("2016-01-01", "last week")), 2)


@pytest.mark.parametrize("experience", ["time", "group"])
def test_a_missing_column_is_said(workspace: Workspace, experience: Any) -> None:
    stored = save(workspace, dataset("abab"))
    with pytest.raises(DataError, match=f"no {experience} column"):
        cut(CompareRequest(datasets=[stored.id], experience=experience, strategies=[]), workspace)


def test_only_one_dataset_can_be_cut(workspace: Workspace) -> None:
    stored = [save(workspace, part).id for part in (dataset("abab"), dataset("abc"))]
    with pytest.raises(DataError, match="only one can be cut"):
        cut(CompareRequest(datasets=stored, experience="labels", strategies=[]), workspace)
    pieces = cut(CompareRequest(datasets=stored, strategies=[]), workspace)
    assert [len(piece) for _, piece in pieces] == [4, 3]


def test_a_column_becomes_a_dataset_for_each_value(workspace: Workspace) -> None:
    rows = [(f"text {number} {shop}", "ab"[number % 2], shop) for shop in ("west", "", "east") for number in range(6)]
    table = pandas.DataFrame(rows, columns=["text", "label", "shop"])
    saved = save_experiences(table, ROLES, "shop", workspace, source="reviews.csv")
    assert [(one.name, one.rows, one.source["file"]) for one in saved] == [
        ("west", 6, "reviews.csv"),
        ("east", 6, "reviews.csv"),
    ]


def test_a_stored_stream_knows_how_it_is_cut(workspace: Workspace) -> None:
    rows = [(f"text {number}", "abcd"[number % 4], f"20{10 + number}", str(number % 2)) for number in range(12)]
    table = pandas.DataFrame(rows, columns=["text", "label", "year", "shop"])

    def stored(column: str, **asked: Any) -> dict[str, Any]:
        return store_stream(table, ROLES, column, workspace, source="reviews.csv", **asked)

    assert stored("shop")["experience"] == "datasets"
    assert len(stored("shop")["datasets"]) == 2
    assert {**stored("year", periods=3), "datasets": 0} == {"experience": "time", "periods": 3, "datasets": 0}
    assert stored("label", labels=2)["labels_per_experience"] == 2
    assert stored("label")["labels_per_experience"] == 1
    with pytest.raises(ConfigError, match="not the label column"):
        stored("shop", labels=2)


def test_every_experience_is_divided_and_classes_grow() -> None:
    stream = make_stream([("first", reviews(60)), ("second", reviews(90, seed=1, third_label=True))], DataConfig())
    first, second = stream.experiences
    assert [len(part[0]) for part in (first.train, first.validation, first.test)] == [42, 6, 12]
    assert first.classes == ("negative", "positive")
    assert second.classes == stream.classes == ("negative", "positive", "question")
    assert second.labels == ["negative", "positive", "question"]
    assert stream.language == "en"
    assert stream.past(1) == (([], []), ([], []))
    assert stream.past(2) == ((list(first.train[0]), first.train[1]), (list(first.validation[0]), first.validation[1]))


def test_a_given_division_is_respected() -> None:
    splits = tuple("test" if row < 20 else "validation" if row < 30 else "train" for row in range(60))
    given = reviews(60)
    given = TextDataset(given.texts, given.labels, given.classes, splits)
    stream = make_stream([("first", given), ("second", reviews(60, seed=1))], DataConfig())
    assert stream.experiences[0].test[0] == given.texts[:20]
    assert stream.experiences[0].validation[0] == given.texts[20:30]


def test_no_text_of_any_test_is_learned_from_not_even_before_that_test_comes() -> None:
    first, second = reviews(60), reviews(60, seed=1)
    later = make_stream([("first", first), ("second", second)], DataConfig()).experiences[1].test[0]
    # Two rows of the first experience repeat texts of the second one's test, in other letters.
    texts = (later[0].upper(), *first.texts[1:-1], f" {later[1]} ")
    splits = ("train",) * 50 + ("validation",) * 10
    leaking = TextDataset(texts, first.labels, first.classes, splits)
    stream = make_stream([("first", leaking), ("second", second)], DataConfig())
    tested = {text_key(text) for one in stream.experiences for text in one.test[0]}
    learned = [text for one in stream.experiences for text in (*one.train[0], *one.validation[0])]
    assert not tested & {text_key(text) for text in learned}
    (found,) = [finding for finding in stream.findings if finding.key == "compare.leaked"]
    assert found.facts["count"] == 2


def test_a_group_is_learned_from_or_tested_in_all_experiences_alike() -> None:
    pieces = []
    for number, writers in enumerate((40, 60, 80)):
        piece = reviews(200, seed=number)
        groups = tuple(f"w{row % writers}" for row in range(200))
        pieces.append((f"week {number}", TextDataset(piece.texts, piece.labels, piece.classes, groups=groups)))
    group_of = {text: group for _, piece in pieces for text, group in zip(piece.texts, piece.groups, strict=True)}
    experiences = make_stream(pieces, DataConfig()).experiences
    learned, tested = (
        {group_of[text] for experience in experiences for text in getattr(experience, part)[0]}
        for part in ("train", "test")
    )
    assert learned
    assert tested
    assert not learned & tested


def test_an_experience_without_enough_rows_is_named() -> None:
    with pytest.raises(DataError, match="'second' has too few rows"):
        make_stream([("first", reviews(60)), ("second", reviews(2, seed=1))], DataConfig())


def test_small_tests_and_untested_labels_are_told() -> None:
    stream = make_stream([("first", reviews(200)), ("second", reviews(60, seed=1))], DataConfig())
    assert [str(finding) for finding in stream.findings] == [
        "Fewer than 30 test rows, so that their own figures say little: second."
    ]
