"""Opens an uploaded file as bytes: plain or gzip, within limits, and refuses what is not text.

Knows nothing of encodings, delimiters or columns.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from core.base.errors import DataError

# Bytes of text that is read without a process of its own. The worst of it (lines of one character, each with a quotation mark
# that never closes) takes about a second and 50 MB; beyond it the other process costs some hundredths of a second.
SMALL_TEXT = 1 << 18
FILE_LIMIT = 200 * 1024**2  # bytes on disk, as the upload field allows
UNPACKED_LIMIT = 2 * 1024**3  # bytes after gzip: a few kilobytes can unpack to terabytes

_GZIP = b"\x1f\x8b"
_ARCHIVES = {
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "RAR",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    _GZIP: "gzip",
}
_OTHERS = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"SQLite format 3": "SQLite",
    b"\x93NUMPY": "NumPy",
    b"\x89HDF": "HDF5",
    b"\x7fELF": "ELF",
    b"ARROW1": "Arrow",
}
_PACKED = (b"PAR1", *_ARCHIVES)
_MARKS = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"  # bytes of byte order marks, and blanks
_DENSE = (
    b"{",
    b"[",
    b"<",
    b"PAR1",
    b"\xd0\xcf\x11\xe0",
    *_ARCHIVES,
)  # how files begin whose bytes can stand for very many


def check_file(path: Path) -> None:
    """Raise `DataError` unless ``path`` is a file with content, not larger than `FILE_LIMIT`."""
    if path.is_dir():
        raise DataError(
            "data.is_folder", "'{file}' is a folder, not a file. Choose a CSV, TSV or text file.", file=path.name
        )
    if not path.exists():
        raise DataError(
            "data.file_missing",
            "There is no file '{file}'. Check the name, or upload the file again.",
            file=str(path),
        )
    size = path.stat().st_size
    if size > FILE_LIMIT:
        raise _too_large(path, size)
    if size == 0:
        raise empty_file(path)


def _too_large(path: Path, size: int) -> DataError:
    """The error for a file beyond `FILE_LIMIT`; what is packed already gets no smaller by packing it again."""
    facts = {"file": path.name, "size": size / 1024**2, "limit": FILE_LIMIT / 1024**2}
    with open_plain(path) as stream:
        is_packed = stream.read(16).startswith(_PACKED)
    if is_packed:
        return DataError(
            "data.packed_too_large",
            "'{file}' is {size:.0f} MB large; the limit is {limit:.0f} MB. Unpack it or open it where it was made, and save the "
            "table in parts.",
            **facts,
        )
    return DataError(
        "data.file_too_large",
        "'{file}' is {size:.0f} MB large; the limit is {limit:.0f} MB. Compress it with gzip, or upload a part of it.",
        **facts,
    )


def empty_file(path: Path) -> DataError:
    """The error for a file without any content."""
    return DataError(
        "data.file_empty",
        "'{file}' is empty. Expected a table with a column of texts; a classifier also needs one of labels. "
        "Check that the file was saved or copied completely.",
        file=path.name,
    )


def is_compressed(path: Path) -> bool:
    """Whether the file starts as gzip does, whatever its name says."""
    with open_plain(path) as stream:
        return stream.read(2) == _GZIP


def is_small_text(path: Path) -> bool:
    """Whether a file has a few hundred kilobytes, each of which stands for itself: it begins as neither archive, workbook,
    Parquet, JSON nor markup does.
    """
    if path.stat().st_size > SMALL_TEXT:
        return False
    with open_plain(path) as stream:
        start = stream.read(512).lstrip(_MARKS)
    return bool(start) and not start.startswith(_DENSE)


def open_plain(path: Path) -> BinaryIO:
    """Open the file as it is on disk; `DataError` when the system refuses."""
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(
            "data.cannot_open",
            "'{file}' cannot be opened: {reason}. Check that it is a file and that it may be read.",
            file=path.name,
            reason=error.strerror or str(error),
        ) from None


def open_content(path: Path, compressed: bool) -> io.BufferedReader:
    """Open the file's content as bytes, unpacked when it is compressed.

    Reading raises `DataError` when the gzip stream is damaged or unpacks to more than `UNPACKED_LIMIT` bytes.
    """
    source = open_plain(path)
    return io.BufferedReader(_Unpacked(source, path.name) if compressed else source, 1 << 18)  # type: ignore[arg-type]


class _Unpacked(io.RawIOBase):
    """A gzip stream that counts what it unpacks."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        super().__init__()
        self._source = source
        self._unpacked = gzip.GzipFile(fileobj=source)
        self._name = name
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._unpacked.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise DataError(
                "data.gzip_damaged",
                "The compressed file '{file}' is damaged or incomplete: only its first {size:,} bytes could be "
                "unpacked. "
                "Compress or upload it again.",
                file=self._name,
                size=self._seen,
            ) from None
        self._seen += len(data)
        if self._seen > UNPACKED_LIMIT:
            raise DataError(
                "data.gzip_too_large",
                "The compressed file '{file}' unpacks to more than {limit:,.1f} MB. Upload a part of it.",
                file=self._name,
                limit=UNPACKED_LIMIT / 1024**2,
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()


def check_text(path: Path, head: bytes) -> None:
    """Raise `DataError` when the first bytes are those of an archive, a picture or another binary format."""
    kind = next((kind for start, kind in _ARCHIVES.items() if head.startswith(start)), None)
    if head[257:262] == b"ustar":
        kind = "tar"
    if kind == "ZIP" and not is_compressed(path):
        _check_zip(path, head)
    if kind is not None:
        raise DataError(
            "data.archive",
            "'{file}' is a {kind} archive, whatever its name says. Unpack it and upload the table inside "
            "(a single table compressed with gzip is fine).",
            file=path.name,
            kind=kind,
        )
    kind = next((kind for start, kind in _OTHERS.items() if head.startswith(start)), None)
    if kind is not None:
        raise DataError(
            "data.binary_kind",
            "'{file}' is a {kind} file, whatever its name says, and holds no readable table. Upload a CSV, TSV or "
            "text file.",
            file=path.name,
            kind=kind,
        )


def _check_zip(path: Path, head: bytes) -> None:
    """Raise `DataError` for a ZIP archive without files, and for one whose end is missing."""
    if head.startswith(b"PK\x05\x06"):
        raise DataError(
            "data.zip_empty", "'{file}' is a ZIP archive without any file in it. Zip the table itself.", file=path.name
        )
    if not zipfile.is_zipfile(path):
        raise DataError(
            "data.zip_damaged",
            "'{file}' begins like a ZIP archive or a workbook, but is cut off or damaged. Save, download or upload it again.",
            file=path.name,
        )


def binary_file(path: Path) -> DataError:
    """The error for bytes that are no text in any encoding."""
    return DataError(
        "data.binary",
        "'{file}' is not text: it holds control bytes that no text encoding has. Upload a table: CSV, TSV, Excel, Parquet, JSON "
        "or text.",
        file=path.name,
    )
