"""Finds personal data in texts by their form, in English and Chinese, and replaces it by placeholders.

E-mail addresses, telephone numbers, Chinese identity numbers (check digit and date must be right), payment cards (Luhn's
check must be right) and public IP addresses. Names and postal addresses have no form that a pattern could tell: a model of
entities finds some of them, see `core.data.recipe.by_model`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

PersonalKind = Literal["email", "id_number", "card", "phone", "ip"]

PLACEHOLDERS: dict[PersonalKind, str] = {
    "email": "[EMAIL]",
    "id_number": "[ID]",
    "card": "[CARD]",
    "phone": "[PHONE]",
    "ip": "[IP]",
}
PERSONAL_KINDS: tuple[PersonalKind, ...] = tuple(PLACEHOLDERS)

# Full-width digits and signs as their half-width twins; one character for one, so that places stay the same.
_HALF_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(0x5E)}
_WORTH_A_LOOK = re.compile(r"@|\d[\d .()+Xx\-]{5,}[\dXx]|[0-9A-Fa-f]:[0-9A-Fa-f:]+:")

_EMAIL = re.compile(r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+\-]*@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,}")
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![\d.\-])[2-6]\d{3}(?:[ \-]?\d{4}){2}(?:[ \-]?\d{1,4}){1,2}(?![\d\-])|(?<!\d)3[47]\d{13}(?!\d)")
_PHONE = re.compile(
    r"(?<![\d.])(?:\+?86[ \-]?)?1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}(?![\d.]\d|\d)"  # Chinese mobile
    r"|(?<![\d.\-])0(?:10|2\d|[3-9]\d{2})[ \-]?\d{7,8}(?!\d|-\d)"  # Chinese landline with its area code
    r"|(?<![\d.\-])(?:\+?1[ .\-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.\-])[2-9]\d{2}[ .\-]\d{4}(?!\d|[.\-]\d)"  # American
    r"|(?<![\d+])\+[1-9]\d{0,2}(?:[ .\-]?\(?\d{1,4}\)?){2,5}(?!\d)"  # international
)
_IP = re.compile(
    r"(?<![\d.vV])(?:\d{1,3}\.){3}\d{1,3}(?![\d]|\.\d)"
    r"|(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,7}(?![0-9A-Za-z:])"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


@dataclass(frozen=True)
class PersonalSpan:
    """Personal data in a text: its kind, and the characters from ``start`` up to ``end``."""

    kind: PersonalKind
    start: int
    end: int


def personal_spans(text: str, kinds: Collection[str] = PERSONAL_KINDS) -> list[PersonalSpan]:
    """Where personal data of these kinds stands, in order; spans do not overlap."""
    plain = text if text.isascii() else text.translate(_HALF_WIDTH)
    if not _WORTH_A_LOOK.search(plain):
        return []
    spans: list[PersonalSpan] = []
    for kind, pattern, accepted in _KINDS:
        if kind in kinds:
            for start, end in _matches(plain, pattern, accepted):
                if all(end <= span.start or start >= span.end for span in spans):
                    spans.append(PersonalSpan(kind, start, end))
    return sorted(spans, key=lambda span: span.start)


def redacted(text: str, kinds: Collection[str] = PERSONAL_KINDS) -> str:
    """The text with personal data of these kinds replaced by placeholders such as ``[EMAIL]``."""
    pieces, behind = [], 0
    for span in personal_spans(text, kinds):
        pieces += [text[behind : span.start], PLACEHOLDERS[span.kind]]
        behind = span.end
    return "".join([*pieces, text[behind:]])


def valid_id_number(number: str) -> bool:
    """Whether 18 digits (the last may be X) are a Chinese identity number: real date of birth, right check digit (GB 11643)."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return 1900 <= born.year <= date.today().year and _CHECK_DIGITS[total % 11] == number[17].upper()


def valid_card(number: str) -> bool:
    """Whether the digits pass Luhn's check (ISO/IEC 7812) and are not all alike."""
    digits = [int(sign) for sign in number if sign.isdigit()]
    total = sum(digit if index % 2 == 0 else sum(divmod(2 * digit, 10)) for index, digit in enumerate(digits[::-1]))
    return 13 <= len(digits) <= 19 and total % 10 == 0 and len(set(digits)) > 1


def _public_address(text: str) -> bool:
    """Whether it is an address that may belong to a person: not of this machine, and not four parts of a version."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or text.startswith("0."))


def _telephone(text: str) -> bool:
    return 7 <= sum(sign.isdigit() for sign in text) <= 15


# Those with a check of their own come first: what they take is no telephone number.
_KINDS: tuple[tuple[PersonalKind, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", _EMAIL, bool),
    ("id_number", _ID_NUMBER, valid_id_number),
    ("card", _CARD, valid_card),
    ("ip", _IP, _public_address),
    ("phone", _PHONE, _telephone),
)


def _matches(text: str, pattern: re.Pattern[str], accepted: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(text):
        if accepted(match.group()):
            yield match.span()
