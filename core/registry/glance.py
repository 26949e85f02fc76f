"""What the registry's lists said last, kept in a file beside its database, so that looking does not need MLflow.

Loading MLflow and opening its store takes seconds, and most looks, the first screen of a start among them, find the
database as it was. A list is taken from the file only while the database has not changed by a byte's time or size.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from core.base.files import read_object, write_text
from core.registry.client import store_address
from core.registry.entries import ClassifierInfo, PromotionDecision, VersionInfo
from core.registry.files import ARTIFACT
from core.registry.registry import Registry
from core.registry.second_person import OverrideRequest
from core.registry.thresholds import Threshold

FILE = "registry.json"
FORMAT = 1  # another one is not read
SETTLED_NANOSECONDS = 20_000_000  # two writes closer than the file system's clock look like one

Token = tuple[int, ...]
Info = TypeVar("Info", ClassifierInfo, VersionInfo, dict[str, Any])


class Glance:
    """The lists of a `Registry`, from memory or file while its database stays as it was. Thread-safe.

    A team's server cannot be watched: there every question is asked anew.
    """

    def __init__(self, home: Path) -> None:
        self.registry = Registry(home)
        self._home = home.resolve()
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._lists: dict[str, list[dict[str, Any]]] = {}

    def classifiers(self) -> list[ClassifierInfo]:
        """As `Registry.classifiers`."""
        return self._ask("classifiers", self.registry.classifiers, _classifier)

    def versions(self, name: str) -> list[VersionInfo]:
        """As `Registry.versions`."""
        if self._watched() and all(info.name != name for info in self.classifiers()):
            return self.registry.versions(name)  # any caller may invent names: nothing is written down of them
        return self._ask(f"versions of {name}", lambda: self.registry.versions(name), _version)

    def stored(self, name: str) -> list[VersionInfo]:
        """The same, but where there is no database yet none is made."""
        return self.versions(name) if any(database_token(self._home)) or not self._watched() else []

    def champion(self, name: str) -> VersionInfo | None:
        """As `Registry.champion`."""
        number = next((info.champion for info in self.classifiers() if info.name == name), None)
        if number is None:
            return None
        known = next((version for version in self.versions(name) if version.number == number), None)
        return known or self.registry.champion(name)

    def champion_history(self, name: str) -> list[dict[str, Any]]:
        """As `Registry.champion_history`."""
        return self._ask(f"moves of {name}", lambda: self.registry.champion_history(name), dict)

    def look_ahead(self) -> None:
        """Ask for all lists, so that whoever looks next needs no MLflow; for a process that has loaded it."""
        if self._watched() and any(database_token(self._home)):
            time.sleep(2 * SETTLED_NANOSECONDS / 1e9)
            for known in self.classifiers():
                self.versions(known.name)
                self.champion_history(known.name)

    def folder(self, version: VersionInfo) -> Path:
        """As `Registry.folder`."""
        kept = self._home / "artifacts" / version.run_id / "artifacts" / ARTIFACT
        if version.run_id and self._watched() and kept.is_dir():
            return kept
        return self.registry.folder(version.classifier, version.number)

    def _ask(self, key: str, read: Callable[[], list[Info]], make: Callable[[dict[str, Any]], Info]) -> list[Info]:
        if not self._watched():
            return read()
        token = database_token(self._home)
        with self._lock:
            if token != self._token:
                self._token, self._lists = token, _load(self._home / FILE, token)
            stored = self._lists.get(key)
        if stored is not None:
            with suppress(TypeError, KeyError):  # written by a version of another mind: ask
                return [make(values) for values in stored]
        infos = read()
        self._keep(key, token, infos)
        return infos

    def _keep(self, key: str, token: Token, infos: Sequence[Info]) -> None:
        settled = time.time_ns() - max(token) > SETTLED_NANOSECONDS
        with self._lock:
            if not settled or token != self._token or token != database_token(self._home):
                return  # it was written to while it was read: the next look keeps what it finds
            self._lists[key] = [info if isinstance(info, dict) else asdict(info) for info in infos]
            text = json.dumps({"format": FORMAT, "token": token, "lists": self._lists}, ensure_ascii=False)
        with suppress(OSError, ValueError):  # a disk that is full, or a half character, costs time, nothing else
            write_text(self._home / FILE, text, durable=False)

    def _watched(self) -> bool:
        return store_address(self._home) == f"sqlite:///{self._home / 'mlflow.db'}"


def database_token(home: Path) -> Token:
    """Changes whenever the workspace's registry may have: times and sizes of its database and of what is not in it yet."""
    return (*_stamp(home / "mlflow.db"), *_stamp(home / "mlflow.db-wal"))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


def _load(path: Path, token: Token) -> dict[str, list[dict[str, Any]]]:
    stored = read_object(path)
    lists = stored.get("lists")
    known = stored.get("format") == FORMAT and stored.get("token") == list(token)
    return lists if known and isinstance(lists, dict) else {}


def _classifier(values: dict[str, Any]) -> ClassifierInfo:
    threshold, request = values["threshold"], values["request"]
    if not isinstance(values["statements"], dict):
        raise TypeError(values["statements"])
    told = {
        "threshold": Threshold(**threshold) if threshold else None,
        "request": OverrideRequest(**request) if request else None,
    }
    return ClassifierInfo(**{**values, **told})


def _version(values: dict[str, Any]) -> VersionInfo:
    decision = values["decision"]
    return VersionInfo(**{**values, "decision": PromotionDecision(**decision) if decision else None})
