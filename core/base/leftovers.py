"""What killed processes left unfinished in a workspace and among the temporary files, never what a living one owns; and
uploads that have lain long enough.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.base import files

VERSION = "version"  # what the folder of a version is called
CONTENT = ".content"  # what is shared by versions
DEEPEST = 5  # folders below the workspace in which something unfinished may lie: the inside of a version
# Names that earlier editions gave; nobody is named in them, so only their age can tell.
_OLD_NAMES = re.compile(r"\.(incoming|outgoing|making|deleted|pretraining)-.+|.+\.part|evergreen-[a-z0-9_]{8}")
_OLD_SECONDS = 86_400.0
_OUTGOING = ".outgoing-"
# Versions, and sessions, which are named by a time: whoever looks for one that was killed between two renames puts it back.
_PUT_BACK = re.compile(rf"\{_OUTGOING}({VERSION}|\d{{8}}-\d{{6}}-[0-9a-f]{{6}})")
UPLOADS = "uploads"
KEEP_DAYS = 7  # an upload that nobody saved as a dataset is removed after so long


def leftovers(home: Path) -> Iterator[Path]:
    """Everything unfinished whose process is gone."""
    for path in _candidates(home):
        if files.is_abandoned(path) or _is_replaced(path):
            yield path


def old_leftovers(home: Path) -> Iterator[Path]:
    """What earlier editions left unfinished more than a day ago."""
    for path in _candidates(home):
        if _OLD_NAMES.fullmatch(path.name) and not files.is_abandoned(path) and not _PUT_BACK.fullmatch(path.name):
            with suppress(OSError):
                if time.time() - path.lstat().st_mtime > _OLD_SECONDS and not _is_signed(path):
                    yield path


def sweep(home: Path) -> int:
    """Remove what killed processes left unfinished, and uploads that are too old; cheap enough for every start.

    Returns how much there was.
    """
    count = 0
    for path in [*leftovers(home), *old_uploads(home)]:
        remove(path)
        count += 1
    return count


def old_uploads(home: Path) -> Iterator[Path]:
    """Uploads that nobody has touched for `KEEP_DAYS`."""
    for path in (home / UPLOADS).glob("*"):
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime > KEEP_DAYS * 86_400:
                yield path


def remove(path: Path) -> None:
    """Take a file or a folder away; what cannot be removed stays, and is found again the next time."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _candidates(home: Path) -> Iterator[Path]:
    yield from _below(home, 1)
    with suppress(OSError):
        yield from Path(tempfile.gettempdir()).glob(f"{files.SCRATCH}*")


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        hidden = entry.name.startswith(".")
        if hidden or entry.name.endswith(".part"):
            yield path
        if entry.is_dir(follow_symlinks=False) and depth < DEEPEST and not _names_something_unfinished(path):
            yield from _below(path, depth + 1)


def _names_something_unfinished(path: Path) -> bool:
    """Whether a folder goes as a whole or not at all; other hidden ones, such as ``.content``, are looked into."""
    return _is_signed(path) or _OLD_NAMES.fullmatch(path.name) is not None


def _is_replaced(path: Path) -> bool:
    """Whether this is an old folder whose new one is in place."""
    name = path.name.removeprefix(_OUTGOING)
    return name != path.name and not _is_signed(path) and (path.parent / name).is_dir()


def _is_signed(path: Path) -> bool:
    """Whether the name says whose it is: then age decides nothing."""
    return files.SIGNED.fullmatch(path.name) is not None
