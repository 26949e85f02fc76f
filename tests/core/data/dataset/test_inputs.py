"""Further columns of a row: one string and back, what values mean, and which columns can be used."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.input_columns import guess_kind, inputs_asked, telling_inputs, useful_columns
from core.data.dataset.inputs import (
    ESCAPE,
    FIELD,
    MARK,
    VALUE,
    Field,
    body_of,
    columns_of,
    compose,
    learned_inputs,
    parse,
    read_date,
    read_number,
    row_of,
    tokens_of,
)
from core.data.dataset.language import language_of
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.store import DatasetStore
from core.data.loading.profiling import profile
from core.data.quality.base import Finding, Inspected
from core.data.quality.nearness import near_texts
from core.data.quality.outliers import odd_texts
from core.data.recipe import Redact

ODD = [
    "plain",
    "",
    "屏幕很好，价格 12.5",
    "two\nlines: with colons",
    f"{FIELD}{VALUE}",
    f"a{MARK}b{ESCAPE}c",
    f"{ESCAPE}\u2061{ESCAPE}\u2062{MARK}",
    "\ud800 alone",
    "😀\x00\x1f\u2028",
    "ends with a line end\n",
]


@pytest.mark.parametrize("odd", ODD)
def test_whatever_is_written_is_read_again(odd: str) -> None:
    fields = [
        Field("title", "text", odd),
        Field(odd, "category", "x"),
        Field("when", "date", ""),
        Field("n", "number", odd),
    ]
    assert parse(compose(odd, fields)) == (odd, fields)
    assert body_of(compose(odd, fields)) == odd


def test_a_text_without_columns_is_itself_whatever_signs_it_holds() -> None:
    for text in ("plain", f"{FIELD}no kind", f"a{FIELD}\u2061\u2061no value", ""):
        assert parse(text) == (text, [])


def test_places_point_at_the_values() -> None:
    row = compose("body", [Field("title", "text", "好书"), Field("price", "number", "12")])
    body, spans = columns_of(row)
    assert body == "body"
    assert [row[span.start : span.end] for span in spans] == ["好书", "12"]


def test_people_see_the_columns_as_lines() -> None:
    row = compose("body", [Field("price", "number", "12")])
    assert "".join(sign for sign in row if sign.isprintable() or sign == "\n") == "body\nprice: 12"


@pytest.mark.parametrize(
    ("written", "number"),
    [("12.5", 12.5), (" -3 ", -3.0), ("1,200", 1200.0), ("¥30", 30.0), ("40 %", 40.0), ("１２", 12.0), ("1e3", 1000.0),
     ("abc", None), ("", None), ("nan", None), ("inf", None), ("1,2", None)],
)  # fmt: skip
def test_numbers_as_people_write_them(written: str, number: float | None) -> None:
    assert read_number(written) == number


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026/3/1 14:05", datetime(2026, 3, 1, 14, 5)),
        ("2026年3月1日", datetime(2026, 3, 1)),
        ("2026-03", datetime(2026, 3, 1)),
        ("2016", datetime(2016, 1, 1)),
        ("20260301", datetime(2026, 3, 1)),
        ("3/4/2026", datetime(2026, 3, 4)),
        ("13/4/2026", datetime(2026, 4, 13)),
        ("1.3.2026", datetime(2026, 3, 1)),
        ("soon", None),
        ("", None),
        ("2026-13-01", None),
    ],
)
def test_dates_in_the_forms_people_use(written: str, when: datetime | None) -> None:
    assert read_date(written) == when


def test_dates_of_programs() -> None:
    tweet = read_date("Thu Jan 21 05:58:04 +0000 2016")
    stamp = read_date("1453355884")
    assert tweet is not None
    assert stamp is not None
    assert tweet == stamp == read_date("1453355884000")
    assert tweet.hour == 5


def test_edges_lie_between_values_and_divide_the_rows_evenly() -> None:
    rows = [compose("x", [Field("n", "number", str(value))]) for value in [*range(100), *[7] * 100]]
    (known,) = learned_inputs(rows)
    coarse, fine = known["edges"]
    assert len(coarse) <= 3
    assert 3 < len(fine) <= 15
    assert all(edge % 1 == 0.5 for edge in fine)
    assert all(low < high for low, high in pairwise(fine))


def test_a_number_is_a_coarse_and_a_fine_part_and_a_value_between_edges_does_not_matter() -> None:
    rows = [compose("x", [Field("n", "number", str(value))]) for value in range(160)]
    (known,) = learned_inputs(rows)
    assert tokens_of(known, "0")[0].endswith("0/4")
    assert tokens_of(known, "159")[0].endswith("3/4")
    assert tokens_of(known, "1e9") == tokens_of(known, "159")
    assert tokens_of(known, "3") == tokens_of(known, "4")
    assert tokens_of(known, "") != tokens_of(known, "strange") != tokens_of(known, "3")


def test_values_of_a_category_differ_by_more_than_case_and_space() -> None:
    known = {"name": "c", "kind": "category"}
    assert tokens_of(known, " Home  Garden ") == tokens_of(known, "home garden")
    assert tokens_of(known, "home") != tokens_of(known, "garden")


def test_a_version_reads_its_own_columns_only() -> None:
    inputs = [{"name": "a", "kind": "category"}, {"name": "b", "kind": "number", "edges": [[], []]}]
    assert parse(row_of(inputs, "x", {"b": "n/a", "c": "1"}))[1] == [
        Field("a", "category", ""),
        Field("b", "number", ""),
    ]
    assert row_of(inputs, "  ", {"b": "1"}) == "  "
    assert row_of([], "x", {"b": "1"}) == "x"


def table(rows: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": [f"a thing {row}" for row in range(rows)],
            "label": ["good" if row % 2 else "bad" for row in range(rows)],
            "title": [f"一个标题 number {row} and more of it" for row in range(rows)],
            "kind": [("book", "toy", "")[row % 3] for row in range(rows)],
            "price": [str(row % 7) if row % 5 else "" for row in range(rows)],
            "when": [f"2026-01-{1 + row % 28:02}" for row in range(rows)],
            "same": ["x"] * rows,
            "empty": [""] * rows,
            "id": [f"u{row:04}" for row in range(rows)],
            "answer": ["yes" if row % 2 else "no" for row in range(rows)],
        }
    ).astype("str")


def roles(*inputs: tuple[str, str]) -> ColumnRoles:
    return ColumnRoles("text", "label", inputs=inputs)


def test_a_table_becomes_rows_with_columns_and_is_stored_as_such(tmp_path: Path) -> None:
    asked = roles(("title", "text"), ("kind", "category"), ("price", "number"))
    dataset, _ = build_dataset(table(), asked)
    body, fields = parse(dataset.texts[1])
    assert body == "a thing 1"
    assert [(field.name, field.value) for field in fields] == [
        ("title", "一个标题 number 1 and more of it"), ("kind", "toy"), ("price", "1"),
    ]  # fmt: skip
    store = DatasetStore(tmp_path)
    stored = store.save(dataset, name="toy", roles=asked)
    assert store.load(stored.id).texts == dataset.texts
    assert store.info(stored.id).roles == asked


def test_roles_that_were_stored_before_there_were_inputs_mean_what_they_meant() -> None:
    stored = {
        name: value for name, value in asdict(ColumnRoles("text", "label", group="g")).items() if name != "inputs"
    }
    assert ColumnRoles(**stored) == ColumnRoles("text", "label", group="g")
    assert ColumnRoles("text", "label", group="g").columns() == {"text": "text", "label": "label", "group": "g"}


@pytest.mark.parametrize(
    ("column", "kind", "key"),
    [
        ("same", "category", "inputs.constant"),
        ("empty", "text", "inputs.empty"),
        ("id", "category", "inputs.identifier"),
        ("title", "number", "inputs.unreadable"),
        ("kind", "date", "inputs.unreadable"),
        ("label", "category", "data.column_twice"),
        ("nothing", "text", "data.column_missing"),
    ],
)
def test_a_column_that_teaches_nothing_is_refused_with_the_reason(column: str, kind: str, key: str) -> None:
    with pytest.raises(DataError) as refused:
        build_dataset(table(), roles((column, kind)))
    assert refused.value.message.key == key
    assert column in str(refused.value)


def test_a_batch_may_hold_one_value_only_but_none_of_another_kind() -> None:
    build_dataset(table(), roles(("same", "category"), ("empty", "number")), batch=True)
    with pytest.raises(DataError, match="'title'"):
        build_dataset(table(), roles(("title", "number")), batch=True)


def test_a_column_that_gives_the_label_away_is_told() -> None:
    dataset, set_aside = build_dataset(table(), roles(("answer", "category"), ("kind", "category"), ("title", "text")))
    (told,) = telling_inputs(dataset)
    assert told.facts["column"] == "answer"
    assert [finding.kind for finding in profile(dataset, set_aside).findings].count("input_tells") == 1
    assert telling_inputs(build_dataset(table(), roles(("kind", "category")))[0]) == []


def test_kinds_are_guessed_from_values() -> None:
    assert useful_columns(table(), ColumnRoles("text", "label")) == {
        "title": "text", "kind": "category", "price": "number", "when": "date", "id": "text", "answer": "category",
    }  # fmt: skip
    assert guess_kind(["", "N/A", "12", "3.5"]) == "number"


def test_columns_as_a_command_line_names_them() -> None:
    assert inputs_asked(["title", "price:category"], table()) == (("title", "text"), ("price", "category"))
    with pytest.raises(DataError, match="text, number, category, date"):
        inputs_asked(["price:money"], table())


def test_lengths_and_language_are_those_of_the_text() -> None:
    dataset, _ = build_dataset(table(), roles(("title", "text")))
    assert profile(dataset).length_quantiles["maximum"] == len("a thing 39")
    assert language_of([compose("good", [Field("标题", "text", "很长很长很长的中文标题")])]) == "en"


def test_personal_data_is_found_and_replaced_in_columns_too() -> None:
    row = compose("write to a@example.com", [Field("author", "text", "b@example.com"), Field("n", "number", "12")])
    dataset = TextDataset((row, "plain"), np.array([0, 1]), ("bad", "good"))
    after, count = Redact(kinds=("email",)).apply(dataset)
    assert count == 1
    assert parse(after.texts[0]) == (
        "write to [EMAIL]", [Field("author", "text", "[EMAIL]"), Field("n", "number", "12")],
    )  # fmt: skip


def test_texts_are_near_or_odd_whatever_stands_beside_them() -> None:
    texts = [
        compose(f"this is the review of thing number {row} and it is fine", [Field("t", "text", "x " * 400)])
        for row in "ab"
    ]
    texts += [compose("completely different words stand in this one", [Field("t", "text", "x " * 400)])]
    texts += [
        compose(f"short text of the usual kind {row}", [Field("t", "text", "y" * (900 if row else 0))])
        for row in range(30)
    ]
    dataset = TextDataset(tuple(texts), np.arange(33) % 2, ("bad", "good"))
    inspected = Inspected(dataset)
    assert [finding.kind for finding in odd_texts(inspected) if isinstance(finding, Finding)] == []
    for _ in near_texts(inspected):
        pass
    assert inspected.nearness is not None
    order, near = inspected.nearness.order, inspected.nearness.near
    pairs = {tuple(sorted(order[pair].tolist())) for pair in near.pairs}
    assert (0, 1) in pairs
    assert not any(2 in pair for pair in pairs)
