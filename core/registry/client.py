"""Opens MLflow's client: late, quietly, once a process, and one process at a time.

Knows the store's address and how its failures read; knows nothing of classifiers.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import os
import re
import secrets
import shutil
import sqlite3
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from filelock import FileLock

from core.base import storage
from core.base.errors import CoreError, RegistryError, StorageError
from core.base.files import is_writable, scratch
from core.base.imports import unhindered_imports

_ENVIRONMENT = {
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # MLflow would try an unreachable server for minutes; a screen that waits for the answer cannot.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}

_SQLITE = "sqlite:///"
_STATEMENT = re.compile(r"\n?\[SQL: |\n?\(Background on this error")  # where SQLAlchemy begins to quote
# The beginnings of the names of methods that write.
_CHANGES = ("create_", "set_", "delete_", "log_", "update_", "rename_", "transition_", "restore_")

_clients: dict[str, Client] = {}
_files: dict[str, int | None] = {}  # address → which file the database was
_copies: dict[Path, tuple[tuple[int, int], Client]] = {}  # of databases that can only be read, with the state they had
_opening = threading.Lock()


class Absent(Exception):
    """The store has no such entry; callers turn it into a sentence about what was looked for."""


class Client:
    """MLflow's client with two differences: what is missing raises `Absent`, any other failure `RegistryError`."""

    def __init__(self, client: Any, address: str, read_only: Path | None = None) -> None:
        self._client = client
        self._address = address
        self._read_only = read_only

    @property
    def read_only(self) -> bool:
        """Whether nothing in the workspace can be changed."""
        return self._read_only is not None

    def refuse_if_read_only(self) -> None:
        """Raise `StorageError` where nothing can be changed."""
        if self._read_only is not None:
            raise storage.read_only(self._read_only)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        if name.startswith(_CHANGES):
            self.refuse_if_read_only()

        @wraps(method)
        def call(*arguments: Any, **named: Any) -> Any:
            from mlflow.exceptions import MlflowException

            try:
                return method(*arguments, **named)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    raise Absent(str(error)) from error
                raise _failed(self._address, error) from error

        return call

    def every(self, method: str, **named: Any) -> list[Any]:
        """All pages of one of the client's searches."""
        records: list[Any] = []
        token = None
        while True:
            page: Sequence[Any] = getattr(self, method)(page_token=token, **named)
            records += page
            token = getattr(page, "token", None)
            if not token:
                return records


def store_address(home: Path) -> str:
    """``MLFLOW_TRACKING_URI``, or the SQLite file in the workspace."""
    return os.environ.get("MLFLOW_TRACKING_URI") or _own(home)


def _own(home: Path) -> str:
    return f"{_SQLITE}{home / 'mlflow.db'}"


def is_server(address: str) -> bool:
    """Whether a server keeps the files too; otherwise they lie in the workspace."""
    return address.startswith(("http://", "https://", "databricks"))


def open_client(home: Path, address: str) -> Client:
    """Return this process' client for the address, opened on the first call (seconds when the store is new)."""
    if address not in _clients:
        with _opening:
            if home in _copies or (address == _own(home) and home.is_dir() and not is_writable(home)):
                return _open_copy(home)
            if address not in _clients:
                home.mkdir(parents=True, exist_ok=True)
                _clients[address] = _open(home, address)
                _files[address] = _file_number(address)
    elif _files.get(address) != _file_number(address):  # another file has taken the place: it was repaired or put back
        with _opening:
            _let_go(address)
            _files[address] = _file_number(address)
    return _clients[address]


def _file_number(address: str) -> int | None:
    """What tells the file of a database from one that takes its place; None for other stores, and where there is none."""
    with suppress(OSError):
        return os.stat(address.removeprefix(_SQLITE)).st_ino if address.startswith(_SQLITE) else None
    return None


