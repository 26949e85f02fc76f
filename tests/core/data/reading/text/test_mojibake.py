"""Misread texts come back as they were; good ones are left alone."""

from __future__ import annotations

import pytest

from core.data.reading.text.mojibake import beyond_repair, repaired

CHINESE = "你好，这家店的味道很不错，下次再来！"


@pytest.mark.parametrize(
    ("text", "written", "read"),
    [
        (CHINESE, "utf-8", "gb18030"),
        (CHINESE, "utf-8", "latin-1"),
        (CHINESE, "gb18030", "latin-1"),
        ("你好", "utf-8", "gb18030"),
        ("手机 iPhone 6 很好用", "gb18030", "latin-1"),
        ("手机 iPhone 6 很好用", "utf-8", "cp1252"),
        ("Café très agréable", "utf-8", "cp1252"),
    ],
)
def test_the_wrong_reading_is_undone(text: str, written: str, read: str) -> None:
    assert repaired(text.encode(written).decode(read)) == text


@pytest.mark.parametrize(
    "text", [CHINESE, "你好", "联通", "Café très agréable, naïve façade", "plain", "😀 👍", "日本語です", "ÀÉÎÕÜ", ""]
)
def test_good_text_is_left_alone(text: str) -> None:
    assert repaired(text) == text
    assert not beyond_repair(text)


def test_lost_characters_are_told_and_not_invented() -> None:
    for text in ("lost \ufffd sign", "锟斤拷锟斤拷"):
        assert beyond_repair(text)
        assert repaired(text) == text
