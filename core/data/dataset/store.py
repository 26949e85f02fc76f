"""Datasets on disk: ``<id>.parquet`` with the rows and ``<id>.json`` with what is known of them.

The id is a hash of the content, so saving the same data twice stores it once. Both files appear by rename, the JSON
last: a dataset exists when its JSON does, and what a killed process left behind is never read.
"""

from __future__ import annotations

import builtins
import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from core.base import files
from core.base.audit import AuditLog
from core.base.errors import CoreError, DataError
from core.base.faults import reached
from core.base.files import read_json
from core.data.dataset.columns import ColumnRoles, Targets
from core.data.dataset.label_sets import labels_of
from core.data.dataset.language import language_of
from core.data.dataset.row_targets import UNLABELLED
from core.data.dataset.rows import TextDataset
from core.data.spans.targets import spans_of

_ID = re.compile(r"[0-9a-f]{16}")
_PIECE = 20_000  # rows handled at once
_LONELY_SECONDS = 3600.0
_GROUP = 100_000  # rows written at once


@dataclass(frozen=True)
class StoredDataset:
    """What is known of a saved dataset without reading its rows.

    Parameters
    ----------
    id
        Hash of the content, 16 hexadecimal digits.
    classes
        Label → number of rows, in the order of the dataset's classes.
    language
        ``"zh"``, ``"en"``, ``"mixed"`` or ``"other"``.
    created
        ISO 8601, UTC.
    source
        Where the dataset came from: file name, format, rows set aside, as the caller likes.
    """

    id: str
    name: str
    rows: int
    classes: dict[str, int]
    language: str
    created: str
    synthetic: bool
    roles: ColumnRoles
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def labelled(self) -> bool:
        """Whether rows have labels at all; texts alone can teach a language model."""
        return tuple(self.classes) != UNLABELLED

    @property
    def kind(self) -> Targets:
        """What is known of each row beside its text."""
        return self.roles.kind if self.labelled else "nothing"

    def check_for(self, reads: Targets, *, single: bool) -> None:
        """Raise the `DataError` that says why rows can't be used for a task that reads such targets.

        Parameters
        ----------
        single
            Whether each row needs exactly one label.
        """
        if self.roles.several and single:
            raise DataError(
                "data.one_label_needed",
                "A text of '{name}' may have several labels, and here each text needs one. Choose another dataset, or the task "
                "'{task}'.",
                task="multilabel_classification",
                name=self.name,
            )
        if self.roles.spans and reads in ("label", "labels"):
            raise DataError(
                "data.labels_needed",
                "In the texts of '{name}' entities are marked, and here each text needs labels. Choose another dataset, "
                "or the task '{task}'.",
                task="token_classification",
                name=self.name,
            )
        if reads == "spans" and not self.roles.spans:
            raise DataError(
                "data.spans_needed",
                "In the texts of '{name}' no entities are marked. Choose a dataset with a column of them, or with a token and "
                "its tag a line.",
                name=self.name,
            )

    def check_single(self) -> None:
        """The same where each row needs one label."""
        self.check_for("label", single=True)

    @property
    def label_rows(self) -> dict[str, int]:
        """Label → number of rows; where a row may have several, it counts for each of them. Of entities type → their number."""
        if self.kind in ("nothing", "label"):
            return self.classes
        rows: dict[str, int] = {}
        for target, count in self.classes.items():
            names = [span.type for span in spans_of(target)] if self.roles.spans else labels_of(target)
            for label in names:
                rows[label] = rows.get(label, 0) + count
        return dict(sorted(rows.items()))


