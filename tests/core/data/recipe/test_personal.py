"""Personal data by its form: found where it is, and not where digits mean something else."""

from __future__ import annotations

import pytest

from core.data.recipe.personal import personal_spans, redacted, valid_card, valid_id_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail me at a.b+c@x.co.uk.", "mail me at [EMAIL]."),
        ("邮箱abc@qq.com谢谢", "邮箱[EMAIL]谢谢"),
        ("电话１３８００１３８０００，谢谢", "电话[PHONE]，谢谢"),
        ("手机138-0013-8000或+86 13800138000", "手机[PHONE]或[PHONE]"),
        ("010-62345678 转 12", "[PHONE] 转 12"),
        ("(555) 234-5678 or +44 20 7946 0958", "[PHONE] or [PHONE]"),
        ("身份证11010519491231002X。", "身份证[ID]。"),
        ("card 4111 1111 1111 1111", "card [CARD]"),
        ("from 192.168.1.20 and 2001:db8::ff00:42:8329", "from [IP] and [IP]"),
    ],
)
def test_it_is_replaced_by_its_kind(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "order 20240101123456789",
        "at 12:30:45 on 2026-03-01, for 3.14159265",
        "110105194912310021",  # wrong check digit
        "11010519491331002X",  # month 13
        "4111 1111 1111 1112",  # fails Luhn's check
        "version v1.2.3.4 on 127.0.0.1",
        "999.1.1.1",
        "1,234,567.89 dollars",
        "@MENTION hello",
        "很好吃",
        "",
    ],
)
def test_other_digits_stay(text: str) -> None:
    assert redacted(text) == text


def test_only_the_kinds_that_are_asked_for() -> None:
    text = "a@b.com 13800138000"
    assert redacted(text, ("email",)) == "[EMAIL] 13800138000"
    assert [(span.kind, span.start, span.end) for span in personal_spans(text)] == [("email", 0, 7), ("phone", 8, 19)]


def test_check_digits_by_hand() -> None:
    # GB 11643's own example; weights 7 9 10 5 8 4 2 …, the sum is 167, 167 mod 11 is 2, and the third sign is X
    assert valid_id_number("11010519491231002X")
    assert not valid_id_number("110105194912310021")
    # Luhn: 7992739871 and the digit 3 make 70, but thirteen digits are the fewest
    assert not valid_card("79927398713")
    assert valid_card("4012888888881881")
    assert not valid_card("0000000000000000")
