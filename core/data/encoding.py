"""Finds out in which encoding a text file was saved.

Order: byte order mark, UTF-16 without one, strict UTF-8, GB18030, Big5, Latin-1. The whole file is decoded, in
chunks, by an incremental decoder, so that neither a rare character late in the file nor a cut in the middle of
a character changes the verdict.

That the bytes decode is not enough for GB18030 and Big5: accented Latin-1 letters often decode as GB18030, and
Big5 text does too. Misread text shows in its characters, which are rare ones; see `_Evidence`.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from core.data.source import binary_file, check_text, empty_file, open_content

ENCODINGS: tuple[str, ...] = (
    "utf-8",
    "gb18030",
    "big5",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "windows-1252",
)

# The codec that reads each of ENCODINGS; those not named here read themselves. "utf-8-sig" also reads files without
# a byte order mark, and the Hong Kong codec reads all of Big5.
_CODECS = {"utf-8": "utf-8-sig", "big5": "big5hkscs"}

_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

_HEAD = 1 << 16  # bytes looked at for marks and control bytes
_ENOUGH = 50_000  # characters outside ASCII that are counted as evidence
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]")
_REPLACEMENT = "\ufffd"

# The most frequent characters of written Chinese, simplified and traditional: nearly half of any real text.
_FREQUENT = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还"
    "发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工"
    "己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先"
    "快味吃送餐店买书质量服务错差非常感觉比较让"
    "這來個國說們為時會著過學對裡後麼沒於還發當無開經頭見動兩長樣現將與進實點種聲話兒問機給幾業間東氣關並內產買書質務錯較讓"
    "，。！？、：；“”‘’…（）《》—～"
)


@dataclass(frozen=True)
class _Evidence:
    """How much the characters look like written Chinese; both shares are of the characters outside ASCII."""

    characters: int
    common: float  # among the everyday half of the character set
    frequent: float  # among the few hundred most frequent characters
    damaged: float  # bytes that did not decode

    @property
    def plausible(self) -> bool:
        return self.common >= 0.8 or self.frequent >= 0.2


def codec_of(encoding: str) -> str:
    """The Python codec that reads a file of one of `ENCODINGS`."""
    return _CODECS.get(encoding, encoding)


def detect_encoding(path: Path, compressed: bool) -> tuple[str, bool]:
    """Find the encoding of a file.

    Returns
    -------
    encoding
        One of `ENCODINGS`.
    certain
        False where the bytes allow several encodings and the most plausible one was taken.

    Raises
    ------
    DataError
        When the file is empty or binary.
    """
    with open_content(path, compressed) as stream:
        head = stream.read(_HEAD)
    check_text(path, head)
    mark = next((mark for mark in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if not head.removeprefix(mark or b"").strip(b" \t\r\n\0"):
        raise empty_file(path)
    if mark is not None:
        return _BYTE_ORDER_MARKS[mark], True
    wide = _utf16_without_mark(head)
    if wide is not None:
        return wide, False
    if len(head) - len(head.translate(None, _CONTROLS)) > len(head) / 100:
        raise binary_file(path)
    if _is_utf8(path, compressed):
        return "utf-8", True
    return _chinese(path, compressed) or _damaged(path, compressed) or "latin-1", False


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 shows in its zero bytes: every line end and delimiter has one."""
    if b"\0" not in head:
        return None
    readable = {}
    chinese = _common_characters("gb18030") | _common_characters("big5")
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        everyday = sum(
            1 for character in text if character in "\t\n\r" or " " <= character <= "\u024f" or character in chinese
        )
        readable[encoding] = everyday / max(1, len(text))
    best = max(readable, key=lambda encoding: readable[encoding], default=None)
    return best if best is not None and readable[best] >= 0.7 else None


def _chinese(path: Path, compressed: bool) -> str | None:
    """GB18030 or Big5, whichever decodes all and reads more like Chinese."""
    found = {encoding: _evidence(path, compressed, encoding, "strict") for encoding in ("gb18030", "big5")}
    plausible = {encoding: seen for encoding, seen in found.items() if seen is not None and seen.plausible}
    return max(plausible, key=lambda encoding: plausible[encoding].common + plausible[encoding].frequent, default=None)


def _damaged(path: Path, compressed: bool) -> str | None:
    """An encoding that reads all but a few bytes: better an error that names the place than a file of rubbish."""
    for encoding in ("utf-8", "gb18030", "big5"):
        seen = _evidence(path, compressed, encoding, "replace")
        if (
            seen is not None
            and seen.characters >= 50
            and seen.damaged <= 0.02
            and (encoding == "utf-8" or seen.plausible)
        ):
            return encoding
    return None


def _is_utf8(path: Path, compressed: bool) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_content(path, compressed) as stream:
            while chunk := stream.read(1 << 20):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _evidence(path: Path, compressed: bool, encoding: str, errors: str) -> _Evidence | None:
    """Decode the whole file and look at its characters; None when it does not decode."""
    decoder = codecs.getincrementaldecoder(codec_of(encoding))(errors)
    counts: Counter[str] = Counter()
    chunk = b"-"
    with open_content(path, compressed) as stream:
        while chunk:
            chunk = stream.read(1 << 20)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                return None
            if counts.total() < _ENOUGH and not text.isascii():
                counts.update(match.group() for match in islice(_OUTSIDE_ASCII.finditer(text), _ENOUGH))
    return _weigh(counts, encoding)


def _weigh(counts: Counter[str], encoding: str) -> _Evidence:
    total = max(1, counts.total())
    everyday = _common_characters(encoding) if encoding != "utf-8" else frozenset()
    return _Evidence(
        characters=counts.total(),
        common=sum(count for character, count in counts.items() if character in everyday) / total,
        frequent=sum(count for character, count in counts.items() if character in _FREQUENT) / total,
        damaged=counts[_REPLACEMENT] / total,
    )


@cache
def _common_characters(encoding: str) -> frozenset[str]:
    """The symbols and the everyday level of a Chinese character set, where its authors sorted by frequency.

    GB 2312: symbols in rows A1 to A3, level 1 in B0 to D7. Big5: symbols in A1 to A3, level 1 in A4 to C6.
    """
    leads = (*range(0xA1, 0xA4), *range(0xB0, 0xD8)) if encoding == "gb18030" else range(0xA1, 0xC7)
    codec = "gb2312" if encoding == "gb18030" else "big5"
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    return frozenset("".join(bytes([lead, trail]).decode(codec, "ignore") for lead in leads for trail in trails)) - {
        " "
    }
