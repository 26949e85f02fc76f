"""Looks into an .xls file, which is a file system of its own, for the places of the cells of its sheets.

Reads the records of [MS-XLS] within the streams of [MS-CFB], as far as their places; what is damaged ends the look, and is left
to the reader of workbooks to name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_END = 0xFFFFFFFA  # numbers of sectors from here on are marks
_CELLS = {
    0x0006,
    0x00BD,
    0x00BE,
    0x00FD,
    0x0201,
    0x0203,
    0x0204,
    0x0205,
    0x027E,
    0x0002,
    0x0003,
    0x0004,
    0x0005,
    0x00D6,
}
_SEVERAL = {0x00BD, 0x00BE}  # several cells of a row: the last column stands at the end
_EMPTY = {0x0201, 0x00BE}
_BEGIN, _FINISH = 0x0809, 0x000A


class EndlessError(Exception):
    """Sectors that lead back to one another."""


def workbook_cells(path: Path) -> Iterator[tuple[int, int]]:
    """Rows and columns that each sheet spans; `EndlessError` for a file that would be read for ever."""
    content = path.read_bytes()
    try:
        stream = _workbook_stream(content)
    except (struct.error, IndexError, ValueError):
        return
    height = width = offset = 0
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        if kind in _CELLS and kind not in _EMPTY and size >= 4 and offset + 4 + size <= len(stream):
            row, column = struct.unpack_from("<HH", stream, offset + 4)
            if kind in _SEVERAL:
                (column,) = struct.unpack_from("<H", stream, offset + 2 + size)
            height, width = max(height, row + 1), max(width, column + 1)
        elif kind == _FINISH and height:
            yield height, width
            height = width = 0
        offset += 4 + size
    if height:
        yield height, width


def _workbook_stream(content: bytes) -> bytes:
    """The stream with the sheets."""
    size = 1 << struct.unpack_from("<H", content, 30)[0]
    if not 128 <= size <= 1 << 16:
        raise ValueError("size of a sector")

    def sector(number: int) -> bytes:
        return content[(number + 1) * size : (number + 2) * size]

    def numbers(data: bytes) -> list[int]:
        return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))

    tables = [number for number in numbers(content[76:512]) if number < _END]
    following, count = struct.unpack_from("<II", content, 68)
    seen: set[int] = set()
    while count and following < _END:
        if following in seen:
            raise EndlessError
        seen.add(following)
        more = numbers(sector(following))
        tables, following = tables + [number for number in more[:-1] if number < _END], more[-1]
    chain = [number for table in tables for number in numbers(sector(table))]

    def stream(first: int) -> bytes:
        return b"".join(map(sector, _chained(chain, first)))

    folder = stream(struct.unpack_from("<I", content, 48)[0])
    entries = [folder[start : start + 128] for start in range(0, len(folder) - 127, 128)]
    small_below = struct.unpack_from("<I", content, 56)[0]
    for entry in entries:
        name = entry[: max(0, struct.unpack_from("<H", entry, 64)[0] - 2)].decode("utf-16-le", "replace")
        first, length = struct.unpack_from("<II", entry, 116)
        if name in ("Workbook", "Book"):
            if length >= small_below:
                return stream(first)[:length]
            root = stream(struct.unpack_from("<I", entries[0], 116)[0])
            return _small_stream(root, numbers(stream(struct.unpack_from("<I", content, 60)[0])), first)[:length]
    raise ValueError("no workbook")


def _small_stream(root: bytes, chain: list[int], first: int) -> bytes:
    """A stream of less than 4 kB, which lies in sectors of 64 bytes within another stream."""
    return b"".join(root[number * 64 : (number + 1) * 64] for number in _chained(chain, first))


def _chained(chain: list[int], first: int) -> Iterator[int]:
    """Numbers of the sectors that follow one another from the first on."""
    number = first
    for _ in range(len(chain) + 1):
        if number >= _END or number >= len(chain):
            return
        yield number
        number = chain[number]
    raise EndlessError
