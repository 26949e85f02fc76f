"""Finds out in which encoding a text file was saved.

Order: byte order mark, UTF-16 without one, strict UTF-8, UTF-8 with a few stray bytes, the encodings of East Asia, those of
Russian, then Windows-1252 or Latin-1. The whole file is decoded, in chunks, by an incremental decoder, so that neither a rare
character late in the file nor a cut in the middle of a character changes the verdict.

That the bytes decode is not enough: accented Latin-1 letters often decode as GB18030, and Big5 or Korean text does too. Misread
text shows in its characters, which are rare ones; see `core.data.reading.text.evidence`.
"""

from __future__ import annotations

import codecs
from collections import Counter
from pathlib import Path

from core.base.errors import DataError
from core.data.reading.source import binary_file, check_text, empty_file, open_content
from core.data.reading.text.evidence import CharacterCounts, common_characters, evidence, share_of_runs

ENCODINGS: tuple[str, ...] = (
    "utf-8",
    "gb18030",
    "big5",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "windows-1252",
    "latin-1",
    "windows-1250",
    "windows-1251",
    "koi8-r",
    "windows-1254",
    "shift-jis",
    "euc-jp",
    "euc-kr",
)

# Found by what is frequent in a language alone: worth a second look.
WEAK = frozenset(ENCODINGS) - {"utf-8", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be", "utf-32"}

# The codec that reads each of ENCODINGS; those not named here read themselves. "utf-8-sig" also reads files without
# a byte order mark, and the Hong Kong, Windows and Korean codecs read all of the narrower sets.
_CODECS = {"utf-8": "utf-8-sig", "big5": "big5hkscs", "shift-jis": "cp932", "euc-kr": "cp949"}

# Other names that people use for one of ENCODINGS, as Python's `codecs.lookup` normalises them.
_OTHER_NAMES = {
    "utf-8-sig": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5hkscs": "big5",
    "cp950": "big5",
    "iso8859-1": "latin-1",
    "ascii": "utf-8",
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "cp1252": "windows-1252",
    "cp1254": "windows-1254",
    "shift_jis": "shift-jis",
    "cp932": "shift-jis",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "cp949": "euc-kr",
}

# Those of UTF-32 come first: the shorter one of UTF-16 is the beginning of one of them.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_HEAD = 1 << 16  # bytes looked at for marks and control bytes
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))


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
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > len(head) / 100 and not _cuts_fields(head, controls):
        raise binary_file(path)
    if _is_utf8(path, compressed):
        return "utf-8", True
    if is_slightly_damaged(path, compressed, "utf-8"):
        return "utf-8", False
    return _east_asian(path, compressed) or _damaged(path, compressed) or _single_byte(path, compressed), False


def named_encoding(name: str) -> str:
    """The one of `ENCODINGS` that a person means; raises `DataError` for a name that stands for none."""
    lowered = name.strip().lower().replace("_", "-")
    if lowered in ENCODINGS:
        return lowered
    try:
        codec = codecs.lookup(lowered).name
    except (LookupError, ValueError):
        codec = ""
    known = codec if codec in ENCODINGS else _OTHER_NAMES.get(codec)
    if known is None:
        raise DataError(
            "data.encoding_unknown",
            "'{found}' is not an encoding that can be chosen here. Choose one of: {known}.",
            found=name,
            known=list(ENCODINGS),
        )
    return known


def is_slightly_damaged(path: Path, compressed: bool, encoding: str) -> bool:
    """Whether an encoding that does not read all bytes reads so many that the others must be strays."""
    seen = evidence(path, compressed, codec_of(encoding), "replace")
    if seen is None:
        return False
    if encoding == "utf-8":
        return _mostly_utf8(seen)
    if encoding.startswith("utf-16"):
        with open_content(path, compressed) as stream:
            return _everyday(stream.read(_HEAD), encoding) >= 0.7 and seen.damaged <= 0.05 * seen.all_characters
    if encoding in ("gb18030", "big5"):
        return seen.characters >= 50 and seen.damaged <= 0.02 * seen.characters and seen.is_chinese(encoding)
    return seen.characters >= 50 and seen.damaged <= 0.02 * seen.characters


def _mostly_utf8(seen: CharacterCounts) -> bool:
    """UTF-8 is so strict that a text of another encoding hardly ever holds a character of it by chance."""
    return seen.characters - seen.damaged >= max(2, 4 * seen.damaged)


def _cuts_fields(head: bytes, controls: int) -> bool:
    """Whether the control bytes are delimiters, as Hive writes them: one of two, equally often in nearly all lines."""
    lines = [line for line in head.split(b"\n")[:-1] if line.strip()] or [head]
    for sign in (b"\x01", b"\x1f"):
        times, count = Counter(line.count(sign) for line in lines).most_common(1)[0]
        if times and count >= 0.9 * len(lines) and head.count(sign) >= 0.99 * controls:
            return True
    return False


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 shows in its zero bytes: every line end and delimiter has one."""
    if b"\0" not in head:
        return None
    readable = {encoding: _everyday(head, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    best = max(readable, key=lambda encoding: readable[encoding])
    return best if readable[best] >= 0.7 else None


def _everyday(head: bytes, encoding: str) -> float:
    """The share of everyday characters among those of the first bytes."""
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    except UnicodeError:  # UTF-16 whose byte order nothing tells
        return 0.0
    chinese = common_characters("gb18030") | common_characters("big5")
    everyday = sum(
        1
        for character in text
        if character in "\t\n\r\ufeff" or " " <= character <= "\u024f" or "\u0400" <= character <= "\u04ff"
        or "\u3040" <= character <= "\u30ff" or "\uac00" <= character <= "\ud7a3" or character in chinese
    )  # fmt: skip
    return everyday / max(1, len(text))


def _east_asian(path: Path, compressed: bool) -> str | None:
    """The encoding of East Asia that decodes all and reads most like a language."""
    best, most = None, 0.0
    for encoding in ("gb18030", "big5", "euc-kr", "shift-jis", "euc-jp"):
        seen = evidence(path, compressed, codec_of(encoding), "strict")
        likeness = 0.0 if seen is None else seen.likeness(encoding)
        if likeness > most:
            best, most = encoding, likeness
    return best


def _damaged(path: Path, compressed: bool) -> str | None:
    """A Chinese encoding that reads all but a few bytes."""
    return next((name for name in ("gb18030", "big5") if is_slightly_damaged(path, compressed, name)), None)


def _single_byte(path: Path, compressed: bool) -> str:
    """An encoding with one byte a character: Russian where letters outside ASCII make whole words, otherwise Western."""
    counts: Counter[int] = Counter()
    runs: list[float] = []
    with open_content(path, compressed) as stream:
        while chunk := stream.read(1 << 20):
            counts.update(chunk)
            if len(runs) < 4:
                runs.append(share_of_runs(chunk))
    if sum(runs) / max(1, len(runs)) >= 0.8:
        likeness = {
            name: CharacterCounts.of_bytes(counts, codec_of(name)).likeness(name) for name in ("windows-1251", "koi8-r")
        }
        best = max(likeness, key=lambda name: likeness[name])
        if likeness[best] > 0:
            return best
    printable = sum(counts[byte] for byte in range(0x80, 0xA0))
    without_meaning = sum(counts[byte] for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
    return "windows-1252" if printable and not without_meaning else "latin-1"


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
