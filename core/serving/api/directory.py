"""What the registry says, kept until it changes; asked in a thread, so that no other request waits for it.

Knows nothing of engines and requests.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.base.messages import message
from core.serving.api.errors import ApiError

if TYPE_CHECKING:
    from core.registry import ClassifierInfo, Glance, VersionInfo

Token = tuple[int, ...]

SERVER_SECONDS = 5  # how old an answer of a team's server may be: it cannot be watched
LOOKS = 3  # at a registry that is written to all the time
SETTLED_NANOSECONDS = 20_000_000  # two writes closer than the file system's clock look like one


@dataclass(frozen=True)
class ServedVersion:
    """A version, the folder of its files, which alone tells it from every other version there ever was, and the threshold of
    its classifier, if it has one.
    """

    classifier: str
    number: int
    folder: Path
    threshold: float | None = None


class Directory:
    """Classifiers, versions and champions of one workspace, for one event loop.

    An answer is kept for as long as the registry's database file stays as it was, whichever process writes to it.
    Requests that ask the same at the same time share one look-up.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._database = str(home / "mlflow.db")
        self._known: dict[Hashable, Any] = {}
        self._known_at: Token = ()
        self._asked: dict[Hashable, asyncio.Task[Any]] = {}
        self._registry: Glance | None = None

    async def classifiers(self) -> list[ClassifierInfo]:
        """All classifiers, by name."""
        classifiers: list[ClassifierInfo] = await self._ask("classifiers", self._read_classifiers)
        return classifiers

    async def versions(self, classifier: str) -> tuple[list[VersionInfo], int | None]:
        """All versions of a classifier, oldest first, and the number of the one that serves."""
        key = ("versions", classifier)
        versions: tuple[list[VersionInfo], int | None] = await self._ask(key, lambda: self._read_versions(classifier))
        return versions

    async def find_version(self, classifier: str, number: int | None) -> ServedVersion:
        """The version of this number, or without one the version that serves.

        Raises
        ------
        ApiError
            404 where there is no such classifier or version, 409 where none serves.
        """
        key = ("version", classifier, number)
        token = self._token()
        if token == self._known_at and key in self._known:  # nearly always: no task, no thread
            known: ServedVersion = self._known[key]
            return known
        version: ServedVersion = await self._ask(key, lambda: self._find(classifier, number))
        return version

    async def _ask(self, key: Hashable, read: Callable[[], Any]) -> Any:
        answer = None
        for _ in range(LOOKS):
            token = self._token()
            if token != self._known_at:
                self._known, self._known_at = {}, token
            if key in self._known:
                return self._known[key]
            answer = await self._share(key, token, read)
            if token == self._known_at:
                break  # else somebody saw the registry change meanwhile: an old answer must not follow a newer one
        return answer

    async def _share(self, key: Hashable, token: Token, read: Callable[[], Any]) -> Any:
        shared = (key, token)
        task = self._asked.get(shared)
        if task is None:
            task = self._asked[shared] = asyncio.create_task(self._read(key, token, read))
            task.add_done_callback(lambda _: self._asked.pop(shared))
        return await asyncio.shield(task)  # one caller that hangs up must not fail the others

    async def _read(self, key: Hashable, token: Token, read: Callable[[], Any]) -> Any:
        settled = time.time_ns() - max(token) > SETTLED_NANOSECONDS
        answer = await asyncio.to_thread(read)
        if settled and token == self._known_at:
            self._known[key] = answer
        return answer

    def _token(self) -> Token:
        """Changes whenever the registry may have."""
        if os.environ.get("MLFLOW_TRACKING_URI"):
            return (int(time.time() // SERVER_SECONDS),)
        return (*_stamp(self._database), *_stamp(f"{self._database}-wal"))

    def _open(self) -> Glance:
        from core.registry import Glance

        if not os.environ.get("MLFLOW_TRACKING_URI") and not os.path.exists(self._database):
            told = message(
                "api.nothing_trained",
                "There is no classifier yet. Train one on the Train page or with 'python -m core train'.",
            )
            raise ApiError(404, told, known=[])
        if self._registry is None:
            self._registry = Glance(self._home)
        return self._registry

    def _read_classifiers(self) -> list[ClassifierInfo]:
        try:
            return self._open().classifiers()
        except ApiError:
            return []

    def _read_versions(self, classifier: str) -> tuple[list[VersionInfo], int | None]:
        glance = self._open()
        champion = glance.champion(classifier)
        versions = glance.versions(classifier)
        if not versions:
            glance.registry.version(classifier, 1)  # says that there is no such classifier, and which there are
        return versions, champion.number if champion else None

    def _find(self, classifier: str, number: int | None) -> ServedVersion:
        glance = self._open()
        if number is None:
            versions, number = self._read_versions(classifier)
            if number is None:
                told = message(
                    "api.nobody_serves",
                    "No version of '{classifier}' serves. Name one of its versions ({known}), or promote one.",
                    classifier=classifier,
                    known=[version.number for version in versions],
                )
                raise ApiError(409, told, known=[version.number for version in versions])
        known = next((version for version in glance.versions(classifier) if version.number == number), None)
        if known is None:
            known = glance.registry.version(classifier, number)  # says that there is none, and which there are
        threshold = next((info.threshold for info in glance.classifiers() if info.name == classifier), None)
        return ServedVersion(classifier, number, glance.folder(known), threshold.value if threshold else None)


def _stamp(path: str) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)
