"""Texts whose bytes were read in the wrong encoding: found, and read again in the right one.

Three kinds come back whole: UTF-8 read as Latin-1 or a Windows code page (by `ftfy`), UTF-8 read as GBK, and GBK read
as Latin-1. Where bytes were already replaced (U+FFFD, or 锟斤拷, which is U+FFFD read once more as GBK), nothing can be
brought back.
"""

from __future__ import annotations

import re

# GBK read as Latin-1 gives two such letters for each Chinese character; no language writes four in a row.
_HIGH_LATIN = re.compile("[\u00a1-\u00ff]{4,}")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_HAN = re.compile("[\u3400-\u9fff]")
_LOST = re.compile("\ufffd|锟斤拷|烫烫烫|屯屯屯")
_FEWEST = 3  # characters outside ASCII from which a reading as UTF-8 is no accident
_EVERYDAY = 0.9  # share of a Chinese text that GB 2312 has


def repaired(text: str) -> str:
    """The text as it was written; the same text where nothing is damaged or nothing can be brought back."""
    if text.isascii():
        return text
    fixed = _by_ftfy(text)
    if fixed != text and _everyday(fixed):
        return fixed
    read = _HIGH_LATIN.sub(lambda match: _read_again(match.group(), "latin-1", "gb18030"), text)
    read = _gbk_undone(read)
    return read if read != text else fixed


def beyond_repair(text: str) -> bool:
    """Whether characters were lost when the text was read or saved."""
    return not text.isascii() and _LOST.search(text) is not None


def _gbk_undone(text: str) -> str:
    """UTF-8 that was read as GBK: the whole at once, since a pair of bytes may join a letter and a sign."""
    outside = sum(map(len, _NOT_ASCII.findall(text)))
    if outside < _FEWEST:
        return text
    whole = _read_again(text, "gb18030", "utf-8")
    if whole != text:
        return whole
    return _NOT_ASCII.sub(
        lambda match: (
            _read_again(match.group(), "gb18030", "utf-8") if len(match.group()) >= _FEWEST else match.group()
        ),
        text,
    )


def _read_again(text: str, wrong: str, right: str) -> str:
    """Undo a wrong reading when everyday Chinese comes out; the text itself otherwise."""
    try:
        read = text.encode(wrong).decode(right)
    except UnicodeError:
        return text
    return read if _everyday(read) else text


def _everyday(text: str) -> bool:
    """Whether it is Chinese, and nearly all of it in the characters that everybody uses."""
    outside = "".join(_NOT_ASCII.findall(text))
    known = len(outside.encode("gb2312", "ignore")) / 2
    return _HAN.search(outside) is not None and known >= _EVERYDAY * len(outside)


def _by_ftfy(text: str) -> str:
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    return fix_encoding(text) if is_bad(text) else text
