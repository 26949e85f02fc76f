"""Uploaded files on disk, and what was read from them.

Owns `<home>/uploads` and the caches over it: a file is read once a format, never on every rerun. Draws nothing.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas
import streamlit as st

from core.base.config import home
from core.base.errors import DataError
from core.base.files import SCRATCH, is_writable, writing
from core.base.leftovers import UPLOADS, old_uploads, remove
from core.base.processes import signature
from core.data.dataset.columns import ColumnRoles, guess_roles
from core.data.dataset.samples import sample_path
from core.data.reading.hub import fetch_apart
from core.data.reading.tables import FormatCorrections, TableFormat, detect_format, parts_of, read_table

NAME_BYTES = 120  # file systems allow 255, and a Chinese character takes three
CELL_SHOWN = 300  # characters of a cell that reach the browser; a cell may hold a million

SamplePart = tuple[str, str]


@dataclass(frozen=True)
class Source:
    """Where a table comes from: a file that was uploaded, or one part of a sample."""

    path: Path
    name: str
    sample: SamplePart | None = None

    @property
    def token(self) -> str:
        """Changes whenever the file does."""
        written = self.path.stat().st_mtime_ns if self.path.exists() else 0
        return hashlib.sha256(f"{self.path}:{written}".encode()).hexdigest()[:12]

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


@dataclass(frozen=True, eq=False)
class Reading:
    """A table as it was read, with the guessed role of each column; shared between sessions, so never changed."""

    table: pandas.DataFrame
    roles: ColumnRoles


def keep_upload(name: str, content: BinaryIO) -> Source:
    """Copy an upload to disk; the same content under the same name is stored once."""
    uploads = _uploads()
    for old in list(old_uploads(home())):
        remove(old)
    digest = hashlib.file_digest(cast(Any, content), "sha256").hexdigest()[:16]
    folder = uploads / digest
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _file_name(name)
    content.seek(0)
    with writing(path, durable=False) as part, part.open("wb") as target:
        shutil.copyfileobj(content, target)
    return Source(path, path.name)


def fetched(name: str, config: str | None) -> Source | DataError:
    """A dataset of the Hub, or a folder like one, as a file among the uploads."""
    folder = _uploads() / hashlib.sha256(f"hub:{name}:{config}".encode()).hexdigest()[:16]
    try:
        path = fetch_apart(name, folder, config=config)
    except DataError as error:
        return error
    return Source(path, path.name)


def _uploads() -> Path:
    """Where uploads are kept: in the workspace, or for the life of this process elsewhere where that can only be read."""
    uploads = home() / UPLOADS
    with suppress(OSError):
        uploads.mkdir(parents=True, exist_ok=True)
    return uploads if is_writable(uploads) else _elsewhere()


@st.cache_resource(show_spinner=False)
def _elsewhere() -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{signature()}-"))


def lies_elsewhere(source: Source) -> bool:
    """Whether the file is no sample and could not be kept in the workspace."""
    return source.sample is None and not source.path.is_relative_to(home())


def sample_source(sample: SamplePart) -> Source:
    """One part of a sample, to be handled like an upload."""
    path = sample_path(*sample)
    return Source(path, path.name, sample)


def _file_name(name: str) -> str:
    """The last part of a name, short enough for any file system; the browser's word is not trusted."""
    last = "".join(sign for sign in name.replace("\\", "/").rsplit("/", 1)[-1] if sign.isprintable()).lstrip(".")
    stem, dot, ending = last.rpartition(".")
    if not stem or len(ending) > 8:
        stem, dot, ending = last, "", ""
    short = stem.encode("utf-8", "ignore")[:NAME_BYTES].decode("utf-8", "ignore")
    return f"{short}{dot}{ending}".encode("utf-8", "ignore").decode() or "table"


def detected(source: Source, corrections: FormatCorrections = FormatCorrections()) -> TableFormat | DataError:  # noqa: B008 - frozen
    """How the file seems to be written; an error is returned, so that it is remembered like any other answer."""
    return _detected(str(source.path), source.token, corrections)


@st.cache_data(show_spinner=False, max_entries=50)
def _detected(path: str, token: str, corrections: FormatCorrections) -> TableFormat | DataError:
    try:
        return detect_format(Path(path), corrections)
    except DataError as error:
        return error


@st.cache_data(show_spinner=False, max_entries=50)
def _sheets(path: str, token: str) -> list[str]:
    return parts_of(Path(path))


def sheets(source: Source) -> list[str]:
    """Names of the tables in the file."""
    return _sheets(str(source.path), source.token)


def reading(source: Source, form: TableFormat) -> Reading | DataError:
    """The file's table, read in this format."""
    return _reading(str(source.path), source.token, form)


# A resource, not data: a copy of a table of 200 MB on every rerun would cost more than all the rest of the page.
@st.cache_resource(show_spinner=False, max_entries=3, ttl=3600)
def _reading(path: str, token: str, form: TableFormat) -> Reading | DataError:
    try:
        table = read_table(Path(path), form)
    except DataError as error:
        return error
    return Reading(table, guess_roles(table))


def let_tables_go() -> None:
    """Forget the tables that were read, which may hold hundreds of megabytes; whoever needs one reads it again."""
    _reading.clear()


def excerpt(table: pandas.DataFrame, rows: Sequence[int] | slice) -> pandas.DataFrame:
    """Some rows for the screen, long cells cut."""
    shown = table.iloc[rows if isinstance(rows, slice) else list(rows)]
    return shown.map(
        lambda value: f"{value[:CELL_SHOWN]}…" if isinstance(value, str) and len(value) > CELL_SHOWN else value
    )