def content_id(dataset: TextDataset) -> str:
    """Hash of texts, labels, splits, groups and times: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    columns = (dataset.classes, dataset.texts, dataset.label_names(), dataset.splits, dataset.groups, dataset.times)
    for column in columns:
        digest.update(b"-" if column is None else b"%d:" % len(column))
        for start in range(0, len(column or ()), _PIECE):
            digest.update(_with_lengths((column or ())[start : start + _PIECE]))
    return digest.hexdigest()[:16]


def _with_lengths(values: Sequence[str]) -> Any:
    """The bytes of all values in a row, each behind their number and a colon, as a buffer."""
    text = pyarrow.large_string()
    texts = pyarrow.array(values, text)
    lengths = pyarrow.compute.binary_length(texts).cast(text)
    return pyarrow.compute.binary_join_element_wise(lengths, texts, pyarrow.scalar(":", text)).buffers()[2]


class DatasetStore:
    """The datasets of one workspace, in ``home / "datasets"``."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "datasets"
        self._audit = AuditLog(home)

    def save(
        self,
        dataset: TextDataset,
        *,
        name: str,
        roles: ColumnRoles,
        source: dict[str, Any] | None = None,
        synthetic: bool = False,
    ) -> StoredDataset:
        """Store a dataset; the same content again gives what is stored already, under its first name."""
        identity = content_id(dataset)
        if self._path(identity, "json").exists():
            return self.info(identity)
        counts = np.bincount(dataset.labels, minlength=len(dataset.classes)).tolist()
        stored = StoredDataset(
            id=identity,
            name=name,
            rows=len(dataset),
            classes=dict(zip(dataset.classes, counts, strict=True)),
            language=language_of(dataset.texts),
            created=datetime.now(UTC).isoformat(),
            synthetic=synthetic,
            roles=roles,
            source=dict(source or {}),
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        with files.writing(self._path(identity, "parquet")) as part:
            _write_rows(dataset, part)
        reached("save.rows")
        files.write_json(self._path(identity, "json"), asdict(stored), indent=2)
        reached("save.info")
        return stored

    @contextmanager
    def saved_for(self, dataset: TextDataset, **facts: Any) -> Iterator[StoredDataset]:
        """Store a dataset for something that may turn out impossible: after a `CoreError` it is not left behind.

        Parameters
        ----------
        facts
            The facts that `save` takes. One that was stored before stays whatever happens.
        """
        new = not self._path(content_id(dataset), "json").exists()
        stored = self.save(dataset, **facts)
        try:
            yield stored
        except CoreError:
            if new:
                self.erase(stored.id)
            raise

    def has(self, identity: str) -> bool:
        """Whether there is a dataset of this id; looks at no row."""
        return bool(_ID.fullmatch(identity)) and self._path(identity, "json").exists()

    def groups(self, identity: str) -> tuple[str, ...] | None:
        """The group of every row, without reading its text; None where the dataset is gone or has no groups."""
        if not self.has(identity):
            return None
        try:
            with pyarrow.parquet.ParquetFile(self._path(identity, "parquet")) as file:
                if "group" not in file.schema_arrow.names:
                    return None
                return tuple(file.read(columns=["group"])["group"].to_pylist())
        except (OSError, pyarrow.ArrowException):
            raise _damaged(identity) from None

    def load(self, identity: str) -> TextDataset:
        """Read a dataset; `DataError` when there is none of this id or its file is damaged."""
        info = self.info(identity)
        try:
            with pyarrow.parquet.ParquetFile(self._path(identity, "parquet")) as file:
                return _read_rows(file, tuple(info.classes))
        except (OSError, pyarrow.ArrowException, KeyError):
            raise _damaged(identity) from None

    def info(self, identity: str) -> StoredDataset:
        """What is known of a dataset; `DataError` when there is none of this id."""
        path = self._path(identity, "json")
        try:
            stored = read_json(path)
            return StoredDataset(**{**stored, "roles": ColumnRoles(**stored["roles"])})
        except FileNotFoundError:
            raise _unknown(identity) from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise _damaged(identity) from None

    def find(self, wanted: str) -> StoredDataset:
        """The dataset of this id or name; the newest, when several have the name."""
        known = self.list()
        for dataset in known:
            if wanted in (dataset.id, dataset.name):
                return dataset
        raise DataError(
            "search.no_dataset",
            "There is no saved dataset '{name}'. The datasets are: {known}.",
            name=wanted,
            known=[dataset.name for dataset in known] or ["–"],
        )

    def list(self) -> builtins.list[StoredDataset]:
        """All datasets that can be read, newest first."""
        infos = []
        for path in self._folder.glob("*.json"):
            # One that was deleted meanwhile, or damaged, must not hide the others.
            with suppress(DataError):
                infos.append(self.info(path.stem))
        return sorted(infos, key=lambda stored: stored.created, reverse=True)

    def delete(self, identity: str) -> None:
        """Remove a dataset; versions trained on it keep their own record of it."""
        path = self._path(identity, "json")
        if not path.exists():
            raise _unknown(identity)
        facts: dict[str, Any] = {"dataset": identity}
        with suppress(DataError):  # a damaged one has no name to tell
            info = self.info(identity)
            facts |= {"name": info.name, "rows": info.rows}
        self.erase(identity)
        self._audit.add("dataset_deleted", facts=facts)

    def erase(self, identity: str) -> None:
        """Remove whatever there is of a dataset, also where a process was killed while it deleted it."""
        self._path(identity, "json").unlink(missing_ok=True)
        reached("save.deleted")
        self._path(identity, "parquet").unlink(missing_ok=True)

    def rows_without_info(self, seconds: float = _LONELY_SECONDS) -> builtins.list[Path]:
        """Files of rows that no dataset has: whoever wrote or deleted them was killed between two lines, so long ago at least."""
        lonely = [path for path in self._folder.glob("*.parquet") if not path.with_suffix(".json").exists()]
        return [path for path in lonely if time.time() - path.stat().st_mtime > seconds]

    def _path(self, identity: str, ending: str) -> Path:
        # An id comes from links and requests: only what a hash can look like may become part of a path.
        if not _ID.fullmatch(identity):
            raise _unknown(identity)
        return self._folder / f"{identity}.{ending}"


def _write_rows(dataset: TextDataset, path: Path) -> None:
    """A piece at a time, so that the arrays of the whole table never stand beside its texts."""
    columns = {"text": dataset.texts, "split": dataset.splits, "group": dataset.groups, "time": dataset.times}
    filled = {name: column for name, column in columns.items() if column is not None}
    types = [(name, pyarrow.large_string()) for name in filled]
    schema = pyarrow.schema([types[0], ("label", pyarrow.int64()), *types[1:]])
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(dataset), _GROUP):
            rows = slice(start, start + _GROUP)
            arrays = {name: pyarrow.array(column[rows], pyarrow.large_string()) for name, column in filled.items()}
            writer.write_batch(pyarrow.record_batch({**arrays, "label": dataset.labels[rows]}, schema=schema))


