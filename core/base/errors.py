"""What can go wrong, as a tree; every error is a sentence meant for the user.

::

    CoreError
    ├── DataError       a file, table, column or target that cannot be used as it is
    ├── ConfigError     a setting that is unknown or out of range
    ├── ModelError      a model, tokenizer or export that does not fit
    ├── RegistryError   a classifier or version that is not there, or an alias that cannot move
    ├── JobError        a job that cannot be started, stopped or resumed
    └── StorageError    a disk that is full, may not be written to, or fails

A message says what happened, what was found, what was expected, and the cure.
"""

from __future__ import annotations

from typing import Any

from core.base.messages import Message


class CoreError(Exception):
    """Base of every error that is the user's to read; ``str(error)`` is one English paragraph."""

    def __init__(self, key: str, text: str, /, **facts: Any) -> None:
        self.message = Message(key, text, facts)
        super().__init__(str(self.message))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles keep the message: a page's cache remembers errors like any other answer."""
        return _blank, (type(self), self.args), self.__dict__


def _blank(kind: type[CoreError], arguments: tuple[Any, ...]) -> CoreError:
    return kind.__new__(kind, *arguments)


class DataError(CoreError):
    """A file, table, column or target that cannot be used as it is."""


class ConfigError(CoreError):
    """A setting that is unknown or out of range."""


class ModelError(CoreError):
    """A model, tokenizer or export that does not fit."""


class RegistryError(CoreError):
    """A classifier or version that is not there, or an alias that cannot move."""


class JobError(CoreError):
    """A job that cannot be started, stopped or resumed."""


class StorageError(CoreError):
    """A disk that is full, may not be written to, or fails; nothing that was stored before is lost by it."""
