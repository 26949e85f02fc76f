"""A zip file that holds one table, and nothing that could do harm."""

from __future__ import annotations

import errno
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from core.base.errors import DataError
from core.base.files import scratch
from core.data.reading.formats.base import BROKEN_ZIP, unreadable
from core.data.reading.formats.workbook import ZIP, is_workbook

UNPACKED_LIMIT = 2 * 1024**3  # bytes: a few kilobytes can unpack to terabytes
_NAME_BYTES = 120  # of a name; file systems allow 255
_ARCHIVES = {".zip", ".gz", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst"}
_HARMFUL = {
    ".pkl",
    ".pickle",
    ".joblib",
    ".npy",
    ".npz",
    ".pt",
    ".pth",
    ".exe",
    ".dll",
    ".so",
    ".sh",
    ".bat",
    ".js",
    ".py",
}


def is_zip(path: Path, head: bytes) -> bool:
    """Whether a file is a plain zip: neither a workbook nor anything else that is packed in this way."""
    return head.startswith(ZIP) and zipfile.is_zipfile(path)


@contextmanager
def inside(path: Path) -> Iterator[Path]:
    """The only table in a zip file, unpacked for as long as the block runs.

    Raises
    ------
    DataError
        When it holds no file or several, a path that leads elsewhere, another archive, a program or pickle, a password, or
        more than `UNPACKED_LIMIT`.
    """
    with scratch() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                member = _only_member(path, archive)
                target = folder / _short_name(member.filename)
                with archive.open(member) as source, target.open("wb") as unpacked:
                    shutil.copyfileobj(source, unpacked, 1 << 20)
            if zipfile.is_zipfile(target) and not is_workbook(target):
                raise _nested(path, member)
        except BROKEN_ZIP as error:
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):  # the disk is to blame, not the file
                raise
            raise unreadable(path, "ZIP", error) from None
        yield target


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not _is_folder(member) and not _is_clutter(member.filename)]
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if not parts or not member.filename.isprintable():
            raise DataError(
                "data.zip_name",
                "'{file}' is not opened: a file in it has no name, or a name with signs that cannot be shown ({member}). Unpack "
                "it yourself and upload the table.",
                file=path.name,
                member=ascii(member.filename[:60]),
            )
        if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise DataError(
                "data.zip_path",
                "'{file}' is not opened: the path '{member}' in it leads out of the zip file. Unpack it yourself and upload the "
                "table.",
                file=path.name,
                member=member.filename,
            )
    if len(members) != 1:
        raise DataError(
            "data.zip_members",
            "'{file}' holds {count} files, and one table is expected: {names}. Zip the one with the table alone.",
            file=path.name,
            count=len(members),
            names=[member.filename for member in members[:10]],
        )
    _check_member(path, members[0])
    return members[0]


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    facts = {"file": path.name, "member": member.filename}
    ending = PurePosixPath(member.filename).suffix.lower()
    if ending in _ARCHIVES:
        raise _nested(path, member)
    if ending in _HARMFUL:
        raise DataError(
            "data.zip_program",
            "'{member}' in '{file}' is not opened: files of this kind can hold programs. Expected a table, such as CSV, JSON "
            "Lines, Parquet or a workbook.",
            **facts,
        )
    if member.flag_bits & 1:
        raise DataError(
            "data.zip_locked",
            "'{member}' in '{file}' is protected by a password. Zip the table without one.",
            **facts,
        )
    if member.file_size > UNPACKED_LIMIT:
        raise DataError(
            "data.zip_too_large",
            "'{member}' in '{file}' unpacks to more than {limit:.0f} GB. Upload a part of the table.",
            limit=UNPACKED_LIMIT / 1024**3,
            **facts,
        )


def _is_folder(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a folder; one without any name is not."""
    return bool(member.filename) and member.is_dir()


def _short_name(name: str) -> str:
    """The last part of a name, no longer than any file system takes."""
    last = PurePosixPath(name).name
    ending = PurePosixPath(name).suffix.encode()[:20].decode("utf-8", "ignore")
    return last if len(last.encode()) <= _NAME_BYTES else last.encode()[:_NAME_BYTES].decode("utf-8", "ignore") + ending


def _is_clutter(name: str) -> bool:
    """What systems put beside files."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in (".DS_Store", "Thumbs.db", "desktop.ini")


def _nested(path: Path, member: zipfile.ZipInfo) -> DataError:
    return DataError(
        "data.zip_archive",
        "'{member}' in '{file}' is an archive in an archive, and is not opened. Zip the table itself.",
        file=path.name,
        member=member.filename,
    )