def _read_rows(file: Any, classes: tuple[str, ...]) -> TextDataset:
    """Read a piece at a time: the whole table beside the texts made of it would take as much memory again."""
    read: dict[str, list[str]] = {name: [] for name in file.schema_arrow.names if name != "label"}
    labels = [np.zeros(0, dtype=np.int64)]
    same: dict[str, str] = {}
    for piece in file.iter_batches(batch_size=_PIECE):
        labels.append(np.asarray(piece["label"].to_numpy(zero_copy_only=False), dtype=np.int64))
        for name, column in read.items():
            values = piece[name].to_pylist()
            # Parts, groups and times repeat themselves; texts hardly do.
            column += values if name == "text" else [same.setdefault(value, value) for value in values]
    columns = {name: tuple(column) for name, column in read.items()}
    splits, groups, times = (columns.get(name) for name in ("split", "group", "time"))
    return TextDataset(columns["text"], np.concatenate(labels), classes, splits, groups, times)


def _unknown(identity: str) -> DataError:
    return DataError(
        "data.dataset_unknown",
        "There is no dataset '{dataset}'. It may have been deleted; choose one from the list.",
        dataset=identity,
    )


def _damaged(identity: str) -> DataError:
    return DataError(
        "data.dataset_damaged",
        "The stored dataset '{dataset}' is damaged and cannot be read. Delete it and upload the file again.",
        dataset=identity,
    )
