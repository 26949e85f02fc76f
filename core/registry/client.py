"""Opens MLflow's client: late, quietly, once a process, and one process at a time.

Knows the store's address and how its failures read; knows nothing of classifiers.
"""

from __future__ import annotations

import importlib
import os
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock

from core.errors import RegistryError
from core.imports import unhindered_imports

_ENVIRONMENT = {
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # MLflow would try an unreachable server for minutes; a screen that waits for the answer cannot.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}

_clients: dict[str, Client] = {}
_opening = threading.Lock()


class Absent(Exception):
    """The store has no such entry; callers turn it into a sentence about what was looked for."""


class Client:
    """MLflow's client with two differences: what is missing raises `Absent`, any other failure `RegistryError`."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

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

    def ready(self) -> None:
        """Do nothing: to have a client is to have opened the store."""

    def every(self, method: str, **named: Any) -> list[Any]:
        """All pages of one of the client's searches."""
        found: list[Any] = []
        token = None
        while True:
            page: Sequence[Any] = getattr(self, method)(page_token=token, **named)
            found += page
            token = getattr(page, "token", None)
            if not token:
                return found


def store_address(home: Path) -> str:
    """``MLFLOW_TRACKING_URI``, or the SQLite file in the workspace."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}"


def is_server(address: str) -> bool:
    """Whether a server keeps the files too; otherwise they lie in the workspace."""
    return address.startswith(("http://", "https://", "databricks"))


def open_client(home: Path, address: str) -> Client:
    """Return this process' client for the address, opened on the first call (seconds when the store is new)."""
    if address not in _clients:
        with _opening:
            if address not in _clients:
                _clients[address] = _open(home, address)
    return _clients[address]


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
    home.mkdir(parents=True, exist_ok=True)
    _refuse_damaged(home / "mlflow.db")
    preload(address)
    # Two processes that create the tables of a new store at once would trip over each other.
    with FileLock(home / "mlflow.lock"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own migrations; nothing a user could act upon
        try:
            client = Client(importlib.import_module("mlflow.tracking").MlflowClient(address, address), address)
            client.search_registered_models(max_results=1)  # opens the second half of the store as well
        except RegistryError:
            raise
        except Exception as error:
            raise _failed(address, error) from error
    return client


def _refuse_damaged(database: Path) -> None:
    """SQLAlchemy would retry a file that is no database for two minutes."""
    if database.is_file() and database.stat().st_size > 0:
        with database.open("rb") as file:
            start = file.read(16)
        if start != b"SQLite format 3\0":
            raise RegistryError(
                "registry.damaged",
                "{file} is not a database any more, so classifiers and runs cannot be read. "
                "Put back a copy of it, or move it away to begin with an empty registry.",
                file=str(database),
            )


def _failed(address: str, error: Exception) -> RegistryError:
    place = urlsplit(address)
    # Never the whole address, nor an error that quotes it: it may hold a password.
    shown = f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}"
    reason = str(error).replace(address, shown).replace(place.password or address, "…")
    return RegistryError(
        "registry.store_failed",
        "The model registry at {store} did not do what was asked: {reason}. Check that it is running and that "
        "MLFLOW_TRACKING_URI, if set, is right; then try again.",
        store=shown,
        reason=reason.strip().rstrip("."),
    )
