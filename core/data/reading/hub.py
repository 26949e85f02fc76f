"""Datasets of the Hugging Face Hub, and folders laid out like one, as a file that is then read like an upload."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pyarrow
import pyarrow.parquet

from core.base.errors import DataError
from core.base.files import writing
from core.data.reading.isolation.limits import Limits
from core.data.reading.isolation.pool import ask
from core.data.reading.source import FILE_LIMIT

MEMORY = 4 * 1024**3  # bytes; all splits of a dataset whose file may have 200 MB
SECONDS = 1800.0  # with the download
SECONDS_ASKED = 20.0  # that the Hub may take to say which revision is the newest


def fetch_apart(
    name: str, folder: Path, *, config: str | None = None, split: str | None = None, revision: str | None = None
) -> Path:
    """`fetch_dataset` in another process, within limits of memory and time: a few kilobytes of Parquet may stand for very much.

    Raises
    ------
    DataError
        As `fetch_dataset`, and when the dataset takes more than the limits or ends the process that reads it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    here = Path(name.strip()).expanduser()
    asked = str(here.absolute()) if name.strip() and here.is_dir() else name
    limits = Limits(min(MEMORY, psutil.virtual_memory().total * 3 // 4), SECONDS)
    try:
        with ask("hub", folder, limits=limits, name=asked, config=config, split=split, revision=revision) as (path, _):
            return Path(path)
    except DataError as error:
        if not error.message.key.startswith("data.reading_"):
            raise
        raise DataError(
            "data.hub_too_much",
            "The dataset '{dataset}' takes more than {memory:,.0f} MB of memory or {minutes:,.0f} minutes to load, or is "
            "damaged, and loading it was stopped. Save a part of it as CSV or Parquet, and upload that.",
            dataset=name.strip(),
            memory=limits.memory / 1024**2,
            minutes=limits.seconds / 60,
        ) from None


def fetch_dataset(
    name: str, folder: Path, *, config: str | None = None, split: str | None = None, revision: str | None = None
) -> Path:
    """Load a dataset with `datasets.load_dataset` and write its splits into one Parquet file.

    Programs that come along with a dataset are never run. Downloads are kept in the cache that other programs share.

    Parameters
    ----------
    name
        ``owner/name`` on the Hub, or a folder on this machine.
    folder
        Where the file goes; it is there completely or not at all.
    config
        Which configuration, where the dataset has several.
    split
        The only split that is wanted; all of them otherwise.
    revision
        Which state of it, as `revision_of` has it; the newest otherwise. A folder has only one.

    Returns
    -------
    Path
        The file; its column ``split`` says which split a row came from where there is more than one, and labels stand
        under their names.

    Raises
    ------
    DataError
        When the Hub cannot be reached, there is no such dataset, it has no rows, or the file is too large.
    """
    name = name.strip()
    if not name:
        raise DataError("data.hub_no_name", "No dataset is named. Give its name on the Hub, such as stanfordnlp/sst2.")
    table = _joined(_load(name, config, split, None if _here(name) else revision))
    if table.num_rows == 0:
        raise DataError("data.hub_empty", "The dataset '{dataset}' has no rows.", dataset=name)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{Path(name.rstrip('/')).name or 'dataset'}.parquet"
    with writing(target) as part:
        pyarrow.parquet.write_table(table, part, compression="zstd")
        size = part.stat().st_size
        if size > FILE_LIMIT:
            raise DataError(
                "data.hub_too_large",
                "The dataset '{dataset}' takes {size:.0f} MB; the limit is {limit:.0f} MB. Save a part of it as a file, and "
                "upload that.",
                dataset=name,
                size=size / 1024**2,
                limit=FILE_LIMIT / 1024**2,
            )
    return target


def revision_of(name: str) -> str:
    """What changes when a dataset does: on the Hub the hash of its last commit, of a folder one of its files' sizes and times.

    Raises
    ------
    DataError
        When the Hub cannot be reached, or there is no such dataset.
    """
    name = name.strip()
    if _here(name):
        root = Path(name).expanduser()
        files = sorted(path for path in root.rglob("*") if path.is_file())
        facts = [(str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        return hashlib.sha256(repr(facts).encode()).hexdigest()
    from huggingface_hub import HfApi

    with _explained(name):
        return str(HfApi().dataset_info(name, timeout=SECONDS_ASKED).sha)


def _here(name: str) -> bool:
    return Path(name).expanduser().is_dir()


def _load(name: str, config: str | None, split: str | None, revision: str | None) -> Any:
    import datasets

    wanted = {word: value for word, value in (("split", split), ("revision", revision)) if value is not None}
    with _explained(name):
        loaded = datasets.load_dataset(name, config, **wanted)
    return loaded if split is None else {split: loaded}


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """What the Hub or a dataset has against it, as a sentence with the cure."""
    import datasets
    import httpx2  # the Hub's own client speaks through it
    import requests
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    nowhere = datasets.exceptions.DatasetNotFoundError
    unknown = (nowhere, RepositoryNotFoundError, HFValidationError, FileNotFoundError)
    try:
        yield
    except unknown:
        raise DataError(
            "data.hub_unknown",
            "There is no dataset '{dataset}' on the Hub or on this machine, or it takes a login. Check the name; it is written "
            "owner/name.",
            dataset=name,
        ) from None
    except (
        ConnectionError,
        requests.RequestException,
        OfflineModeIsEnabled,
        HfHubHTTPError,
        httpx2.HTTPError,
        TimeoutError,
    ) as error:
        raise DataError(
            "data.hub_offline",
            "The Hugging Face Hub cannot be reached: {reason}. Check the connection, or download the dataset elsewhere and "
            "upload it as a file.",
            reason=_first_line(error),
        ) from None
    except Exception as error:  # each kind of dataset fails in a manner of its own
        if any(isinstance(cause, MemoryError) for cause in _causes(error)):
            raise MemoryError from None
        raise DataError(
            "data.hub_failed",
            "The dataset '{dataset}' cannot be loaded: {reason}. Download it as CSV or Parquet, and upload the file.",
            dataset=name,
            reason=_first_line(error),
        ) from None


def _joined(loaded: Any) -> pyarrow.Table:
    """All splits below each other, with a column that tells them apart."""
    parts = []
    for split, rows in loaded.items():
        table = rows.with_format("arrow")[:]
        for column, feature in rows.features.items():
            if hasattr(feature, "int2str"):
                position = table.column_names.index(column)
                names = [
                    feature.int2str(value) if _named(value, feature) else None for value in table[column].to_pylist()
                ]
                table = table.set_column(position, column, pyarrow.array(names, pyarrow.string()))
        if len(loaded) > 1 and "split" not in table.column_names:
            table = table.append_column("split", pyarrow.array([str(split)] * table.num_rows, pyarrow.string()))
        parts.append(table)
    return pyarrow.concat_tables(parts, promote_options="permissive")


def _named(value: int | None, feature: Any) -> bool:
    """Whether a label has a name: hidden test labels are stored as −1."""
    return value is not None and 0 <= value < feature.num_classes


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
