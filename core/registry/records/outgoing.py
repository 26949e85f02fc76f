"""What leaves this machine as JSON or in a report: without the places where things lie on it.

An encoder that was given as a folder is known by its whole path, ``folder:/home/somebody/encoder``. Whoever updates a version
here may need it; nobody else is told more than the folder's name.
"""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from typing import Any

FOLDER = "folder:"
# Under which names facts of our own, of messages, and of the transformers library hold paths.
WHERE = frozenset({"source", "folder", "place", "path", "file", "_name_or_path", "name_or_path"})
REASON = "reason"  # of an error: somebody else's sentence, which may name files
IN_SENTENCE = re.compile(r"""(?<![\w:/.])(?:[A-Za-z]:[\\/]|~?/)(?:[^\s'"\\/:]+[\\/])+[^\s'"\\/:]*""")


def without_paths(content: Any) -> Any:
    """A copy of plain values, with folders by their names alone."""
    if isinstance(content, dict):
        return {key: _entry(key, value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_paths(value) for value in content]
    return short_reference(content) if isinstance(content, str) else content


def short_reference(reference: str) -> str:
    """``folder:/home/somebody/encoder`` as ``folder:encoder``; whatever is no folder, as it is."""
    if not reference.startswith(FOLDER):
        return reference
    return FOLDER + _last(reference.removeprefix(FOLDER))


def _entry(key: str, value: Any) -> Any:
    if key in WHERE and isinstance(value, str) and _is_path(value):
        return _last(value)
    if key == REASON and isinstance(value, str):
        return IN_SENTENCE.sub(lambda match: _last(match.group()), value)
    return without_paths(value)


def _is_path(value: str) -> bool:
    """Whether this is a whole path: of Linux, of Windows, or from the home folder on."""
    return value.startswith(("/", "~", "\\\\")) or (value[1:2] == ":" and value[2:3] in ("/", "\\"))


def _last(path: str) -> str:
    return PureWindowsPath(path).name  # which takes both kinds of slashes
