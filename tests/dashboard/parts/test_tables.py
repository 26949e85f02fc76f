"""Numbers read as people write them, and no table carries a formula out."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import pytest

from dashboard.parts import tables
from dashboard.shell import i18n


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")


def test_a_score_has_three_decimals_and_its_interval() -> None:
    assert tables.score(0.9124) == "0.912"
    assert tables.score(0.9124, 0.897, 0.926) == "0.912 (0.897–0.926)"


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_an_unknown_score_is_a_dash(unknown: float | None) -> None:
    assert tables.score(unknown) == "–"


def test_points_have_a_sign() -> None:
    assert tables.points(0.031) == "+3.1"
    assert tables.points(-0.018) == "−1.8"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "under 1 s"),
        (59, "59 s"),
        (59.6, "1 min"),
        (130, "2 min 10 s"),
        (3600, "1 h"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_are_in_words(seconds: float, words: str) -> None:
    assert tables.duration(seconds) == words


def test_durations_are_in_chinese_words(chinese: None) -> None:
    assert tables.duration(130) == "2 分 10 秒"
    assert tables.duration(7500) == "2 小时 5 分"


@pytest.mark.parametrize(
    ("measured", "words"),
    [(0.0352, "0.035 ms"), (3.456, "3.46 ms"), (999.4, "999 ms"), (3903.3, "3.9 s"), (75_000.0, "1 min 15 s")],
)
def test_what_was_measured_in_milliseconds_is_told_in_seconds_from_one_on(measured: float, words: str) -> None:
    assert tables.milliseconds(measured) == words


def test_a_table_is_as_high_as_its_rows_as_long_as_they_are_few() -> None:
    assert [tables.height_of(rows) for rows in (0, 10, 11)] == ["content", "content", 420]


def test_whole_numbers_of_a_table_are_written_with_separated_thousands() -> None:
    table = pd.DataFrame({"name": ["a"], "rows": [1350], "score": [0.5]})
    formats = {name: column["type_config"]["format"] for name, column in tables.counts(table).items()}
    assert formats == {"rows": "localized"}


def test_thousands_are_separated() -> None:
    assert tables.thousands(1234567) == "1,234,567"


def test_sizes_are_read_easily() -> None:
    assert [tables.size(count) for count in (12, 34_000, 2_400_000, 1_136_300_000)] == [
        "12 B",
        "34 kB",
        "2.4 MB",
        "1.1 GB",
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_that_looks_like_a_formula_is_defused(cell: str) -> None:
    assert tables.defused(pd.DataFrame({"text": [cell]})).loc[0, "text"] == f"'{cell}"


def test_ordinary_cells_numbers_and_the_given_table_stay_as_they_are() -> None:
    table = pd.DataFrame({"text": ["fine = yes", "=bad"], "score": [-0.5, 2.0]})
    safe = tables.defused(table)
    assert safe["text"].tolist() == ["fine = yes", "'=bad"]
    assert safe["score"].tolist() == [-0.5, 2.0]
    assert table.loc[1, "text"] == "=bad"


def test_a_column_name_is_defused_too() -> None:
    assert list(tables.defused(pd.DataFrame({"=x": ["a"]}))) == ["'=x"]


def test_csv_opens_in_excel_with_chinese_intact() -> None:
    written = tables.to_csv(pd.DataFrame({"文本": ["很好"]}))
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.decode("utf-8-sig").split() == ["文本", "很好"]


def test_names_are_shown_as_typed_not_as_markdown() -> None:
    assert tables.plain("*a* [b](c) :red[d] $x$") == r"\*a\* \[b\]\(c\) \:red\[d\] \$x\$"


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("http://a.b", ("http", "://")), ("HTTPS://a.b", ("HTTPS", "://")), ("www.a.b", ("www", ".")), ("a@b.c", ("a", "@")),
        (":smile:", (":", "smile")), (":material/home:", (":", "material")), ("a -> b", ("-", ">")), ("<- a", ("<", "-")),
        ("a <-> b", ("<", "-")), ("--", ("-", "-")), ("a >= b", (">", "=")), ("~=", ("~", "=")),
    ],
)  # fmt: skip
def test_what_streamlit_reads_after_markdown_is_kept_apart(text: str, apart: tuple[str, str]) -> None:
    shown = tables.plain(text).replace("\\", "")
    assert tables.JOINER.join(apart) in shown
    assert shown.replace(tables.JOINER, "") == text


@pytest.mark.parametrize("text", ["- a", "1. a", "a\n---", "a\n===", "    a", "\ta", " 12. a", "# a", "> a", "+ a"])
def test_no_line_begins_a_list_a_heading_or_a_block(text: str) -> None:
    for line in tables.plain(text).split("\n"):
        assert not re.match(r" {0,3}([-+*#>=]|\d+[.)](\s|$))| {4}| {0,3}\t", line)


def test_ordinary_text_is_left_alone() -> None:
    for text in ("0.912", "12:30", "AT&T", "a - b", "a.b", "3.1 points"):
        assert tables.plain(text).replace("\\", "") == text
    assert tables.plain("&lt;") == r"\&lt;"


def test_an_estimate_is_shown_with_its_interval() -> None:
    found: Any = type("Estimate", (), {"value": 0.5, "low": 0.25, "high": 0.75})()
    assert tables.estimate(found) == "0.500 (0.250–0.750)"


def test_what_is_copied_from_the_page_is_the_name_again() -> None:
    for name in ("www.shop.example", "a --> b", "somebody@shop.example", "https://shop.example"):
        assert tables.typed(tables.plain(name)).replace("\\", "") == name


def test_tiny_differences_read_like_numbers() -> None:
    assert tables.tiny(0) == "0"
    assert tables.tiny(1.23e-7) == "1.2 × 10⁻⁷"
