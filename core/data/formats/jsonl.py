"""JSON Lines (an object a line) and JSON arrays of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas

from core.data.formats.base import as_string, table_of, unreadable
from core.errors import DataError


class JsonLines:
    """Objects whose keys name the columns; a key that is absent leaves its cell empty."""

    name = "json"

    def fits(self, path: Path, head: bytes) -> bool:
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(b"["):
            return start[1:].lstrip()[:1] in (b"{", b"")
        return start.startswith(b"{") and start[1:].lstrip()[:1] in (b'"', b"}")

    def parts(self, path: Path) -> list[str]:
        return []

    def read(self, path: Path, part: str) -> pandas.DataFrame:
        names: dict[str, int] = {}
        rows: list[dict[str, str]] = []
        for number, one in self._objects(path):
            if not isinstance(one, dict):
                raise DataError(
                    "data.json_no_object",
                    "Row {row:,} of '{file}' is not an object like {example}. Expected one object a row, whose keys name the "
                    "columns.",
                    row=number,
                    file=path.name,
                    example='{"text": "…", "label": "…"}',
                )
            rows.append({str(key): as_string(value) for key, value in one.items()})
            names.update(dict.fromkeys(rows[-1], 0))
        if not names:
            raise DataError(
                "data.no_rows",
                "'{file}' holds no rows, only blank lines. Expected a table with a column of texts and a column of labels.",
                file=path.name,
            )
        return table_of(path, list(names), [[row.get(name, "") for row in rows] for name in names])

    def _objects(self, path: Path) -> Iterator[tuple[int, Any]]:
        """Values with their number, counted from 1."""
        try:
            content = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise unreadable(path, "JSON", f"byte {error.start:,} is no UTF-8") from None
        if content.lstrip().startswith("["):
            try:
                found = json.loads(content)
            except (ValueError, RecursionError) as error:
                raise unreadable(path, "JSON", error) from None
            yield from enumerate(found, 1)
            return
        number = 0
        for line, written in enumerate(content.split("\n"), 1):
            if not written.strip():
                continue
            number += 1
            try:
                yield number, json.loads(written)
            except (ValueError, RecursionError) as error:
                reason = str(error).partition(":")[0]
                raise unreadable(path, "JSON Lines", f"line {line:,}: {reason}") from None
