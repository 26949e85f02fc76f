"""Reads files of word vectors, one word at a time; the format is told from the content, never from the file's name.

GloVe text (Pennington et al. 2014), word2vec text and binary (Mikolov et al. 2013), fastText text and binary
(Bojanowski et al. 2017), each also gzip-compressed. No pickle is ever opened.
"""

from __future__ import annotations

import gzip
import io
import math
import shutil
import struct
import tempfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import psutil

from core.networks.vectors import errors

LONGEST_LINE = 1_000_000  # bytes; a line of 4,096 numbers has about 50,000
WIDEST = 4_096
LONGEST_WORD = 2_000  # bytes
LARGEST = 65_504.0  # of float16, in which vectors are stored; no real vector comes near
FASTTEXT = struct.pack("<i", 793_712_314)
GZIP, PICKLE, ZIP = b"\x1f\x8b", b"\x80", b"PK\x03\x04"
LOOKED_AT = 65_536  # bytes that must tell the format

Vector = tuple[str, np.ndarray]


@dataclass
class VectorFile:
    """One opened file: its width, and its words with their vectors as they are read.

    Parameters
    ----------
    dimensions
        Values per word.
    vectors
        An iterator over each word with its float32 (dimensions,) vector; raises `DataError` where the width changes.
    broken
        Lines met so far that held no vector.
    """

    name: str
    dimensions: int
    _raw: BinaryIO
    _size: int
    broken: int = 0
    vectors: Iterator[Vector] = field(default_factory=lambda: iter(()))

    @property
    def fraction(self) -> float:
        """Share of the file that was read, 0 to 1."""
        return min(1.0, self._raw.tell() / self._size) if self._size else 1.0


@contextmanager
def open_vectors(path: Path, name: str) -> Iterator[VectorFile]:
    """Open and recognise a file of word vectors.

    Parameters
    ----------
    name
        What to call the file in errors.

    Raises
    ------
    DataError
        When it is none, or one that must not or cannot be opened; also later, while its vectors are read.
    """
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP
        raw.seek(0)
        stream = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)))) if zipped else raw
        try:
            yield _recognise(VectorFile(name, 0, raw, path.stat().st_size), stream)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise errors.cut_short(name) from None


def _recognise(opened: VectorFile, stream: BinaryIO) -> VectorFile:
    start = stream.read(LOOKED_AT)
    stream.seek(0)
    if start.startswith(PICKLE):
        raise errors.pickled(opened.name)
    if start.startswith(ZIP):
        raise errors.zipped(opened.name)
    if start.startswith(FASTTEXT):
        return _fasttext_binary(opened, stream)
    header = _header(start)
    opened.dimensions = header[1] if header is not None else _width(start)
    if not opened.dimensions:
        raise errors.not_vectors(opened.name)
    if header is None:
        opened.vectors = _text_rows(opened, stream, 1)
        return opened
    stream.readline()
    text = _is_text_row(start[start.index(b"\n") + 1 :], header[1])
    opened.vectors = _text_rows(opened, stream, 2) if text else _binary_rows(opened, stream, header[0])
    return opened


def _header(start: bytes) -> tuple[int, int] | None:
    """Words and width, where the first line is that of word2vec."""
    line, ended, _ = start.partition(b"\n")
    fields = line.split()
    if not ended or len(fields) != 2 or not all(field.isdigit() for field in fields):
        return None
    words, width = (int(field) for field in fields)
    return (words, width) if 2 <= width <= WIDEST else None


def _is_text_row(start: bytes, width: int) -> bool:
    """Whether this begins with a word and ``width`` numbers; a vector too long to be seen whole must begin with some."""
    fields = start.partition(b"\n")[0].split()
    return _trailing_numbers(fields[1:] if b"\n" in start else fields[1:-1]) >= min(width, 2)


def _width(start: bytes) -> int:
    """How many numbers follow the word on the first line; 0 when that is no vector."""
    line, ended, _ = start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    fields = line.split()
    width = _trailing_numbers(fields[1:])
    return width if (ended or len(start) < LOOKED_AT) and 2 <= width <= WIDEST and width == len(fields) - 1 else 0


def _trailing_numbers(fields: list[bytes]) -> int:
    count = 0
    for text in reversed(fields):
        try:
            float(text)
        except ValueError:
            break
        count += 1
    return count


def _text_rows(opened: VectorFile, stream: BinaryIO, number: int) -> Iterator[Vector]:
    width = opened.dimensions
    while line := stream.readline(LONGEST_LINE):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        fields = line.split()
        if len(fields) != width + 1:
            numbers = _trailing_numbers(fields[1:])
            if fields and numbers == len(fields) - 1 and numbers > 0:
                raise errors.wrong_width(opened.name, number, numbers, width)
        vector = _row(fields, width)
        if vector is None:
            opened.broken += 1
        else:
            yield vector
        number += 1


def _row(fields: list[bytes], width: int) -> Vector | None:
    """A word, which may hold spaces, and its vector; None when the line is broken."""
    if len(fields) <= width:
        return None
    try:
        word = b" ".join(fields[:-width]).decode("utf-8")
        vector = np.frombuffer(array("f", map(float, fields[-width:])), dtype=np.float32)
    except (ValueError, OverflowError):
        return None
    return (word, vector) if _fits(word, vector) else None


def _fits(word: str, vector: np.ndarray) -> bool:
    return bool(word) and math.isfinite(top := float(np.abs(vector).max())) and top <= LARGEST


def _binary_rows(opened: VectorFile, stream: BinaryIO, words: int) -> Iterator[Vector]:
    size = 4 * opened.dimensions
    for _ in range(words):
        letters = bytearray()
        while (letter := stream.read(1)) != b" ":
            if not letter:
                raise errors.cut_short(opened.name)
            letters += letter
            if len(letters) > LONGEST_WORD:
                raise errors.not_vectors(opened.name)
        data = stream.read(size)
        if len(data) < size:
            raise errors.cut_short(opened.name)
        # The original program ends each vector with a line break, gensim does not: it is then the next word's first byte.
        word = bytes(letters).removeprefix(b"\n").decode("utf-8", "replace")
        vector = np.frombuffer(data, dtype="<f4")
        if "\ufffd" not in word and _fits(word, vector):
            yield word, vector
        else:
            opened.broken += 1


def _fasttext_binary(opened: VectorFile, stream: BinaryIO) -> VectorFile:
    """The vectors of the words in the model's vocabulary; those it could build for other words stay behind."""
    try:
        from gensim.models.fasttext import load_facebook_vectors
    except ImportError:
        raise errors.no_gensim() from None
    with tempfile.NamedTemporaryFile(suffix=".bin") as copy:  # gensim unpacks by the file's name
        shutil.copyfileobj(stream, copy)
        copy.flush()
        needed, free = 2 * copy.tell(), psutil.virtual_memory().available
        if needed > free:
            raise errors.too_large(opened.name, needed, free)
        try:
            loaded = load_facebook_vectors(copy.name)
        except (NotImplementedError, ValueError, AssertionError, struct.error, EOFError, OverflowError, MemoryError):
            raise errors.bad_fasttext(opened.name) from None
    opened.dimensions = int(loaded.vector_size)
    opened.vectors = _loaded_rows(opened, loaded.index_to_key, loaded.vectors)
    return opened


def _loaded_rows(opened: VectorFile, words: list[str], vectors: np.ndarray) -> Iterator[Vector]:
    for word, vector in zip(words, vectors, strict=True):
        row = np.asarray(vector, dtype=np.float32)
        if _fits(word, row):
            yield word, row
        else:
            opened.broken += 1
