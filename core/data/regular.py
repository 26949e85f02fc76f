"""Reads text files that leave no doubt, ten times as fast as the exact reader in `core.data.text_file` and to the same table.

No doubt means: UTF-8, every quotation mark where RFC 4180 has it, no lone carriage return, zero character or byte order mark
inside, and as many fields in every row. Anything else is refused, not judged: the exact reader tells what is the matter.
"""

from __future__ import annotations

import codecs
import mmap
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv

from core.data.formats.base import CELL_LIMIT

_STRETCH = 1 << 24  # bytes looked at in one go
_BLOCK = 1 << 22  # bytes that pyarrow cuts at once; a longer row is refused
_ZERO, _RETURN, _MARK = re.compile(rb"\0"), re.compile(rb"\r(?!\n)"), re.compile(codecs.BOM_UTF8)


def read_regular(path: Path, delimiter: str, width: int) -> list[Any] | None:
    """The columns of a UTF-8 file, the header among the rows, as arrays of strings; None where the file leaves doubt.

    Parameters
    ----------
    delimiter
        One character.
    width
        Number of fields that every row must have; at least 2.
    """
    if width < 2 or len(delimiter) != 1:
        return None  # a row of spaces alone is a matter of judgement
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if _ZERO.search(content) or _RETURN.search(content) or _MARK.search(content, 1):  # one mark may begin a file
            return None
        quoted = content.find(b'"') >= 0
        if quoted and not _quotes_in_place(content, delimiter.encode()):
            return None
    names = [str(number) for number in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            pyarrow.OSFile(str(path)),  # of a path it would believe the ending, such as .gz
            pyarrow.csv.ReadOptions(column_names=names, block_size=_BLOCK),
            pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=quoted),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.large_string()), strings_can_be_null=False
            ),
        )
    except pyarrow.ArrowException:
        return None
    longest = max(pyarrow.compute.max(pyarrow.compute.binary_length(column)).as_py() or 0 for column in table.columns)
    return None if longest > CELL_LIMIT else list(table.columns)


def _quotes_in_place(content: mmap.mmap, delimiter: bytes) -> bool:
    """Whether quotation marks open and close in turn, at the ends of fields or doubled.

    The first, third, fifth … mark opens: before it stands the end of a field, or the mark that it doubles. The others close.
    """
    start = len(codecs.BOM_UTF8) if content[: len(codecs.BOM_UTF8)] == codecs.BOM_UTF8 else 0
    ends = np.zeros(256, dtype=bool)
    ends[list(b'"\r\n' + delimiter)] = True
    data = np.frombuffer(content, dtype=np.uint8)
    try:
        opening = True
        for begin in range(start, len(data), _STRETCH):
            places = begin + np.flatnonzero(data[begin : begin + _STRETCH] == ord('"'))
            opens, closes = (places[0::2], places[1::2]) if opening else (places[1::2], places[0::2])
            before = opens[opens > start] - 1
            after = closes[closes < len(data) - 1] + 1
            if not (ends[data[before]].all() and ends[data[after]].all()):
                return False
            opening ^= bool(len(places) % 2)
        return opening
    finally:
        del data
