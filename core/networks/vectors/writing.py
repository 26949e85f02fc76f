"""Writes a set of word vectors as it arrives, a few thousand words at a time, so that its size costs disk and no memory."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.lib import format as npy

from core.data.dataset.language import language_of
from core.networks.vectors.info import VectorInfo

VECTORS, WORDS, INFO = "vectors.npy", "words.parquet", "info.json"
COLUMN = "word"
BLOCK = 4_096  # words written at a time
LOOKED_AT = 5_000  # words that the language is guessed from
LANGUAGES = {"en": ("en",), "zh": ("zh",), "mixed": ("zh", "en")}


class VectorWriter:
    """A folder with ``vectors.npy`` (float16: a start needs no more digits), ``words.parquet`` and ``info.json``."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        self.folder = folder
        self.dimensions = dimensions
        self.written = 0
        self._first: list[str] = []
        self._words: list[str] = []
        self._rows: list[np.ndarray] = []
        self._stream = (folder / VECTORS).open("wb")
        self._schema = pyarrow.schema([(COLUMN, pyarrow.large_string())])
        self._table = pyarrow.parquet.ParquetWriter(folder / WORDS, self._schema, compression="zstd")
        self._header()

    def __enter__(self) -> VectorWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.close()
        self._stream.close()

    @property
    def count(self) -> int:
        """Words added so far."""
        return self.written + len(self._words)

    def add(self, word: str, vector: np.ndarray) -> None:
        """Append one word with its float32 (dimensions,) vector."""
        self._words.append(word)
        self._rows.append(vector)
        if len(self._words) >= BLOCK:
            self._flush()

    def finish(self, info: VectorInfo) -> VectorInfo:
        """Write what is left, and the description with the number of words and their language filled in."""
        self._flush()
        self._table.close()
        self._stream.seek(0)
        self._header()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        languages = info.languages or LANGUAGES.get(language_of(self._first), ())
        info = replace(info, words=self.written, dimensions=self.dimensions, languages=languages)
        (self.folder / INFO).write_text(json.dumps(info.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
        return info

    def _flush(self) -> None:
        if not self._words:
            return
        rows = np.stack(self._rows).astype("<f2")
        self._stream.write(rows.tobytes())
        self._table.write_table(pyarrow.table({COLUMN: self._words}, schema=self._schema))
        self._first += self._words[: max(0, LOOKED_AT - len(self._first))]
        self.written += len(self._words)
        self._words, self._rows = [], []

    def _header(self) -> None:
        # NumPy pads the header so that the number of rows can grow in place.
        described = {"descr": "<f2", "fortran_order": False, "shape": (self.written, self.dimensions)}
        npy.write_array_header_1_0(self._stream, described)
