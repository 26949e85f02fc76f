"""Makes new files out of old ones by changes at random; inside archives, where a changed byte would only break a checksum."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Sequence
from random import Random

LARGEST = 1 << 18  # bytes of a file
TOKENS = [
    *(
        b'"',
        b'""',
        b"'",
        b",",
        b";",
        b"\t",
        b"|",
        b"||",
        b"\n",
        b"\r",
        b"\r\n",
        b"\\",
        b"\0",
        b" ",
        b"sep=;\n",
        b"__label__",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"-1",
        b"0",
        b"1e999",
        b"1048576",
        b"4294967295",
    ),
    *(b"9" * 5000, b"[" * 2000, b'{"a":' * 2000, b'"\n' * 500, b"a," * 2000, b"\n" * 2000, b"\\ud800", b"\\u0000"),
    *(
        b"\xff",
        b"\xfe",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x85",
        b"\xe2\x80\xa8",
        b"\x80" * 8,
        b"\xa1\xa2" * 4,
    ),
    *(
        b"XFD1048576",
        b"A1",
        b"<c/>",
        b"</row>",
        b'r="',
        b"<",
        b">",
        b"&",
        b"&#0;",
        b"<!ENTITY a 'b'>",
        b"<table>",
        b"<tr><td>",
    ),
    *(
        b' colspan="9999"',
        b' ss:Index="1048576"',
        b' table:number-rows-repeated="1048576"',
        b"text",
        b"label",
        b"../",
        b"\x1f",
    ),
    *(
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\x7f",
        b"\x00\x00\x00\x80",
        b"PAR1",
        b"PK\x03\x04",
        b"\x1f\x8b",
    ),
]


def mutated(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """A file like this one with a few changes.

    Parameters
    ----------
    others
        Files of which pieces may be taken over.
    """
    if random.random() < 0.9:
        if content.startswith(b"PK\x03\x04"):
            return _in_zip(random, content, others)
        if content.startswith(b"\x1f\x8b"):
            return _in_gzip(random, content, others)
    return changed(random, content, others)


def _in_zip(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        return changed(random, content, others)
    if not members:
        return changed(random, content, others)
    target, result = random.randrange(len(members)), io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, (name, data) in enumerate(members):
            archive.writestr(name, mutated(random, data, others) if index == target else data)
    return result.getvalue()


def _in_gzip(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    try:
        return gzip.compress(mutated(random, gzip.decompress(content), others), compresslevel=1)
    except (OSError, EOFError, zlib.error):
        return changed(random, content, others)


def changed(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """The bytes with one to nine changes."""
    data = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 3, 5, 9))):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((1, 1, 2, 4, 8, 40, 400)))
        match random.randrange(8):
            case 0 if start < len(data):
                data[start] ^= 1 << random.randrange(8)
            case 1 if start < len(data):
                data[start] = random.randrange(256)
            case 2 | 3:
                data[start:start] = random.choice(TOKENS)
            case 4:
                data[start:end] = random.choice(TOKENS)
            case 5:
                del data[start:end]
            case 6:
                data[start:end] = bytes(data[start:end]) * random.choice((2, 2, 10, 100))
            case 7:
                other = random.choice(others)
                cut = random.randrange(len(other) + 1)
                data[start:end] = other[cut : cut + random.choice((4, 40, 400))]
    return bytes(data[:LARGEST])
