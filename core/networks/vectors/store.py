"""The sets of word vectors of one workspace, in ``home / "vectors"``, beside those that come as packages.

A set appears by renaming its finished folder: it is there completely, or not at all. Reading maps the vectors into
memory, so that a set of millions of words costs only the rows that are asked for.
"""

from __future__ import annotations

import builtins
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from core.base import files
from core.base.errors import DataError
from core.base.files import read_json
from core.data.reading.source import check_file
from core.networks.vectors.config import SkipGramConfig
from core.networks.vectors.copying import copy_apart
from core.networks.vectors.info import OWN, Coverage, VectorInfo
from core.networks.vectors.packaged import packaged_files, packaged_sets
from core.networks.vectors.writing import COLUMN, INFO, VECTORS, WORDS, VectorWriter

LONGEST_NAME = 80
Progress = Callable[[float], object]


def _silent(fraction: float) -> None:
    """Nobody watches."""


class VectorStore:
    """Finds, adds, reads and deletes sets of word vectors."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "vectors"

    def list(self) -> builtins.list[VectorInfo]:
        """Packaged sets, installed or not, then own ones by name; reads one small file a set."""
        own = []
        for path in sorted(self._folder.glob(f"*/{INFO}")):
            # One that was deleted meanwhile, or damaged, must not hide the others.
            with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                if not path.parent.name.startswith("."):
                    own.append(VectorInfo.from_dict(read_json(path)))
        return [*packaged_sets(), *own]

    def describe(self, reference: str) -> VectorInfo:
        """What is known of a set; `DataError` when there is none of this reference."""
        known = self.list()
        for info in known:
            if info.reference == reference:
                return info
        raise DataError(
            "vectors.unknown",
            "There are no word vectors '{reference}'. There are: {known}.",
            reference=reference,
            known=[info.reference for info in known],
        )

    def add_file(
        self, path: Path, name: str, progress: Progress = _silent, *, limit: int | None = None, title: str = ""
    ) -> VectorInfo:
        """Copy a file of word vectors into the workspace.

        Parameters
        ----------
        progress
            A function called now and then with the share of the file that was read, 0 to 1.
        limit
            The number of words to take, from the first on; files are sorted by frequency, so these are the common ones.
        title
            What the file was called before it was stored under ``path``, for sentences and as the source.

        Raises
        ------
        DataError
            When the name is taken or cannot be used, the file holds no vectors, or not all of one length, or it takes too
            much memory or time.
        """
        check_file(path)
        title = title or path.name
        with self._making(name) as folder:
            info = copy_apart(path, folder, name=name, title=title, limit=limit, progress=progress)
        progress(1.0)
        return info

    def learn(
        self,
        texts: Sequence[str],
        name: str,
        config: SkipGramConfig,
        *,
        language: str = "",
        source: str = "",
        progress: Progress = _silent,
    ) -> VectorInfo:
        """Learn vectors from texts, which need no targets; the same texts and settings give the same vectors.

        Parameters
        ----------
        language
            ``"en"`` or ``"zh"``; guessed from the words when empty or another.

        Raises
        ------
        DataError
            When the name is taken or cannot be used, or the texts hold too few words.
        """
        from core.networks.vectors.learning import learn_vectors

        with self._making(name) as folder:
            words, vectors = learn_vectors(texts, config, progress)
            with VectorWriter(folder, config.vectors_size) as writer:
                for word, vector in zip(words, vectors, strict=True):
                    writer.add(word, vector)
                known = (language,) if language in ("en", "zh") else ()
                return writer.finish(VectorInfo.own(name, source=source, languages=known, learned=True))

    def lookup(self, reference: str, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of some words, tried as they are and then in lower case.

        Returns
        -------
        vectors
            float32 (words, dimensions); zeros for a word that has none.
        known
            bool (words,), which words have a vector.
        """
        info = self.describe(reference)
        path, _, _ = self._files(info)
        rows = self._rows(info, words)
        known = rows >= 0
        vectors = np.zeros((len(rows), info.dimensions), dtype=np.float32)
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        order = np.argsort(rows[known])  # in the order of the file, which is read once from front to back
        read = np.empty((len(order), info.dimensions), dtype=np.float32)
        read[order] = stored[rows[known][order]]
        vectors[known] = read
        return vectors, known

    def words(self, reference: str) -> builtins.list[str]:
        """All words of a set, in the order of their rows."""
        _, path, column = self._files(self.describe(reference))
        return [str(word) for word in pyarrow.parquet.read_table(path, columns=[column])[column].to_pylist()]

    def forget_words(self, reference: str, names: Collection[str]) -> None:
        """Take words out of an own set: their rows are zero and have no name that a text could hold."""
        path, words_path, column = self._files(self.describe(reference))
        stored = self.words(reference)
        rows = [row for row, word in enumerate(stored) if word in names]
        vectors = np.load(path, mmap_mode="r+", allow_pickle=False)
        vectors[rows] = 0
        vectors.flush()
        del vectors
        named = [f"[forgotten {row}]" if word in names else word for row, word in enumerate(stored)]
        schema = pyarrow.schema([(column, pyarrow.large_string())])
        with files.writing(words_path) as part:  # the last: until then they are found again
            pyarrow.parquet.write_table(pyarrow.table({column: named}, schema=schema), part, compression="zstd")

    def coverage(self, reference: str, counts: Counter[str], most: int = 20) -> Coverage:
        """How much of a counted vocabulary has a vector; no vector is read for it."""
        words = builtins.list(counts)
        known = self._rows(self.describe(reference), words) >= 0
        occurrences = np.array([counts[word] for word in words], dtype=np.int64)
        missing = Counter({word: counts[word] for word, has in zip(words, known, strict=True) if not has})
        return Coverage(
            types_share=float(known.mean()) if words else 0.0,
            tokens_share=float(occurrences[known].sum() / occurrences.sum()) if occurrences.sum() else 0.0,
            missing=tuple(missing.most_common(most)),
        )

    def delete(self, name: str) -> None:
        """Remove an own set; models that started from it keep what they learned."""
        self.describe(f"{OWN}{name}")
        files.remove_folder(self._folder / name)

    def _rows(self, info: VectorInfo, words: Sequence[str]) -> np.ndarray:
        """Row of each word in the set, -1 where there is none; int64 (words,)."""
        _, path, column = self._files(info)
        stored = pyarrow.parquet.read_table(path, columns=[column])[column].combine_chunks()
        stored = stored.cast(pyarrow.large_string())
        rows = _positions(words, stored)
        lost = np.flatnonzero(rows < 0)
        if len(lost):
            rows[lost] = _positions([words[int(index)].lower() for index in lost], stored)
        return rows

    def _files(self, info: VectorInfo) -> tuple[Path, Path, str]:
        if info.reference.startswith(OWN):
            folder = self._folder / info.name
            return folder / VECTORS, folder / WORDS, COLUMN
        files = packaged_files(info.reference)
        if files is None:
            raise DataError(
                "vectors.not_installed",
                "The word vectors '{name}' are not installed. Install them with: {install}",
                name=info.name,
                install=info.install,
            )
        return files

    @contextmanager
    def _making(self, name: str) -> Iterator[Path]:
        """An empty folder that becomes the set of this name when all went well."""
        _check_name(name)
        target = self._folder / name
        if target.exists():
            raise _taken(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        with files.incoming_folder(self._folder) as made:
            yield made
            try:
                files.place(made, target)
            except OSError:  # somebody else was faster
                raise _taken(name) from None


def _positions(words: Sequence[str], stored: pyarrow.Array) -> np.ndarray:
    # Half characters occur in texts, and no file of words can hold one.
    asked = pyarrow.array([word.encode("utf-8", "replace").decode() for word in words], pyarrow.large_string())
    positions = pyarrow.compute.fill_null(pyarrow.compute.index_in(asked, value_set=stored), -1)
    return np.array(positions.to_numpy(zero_copy_only=False), dtype=np.int64)


def _check_name(name: str) -> None:
    """A name becomes a folder: nothing in it may lead elsewhere."""
    plain = all(sign not in '/\\:"' and not unicodedata.category(sign).startswith(("C", "Zl", "Zp")) for sign in name)
    if not (1 <= len(name) <= LONGEST_NAME and name == name.strip() and not name.startswith(".") and plain):
        raise DataError(
            "vectors.bad_name",
            "Word vectors cannot be called '{name}'. A name has 1 to {longest} characters, no / \\ : or quotation mark, "
            "no dot at the start and no space at either end. Choose another name.",
            name=name,
            longest=LONGEST_NAME,
        )


def _taken(name: str) -> DataError:
    return DataError(
        "vectors.taken",
        "There are word vectors '{name}' already. Choose another name, or delete them first.",
        name=name,
    )
