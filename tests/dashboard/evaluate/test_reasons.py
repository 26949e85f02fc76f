"""The words that decided, on cards of errors and on the Use page: real scores, escaped text, both languages."""

from __future__ import annotations

import pytest

from core.networks.explain import Attribution, Word
from dashboard.parts import reasons


@pytest.fixture
def found() -> Attribution:
    text = "<b>bad</b> & good"
    return Attribution(text, 0, (Word(3, 6, -1.0), Word(13, 17, 2.0)), "gradients", 1.0, 64, 0.004)


def test_the_text_is_escaped_and_its_words_are_marked(found: Attribution) -> None:
    html = reasons.coloured(found, "<i>positive</i>")
    assert "<b>" not in html
    assert "&lt;b&gt;<mark" in html
    assert "&amp; <mark" in html
    assert "<i>positive" not in html
    assert "title='−1.000'>bad</mark>" in html
    assert "title='+2.000'>good</mark>" in html


def test_the_strongest_word_has_the_strongest_ground(found: Attribution) -> None:
    html = reasons.coloured(found, "x")
    assert "55%" in html.split("good</mark>")[0].rsplit("<mark", 1)[1]
    assert "28%" in html.split("bad</mark>")[0].rsplit("<mark", 1)[1]


def test_a_text_whose_words_all_count_nothing_is_shown_without_colour() -> None:
    html = reasons.coloured(Attribution("so so", 0, (Word(0, 2, 0.0), Word(3, 5, 0.0)), "occlusion", 0.0), "x")
    assert html.count(" 0%") == 2


def test_the_error_is_said(found: Attribution) -> None:
    assert "64" in reasons.manner(found)
    assert "0.40%" in reasons.manner(found)


def test_the_table_begins_with_the_word_that_counts_most(found: Attribution) -> None:
    assert reasons.word_table(found).iloc[:, 0].tolist() == ["good", "bad"]


def test_a_part_of_a_text_has_the_grounds_that_the_whole_has(found: Attribution) -> None:
    cut = found.text.index("&")
    assert reasons.marked(found, 0, cut) + reasons.marked(found, cut) == reasons.marked(found)


def test_no_score_of_a_word_is_a_negative_zero() -> None:
    nearly = Attribution("so so", 0, (Word(0, 2, -0.0002), Word(3, 5, 1.0)), "gradients", 1.0, 64, 0.004)
    assert "title='0.000'>so" in reasons.marked(nearly)
    assert "-0.0" not in str(reasons.word_table(nearly).iloc[:, 1].tolist())
