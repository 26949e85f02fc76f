"""Puts files and folders in place whole or not at all, on the disk and not only in the machine's memory.

The only module that renames. What is unfinished has a hidden name that tells whose process it is, so that whoever comes
after a killed process can sweep it away and nobody takes it from a living one.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.base.faults import reached
from core.base.processes import signature, signed_by_the_living

UNFINISHED = ("incoming", "outgoing", "part")
SCRATCH = "evergreen-"  # begins the names of folders among the system's temporary files
SIGNED = re.compile(rf"(?:\.(?:{'|'.join(UNFINISHED)})-|{SCRATCH})(?P<owner>[0-9a-f]+-\d+-\d+)-\w+")
_ATTEMPTS = 5
_ABANDONED_SECONDS = 7 * 86_400.0  # when nobody can say whether the owner lives: that of another machine


def unfinished(folder: Path, word: str = "incoming") -> Path:
    """A new hidden name in a folder, for something of this process that is not in place yet, or no longer."""
    assert word in UNFINISHED
    return folder / f".{word}-{signature()}-{secrets.token_hex(4)}"


def is_abandoned(path: Path) -> bool:
    """Whether this is something unfinished whose process is gone."""
    name = SIGNED.fullmatch(path.name)
    if name is None:
        return False
    alive = signed_by_the_living(name["owner"])
    if alive is not None:
        return not alive
    with suppress(OSError):
        return time.time() - path.lstat().st_mtime > _ABANDONED_SECONDS
    return False


@contextmanager
def writing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A hidden path beside ``path`` to write a file to, which takes its place at the end: readers see the old or the new.

    Parameters
    ----------
    durable
        Whether it must be on the disk before it takes the place; not for figures that are written again in a moment.
    """
    part = unfinished(path.parent, "part")
    try:
        yield part
        reached("files.written")
        if durable:
            _flush(part)
        os.replace(part, path)
        reached("files.replaced")
        if durable:
            _flush(path.parent)
    except OSError as error:
        if (
            error.errno is not None and error.filename is None
        ):  # a write, or a library such as pyarrow, does not say where
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a text file whole, or not at all."""
    with writing(path, durable=durable) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, *, indent: int | None = None, durable: bool = True) -> None:
    """Write a JSON file whole, or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent), durable=durable)


def parse_json(text: str | bytes) -> Any:
    """What a JSON text says; `ValueError` for everything else, also for what is nested too deeply to be read.

    No number is infinite: JSON has none, nothing here writes one, and whoever makes a whole number of it fails otherwise.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        if has_endless_number(error):
            raise ValueError(f"a number of more than {sys.get_int_max_str_digits():,} digits") from None
        raise


def has_endless_number(error: BaseException) -> bool:
    """Whether Python refused a whole number for its digits; what it then says is advice to who writes programs."""
    return "set_int_max_str_digits" in str(error)


def _finite(written: str) -> float:
    value = float(written)
    if math.isinf(value):
        raise ValueError(f"{written[:20]} is no number of JSON")
    return value


def read_json(path: Path) -> Any:
    """What a JSON file says; errors as `parse_json`'s, and `OSError`."""
    return parse_json(path.read_text(encoding="utf-8"))


def read_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds; an empty one where there is no file, it is damaged, or it holds something else."""
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def json_line(value: Any) -> bytes:
    """One line of a file that grows by lines."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"


def append_lines(path: Path, values: Sequence[Any]) -> None:
    """Let a file grow by one line of JSON a value; they are on the disk afterwards. Callers hold a lock.

    A last line that was cut short when a machine died is left to itself.
    """
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        torn = file.read(1) not in (b"", b"\n")
        file.write(b"\n" * torn + b"".join(map(json_line, values)))
        file.flush()
        os.fsync(file.fileno())
    if not size:
        _flush(path.parent)


@contextmanager
def incoming_folder(parent: Path) -> Iterator[Path]:
    """A hidden empty folder inside ``parent``; whatever was not put in place by `place` is gone afterwards."""
    folder = unfinished(parent)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place(folder: Path, target: Path) -> None:
    """Put a finished folder where it belongs; `OSError` when something that is not empty lies there already."""
    _flush_tree(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(folder, target)
    _flush(target.parent)


def swap(folder: Path, target: Path) -> None:
    """Put a finished folder in the place of another, which is removed.

    Between the two renames a killed process leaves the old one under the name `outgoing_of`; see `put_back`.
    """
    _flush_tree(folder)
    outgoing = outgoing_of(target)
    for attempt in range(_ATTEMPTS):
        shutil.rmtree(outgoing, ignore_errors=True)
        os.rename(target, outgoing)
        reached("rewrite.outgoing")
        try:
            os.rename(folder, target)
            break
        except OSError:  # a reader who found nothing between the two lines has put the old one back
            if attempt == _ATTEMPTS - 1 or not target.exists():
                put_back(target)
                raise
    _flush(target.parent)
    reached("rewrite.placed")
    shutil.rmtree(outgoing, ignore_errors=True)


def outgoing_of(target: Path) -> Path:
    """Where the old folder lies while `swap` is between its two renames."""
    return target.with_name(f".outgoing-{target.name}")


def put_back(target: Path) -> None:
    """After a process died inside `swap`: let the old folder stand again."""
    if not target.exists() and outgoing_of(target).is_dir():
        os.rename(outgoing_of(target), target)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that nobody finds half of it; one that is gone already is no error."""
    outgoing = unfinished(folder.parent, "outgoing")
    with suppress(FileNotFoundError):
        os.rename(folder, outgoing)
        shutil.rmtree(outgoing, ignore_errors=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder among the system's temporary files, for the time being."""
    with tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{signature()}-") as folder:
        yield Path(folder)


def move_file(source: Path, target: Path) -> None:
    """Rename a finished file inside one disk."""
    _flush(source)
    os.replace(source, target)
    _flush(target.parent)


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder: a mounted copy, or somebody else's workspace, can only be read."""
    part = unfinished(folder, "part")
    try:
        part.touch()
        part.unlink()
    except OSError:
        return False
    return True


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what cannot be looked at counts nothing."""
    total = 0
    with suppress(OSError):
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _flush_tree(folder: Path) -> None:
    for path, _, names in os.walk(folder):
        for name in names:
            _flush(Path(path) / name)
        _flush(Path(path))


def _flush(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder; not every file system can, and none need more than it can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (
            errno.EINVAL,
            errno.ENOTSUP,
            errno.ENOSYS,
        ):  # the write failed, and only now this is said
            raise
    finally:
        os.close(descriptor)
