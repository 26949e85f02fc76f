"""Generators on disk: ``<home>/generators/<name>/<version>/``, and beside the versions a file ``current``.

A version appears by rename, whole or not at all, and only loses texts that are to be forgotten; rolling back moves
the pointer. Imports no torch.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.base import files
from core.base.errors import RegistryError
from core.base.files import read_json

FOLDER = "generators"
CURRENT = "current"
REPORT = "report.json"
RUN = "run"
_NAME = re.compile(r"\w(?:[\w .-]{0,58}\w)?")
_VERSION = re.compile(r"[1-9]\d*")


@dataclass(frozen=True)
class GeneratorInfo:
    """One generator: its version numbers, oldest first, and the one that writes."""

    name: str
    versions: tuple[int, ...]
    current: int


class GeneratorStore:
    """The generators of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / FOLDER

    def list(self) -> builtins.list[GeneratorInfo]:
        """All generators that have a version, by name."""
        infos = []
        for path in sorted(self._folder.glob("*")):
            if _NAME.fullmatch(path.name) and (versions := self._numbers(path)):
                infos.append(GeneratorInfo(path.name, versions, self._current(path, versions)))
        return infos

    def info(self, name: str) -> GeneratorInfo:
        """One generator; `RegistryError` when there is none of this name."""
        path = self._path(name)
        versions = self._numbers(path)
        if not versions:
            raise RegistryError(
                "generation.unknown",
                "There is no generator '{name}'. The generators are: {known}. Train it first.",
                name=name,
                known=[generator.name for generator in self.list()] or ["–"],
            )
        return GeneratorInfo(name, versions, self._current(path, versions))

    def folder(self, name: str, version: int | None = None) -> Path:
        """The files of a version; without a number of the current one."""
        info = self.info(name)
        number = info.current if version is None else version
        if number not in info.versions:
            raise RegistryError(
                "generation.no_version",
                "Generator '{name}' has no version {version}. Its versions are: {known}.",
                name=name,
                version=number,
                known=[str(number) for number in info.versions],
            )
        return self._path(name) / str(number)

    def report(self, name: str, version: int | None = None) -> dict[str, Any]:
        """What is known of a version: its ``generator`` and ``version``, and every figure that a screen shows."""
        folder = self.folder(name, version)
        stored = read_json(folder / REPORT)
        return {"generator": name, "version": int(folder.name), **stored}

    @contextmanager
    def incoming(self, name: str) -> Iterator[Path]:
        """An empty folder to write a version into; `publish` it, or it is gone afterwards."""
        path = self._path(name)
        path.mkdir(parents=True, exist_ok=True)
        try:
            with files.incoming_folder(path) as folder:
                yield folder
        finally:
            with suppress(OSError):  # a first version that never came leaves no name behind
                path.rmdir()

    def publish(self, name: str, incoming: Path, run_id: str = "") -> int:
        """Make a finished folder the next version and the current one; returns its number.

        Parameters
        ----------
        run_id
            Id of the run that made it, for `made_by`.
        """
        path = self._path(name)
        if run_id:
            (incoming / RUN).write_text(run_id, encoding="utf-8")
        number = max(self._numbers(path), default=0) + 1
        while True:
            try:
                files.place(incoming, path / str(number))
                break
            except OSError:  # somebody else published at this moment
                if not (path / str(number)).exists():
                    raise
                number += 1
        self._point(path, number)
        return number

    def made_by(self, name: str, run_id: str) -> int | None:
        """The version that a run made; None when it made none."""
        for number in self._numbers(self._path(name)):
            with suppress(OSError):
                if (self._path(name) / str(number) / RUN).read_text("utf-8") == run_id:
                    return number
        return None

    def rollback(self, name: str, version: int) -> None:
        """Let another version write, and be the base of the next update; nothing is copied or lost."""
        self.folder(name, version)
        self._point(self._path(name), version)

    def delete(self, name: str) -> None:
        """Remove a generator with all versions, tests and remembered texts."""
        self.info(name)
        files.remove_folder(self._path(name))

    def _path(self, name: str) -> Path:
        # A name comes from links and requests: only what cannot lead elsewhere becomes part of a path.
        return self._folder / check_name(name)

    @staticmethod
    def _numbers(path: Path) -> tuple[int, ...]:
        return tuple(sorted(int(folder.name) for folder in path.glob("*") if _VERSION.fullmatch(folder.name)))

    @staticmethod
    def _current(path: Path, versions: tuple[int, ...]) -> int:
        try:
            number = int((path / CURRENT).read_text("utf-8"))
        except (OSError, ValueError):
            return versions[-1]
        return number if number in versions else versions[-1]

    @staticmethod
    def _point(path: Path, number: int) -> None:
        files.write_text(path / CURRENT, str(number))


def check_name(name: str) -> str:
    """Return the name when a generator can be called that; `RegistryError` otherwise."""
    if not _NAME.fullmatch(name):
        raise RegistryError(
            "generation.bad_name",
            "A generator cannot be called '{name}'. A name has 1 to 60 letters, digits, spaces, dots and hyphens, and "
            "begins and ends with a letter or digit.",
            name=name,
        )
    return name