def _let_go(address: str) -> None:
    """Close MLflow's connections to a database; the next question opens the file that is there then."""
    for name in ("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"):
        engines = getattr(importlib.import_module(name).SqlAlchemyStore, "_engine_map", {})
        if address in engines:
            engines[address].dispose()


def _open_copy(home: Path) -> Client:
    """The client of a workspace that can only be read: SQLite must write even to look, so it looks at a copy."""
    database = home / "mlflow.db"
    stamp = (database.stat().st_mtime_ns, database.stat().st_size) if database.exists() else (0, 0)
    if home in _copies and _copies[home][0] == stamp:
        return _copies[home][1]
    folder = _copies_folder() / secrets.token_hex(4)
    folder.mkdir()
    for path in home.glob("mlflow.db*"):
        shutil.copyfile(path, folder / path.name)
    opened = _open(folder, _own(folder))
    _copies[home] = (stamp, Client(opened._client, opened._address, home))
    return _copies[home][1]


@functools.cache
def _copies_folder() -> Path:
    """Among the temporary files, until this process ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(scratch())


def preload(address: str) -> None:
    """Load MLflow (seconds), before anything is locked: whoever waits for the store shall not wait for that."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with unhindered_imports(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own imports; nothing a user could act upon
        importlib.import_module("mlflow.tracking")
        if not is_server(address):  # what it would load later, when it opens a database
            importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
            importlib.import_module("mlflow.store.model_registry.sqlalchemy_store")
        importlib.import_module("mlflow.utils.logging_utils").disable_logging()


def _open(home: Path, address: str) -> Client:
    if address.startswith(_SQLITE):
        _refuse_damaged(Path(address.removeprefix(_SQLITE)))
    preload(address)
    # Two processes that create the tables of a new store at once would trip over each other.
    with FileLock(home / "mlflow.lock"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own migrations; nothing a user could act upon
        try:
            client = Client(importlib.import_module("mlflow.tracking").MlflowClient(address, address), address)
            client.search_registered_models(max_results=1)  # opens the second half of the store as well
        except CoreError:
            raise
        except Exception as error:
            raise _failed(address, error) from error
    return client


def _refuse_damaged(database: Path) -> None:
    """SQLAlchemy would retry a file that is no database for two minutes."""
    if not database.is_file() or database.stat().st_size == 0:
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        with database.open("rb"):  # says what is not permitted; a hot journal of a dead process is SQLite's own to mend
            return
    except sqlite3.DatabaseError as error:
        raise _damaged(database) from error


def _damaged(database: Path) -> RegistryError:
    return RegistryError(
        "registry.damaged",
        "{file} is not a database any more, so classifiers and runs cannot be read. 'python -m core repair' makes it "
        "again from the versions' own files.",
        file=str(database),
    )


def _failed(address: str, error: Exception) -> CoreError:
    """What a store has against a call, in plain words: no statement of its database reaches a person."""
    parts = urlsplit(address)
    # Never the whole address, nor an error that quotes it: it may hold a password.
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    reason = str(error).replace(address, shown).replace(parts.password or address, "…")
    reason = _STATEMENT.split(reason)[0].strip().rpartition("Error) ")[2].rstrip(".") or type(error).__name__
    if address.startswith("sqlite:"):
        database = Path(address.removeprefix(_SQLITE))
        if "is full" in reason:
            return storage.full(database.parent)
        if "readonly" in reason:
            return storage.read_only(database.parent)
        if "unable to open" in reason:
            return storage.refused(database)
        if any(word in reason for word in ("malformed", "not a database", "no such table", "disk I/O")):
            return _damaged(database)
        if "locked" in reason:
            return StorageError(
                "registry.busy",
                "Another process is writing to {file} and does not come to an end. Try again in a moment.",
                file=str(database),
            )
    return RegistryError(
        "registry.store_failed",
        "The model registry at {store} did not do what was asked: {reason}. Check that it is running and that "
        "MLFLOW_TRACKING_URI, if set, is right; then try again.",
        store=shown,
        reason=reason,
    )
