"""The record in a version's folder: whose version it is, and a checksum of each of its files; and what is damaged by it.

Versions of old have none; what they hold is believed. Knows nothing of what the files mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.base import files
from core.base.errors import CoreError, RegistryError

RECORD = "version.json"
# What answers a text is read from; the rest is for learning on and for looking at.
SERVING = ("tokenizer.json", "labels.json", "config.json", "calibration.json", "serving.json", "tokenizer.2.json")
MODELS = ("model.onnx", "model.int8.onnx", "model.fp16.onnx")
DAMAGED_KEYS = frozenset({"registry.file_damaged", "registry.file_unreadable", "registry.files_missing"})


def read_record(folder: Path) -> dict[str, Any]:
    """The record; empty where there is none, or it is damaged itself."""
    stored = files.read_object(folder / RECORD)
    return stored if isinstance(stored.get("files", {}), dict) else {}


def record_is_damaged(folder: Path) -> bool:
    """Whether there is a record that cannot be read, so that nobody knows what the files should be."""
    try:
        stored = files.read_json(folder / RECORD)
    except FileNotFoundError:
        return False  # a version of old
    except ValueError:
        return True
    return not (isinstance(stored, dict) and isinstance(stored.get("files", {}), dict))


def write_record(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write facts and the checksums of all files below the folder; returns the record."""
    record = {**facts, "files": {name: _stamp(folder / name) for name in names_in(folder)}}
    files.write_json(folder / RECORD, record, indent=1)
    return record


def add_facts(folder: Path, **facts: Any) -> None:
    """Put further facts into a record that is there, without looking at the files again; a damaged one stays as it is."""
    if record_is_damaged(folder):
        return
    record = read_record(folder)
    if any(record.get(name) != value for name, value in facts.items()):
        files.write_json(folder / RECORD, {**record, **facts}, indent=1)


def names_in(folder: Path) -> list[str]:
    """Names of all files below a folder but the record, sorted; hidden ones are nobody's business."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    names = (path.relative_to(folder) for path in paths)
    return sorted(name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(path: Path) -> dict[str, Any]:
    return {"sha256": digest_of(path), "bytes": path.stat().st_size}


def damaged(folder: Path, names: Sequence[str] | None = None) -> list[str]:
    """Those of the files that are not what was registered: gone, of another size, or of another content.

    A record that cannot be read comes first, and after it what is no JSON any more: nobody can say more of the rest.

    Parameters
    ----------
    names
        The only files to look at; by default all that the record knows.
    """
    if record_is_damaged(folder):
        return [RECORD, *(name for name in names_in(folder) if name.endswith(".json") and not _is_json(folder / name))]
    recorded = read_record(folder).get("files", {})
    wanted = recorded if names is None else [name for name in names if name in recorded]
    return [name for name in wanted if not _is_whole(folder / name, recorded[name])]


def _is_whole(path: Path, stamp: Mapping[str, Any]) -> bool:
    try:
        return bool(path.stat().st_size == stamp["bytes"] and digest_of(path) == stamp["sha256"])
    except (OSError, KeyError, TypeError, ValueError):
        return False


def check(folder: Path, names: Sequence[str] | None = None) -> None:
    """Raise `RegistryError` that names the first damaged file among these."""
    broken = damaged(folder, names)
    if broken:
        raise file_damaged(folder, broken[0])


def check_serving(folder: Path) -> None:
    """Raise `RegistryError` when a file that answers come from is damaged."""
    check(folder, (*SERVING, *MODELS))


@contextmanager
def reading(folder: Path, name: str | None = None) -> Iterator[None]:
    """While files of a version are read: when one is to blame for a failure, the error names it, its version and the cure.

    Parameters
    ----------
    name
        The file that is read; without it, whichever is damaged among those that answer.
    """
    try:
        yield
    except CoreError:
        raise
    except Exception as error:
        blamed = _blamed(folder, name, error)
        if blamed is None:
            raise
        raise file_damaged(folder, blamed) from error


def _blamed(folder: Path, name: str | None, error: Exception) -> str | None:
    """The file that an error comes from; None when the files are as they were registered."""
    names = [name] if name is not None else [*SERVING, *MODELS]
    if "files" in read_record(folder):
        return next(iter(damaged(folder, names)), None)
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and not isinstance(error, FileNotFoundError)):
        return None
    # A version of old: what is no JSON any more is damaged, and the rest is in the model.
    broken = (file for file in names if file.endswith(".json") and not _is_json(folder / file))
    return next(broken, name or MODELS[0])


def _is_json(path: Path) -> bool:
    try:
        files.read_json(path)
    except FileNotFoundError:
        return path.name not in ("tokenizer.json", "labels.json", "config.json")
    except (OSError, ValueError, RecursionError):
        return False
    return True


def file_damaged(folder: Path, name: str) -> RegistryError:
    """The error for a damaged file; it tells the folder where the record does not tell whose version it is."""
    record = read_record(folder)
    if "classifier" in record and record.get("number") is not None:
        return file_of_version_damaged(record["classifier"], record["number"], name)
    return RegistryError(
        "registry.file_unreadable",
        "The file {file} in {folder} is damaged or missing, so this version cannot be used. Roll back to another "
        "version, or put the file back from a copy of the workspace; 'python -m core repair' says what else is damaged, "
        "and mends what it can.",
        file=name,
        folder=str(folder),
    )


def file_of_version_damaged(classifier: str, number: int, name: str) -> RegistryError:
    """The error for a damaged file of a version."""
    return RegistryError(
        "registry.file_damaged",
        "The file {file} of version {number} of '{classifier}' is damaged or missing, so this version cannot be used. Roll "
        "back to another version, or put the file back from a copy of the workspace; 'python -m core repair' says what "
        "else is damaged, and mends what it can.",
        file=name,
        number=number,
        classifier=classifier,
    )


def named(error: RegistryError, classifier: str, number: int) -> RegistryError:
    """The same error, with the version's name in the place of a folder of this machine."""
    if error.message.key != "registry.file_unreadable":
        return error
    return file_of_version_damaged(classifier, number, error.message.facts["file"])


def is_damage(error: BaseException) -> bool:
    """Whether an error says that files of a version are damaged or gone."""
    return isinstance(error, RegistryError) and error.message.key in DAMAGED_KEYS
