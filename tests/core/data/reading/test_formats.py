"""Workbooks, Parquet, JSON and zipped tables: the same strings as a CSV file of the same rows, and plain refusals."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas
import pyarrow
import pyarrow.parquet
import pytest

from core.base.errors import DataError
from core.data.reading import parsing
from core.data.reading.formats.base import as_string
from core.data.reading.tables import detect_format, parts_of, read_table, scan_table, table_pieces

TEXTS = ["很好吃，推荐", 'quotes " and\nlines', "<b>plain</b>"]


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refused(path: Path, read: Callable[[Path], object] = read_table) -> DataError:
    with pytest.raises(DataError) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (float("nan"), ""),
        (3.0, "3"),
        (0.25, "0.25"),
        (True, "true"),
        (7, "7"),
        (datetime.datetime(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04:00"),
        (["a", "很"], '["a", "很"]'),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_values_are_written_as_a_person_would(value: object, written: str) -> None:
    assert as_string(value) == written


def test_a_sheet_is_read_with_numbers_and_dates_as_people_write_them(tmp_path: Path) -> None:
    rows = [
        ["text", "label", "date", "empty"],
        [TEXTS[0], 1, datetime.date(2026, 5, 4), None],
        [TEXTS[1], 0, datetime.date(2026, 5, 5), "x"],
    ]
    path = workbook(tmp_path / "book.csv", {"First": rows})  # the name says nothing
    form = detect_format(path)
    assert (form.kind, form.part, form.certain) == ("workbook", "First", True)
    table = read_table(path)
    assert table.columns.tolist() == ["text", "label", "date", "empty"]
    assert table["text"].tolist() == TEXTS[:2]
    assert table["label"].tolist() == ["1", "0"]
    assert table["date"].tolist() == ["2026-05-04", "2026-05-05"]
    assert table["empty"].tolist() == ["", "x"]


def test_another_sheet_may_be_chosen(tmp_path: Path) -> None:
    from dataclasses import replace

    path = workbook(tmp_path / "b.xlsx", {"Notes": [["nothing"]], "数据": [["text", "label"], ["a", "b"]]})
    form = detect_format(path)
    assert not form.certain
    assert parts_of(path) == ["Notes", "数据"]
    assert read_table(path, replace(form, part="数据"))["text"].tolist() == ["a"]
    with pytest.raises(DataError) as caught:
        read_table(path, replace(form, part="Other"))
    assert caught.value.message.key == "data.no_such_sheet"


def test_an_empty_sheet_is_said_to_be_empty(tmp_path: Path) -> None:
    assert refused(workbook(tmp_path / "b.xlsx", {"Blank": []})).message.key == "data.sheet_empty"


def test_workbooks_with_macros_are_refused_by_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "b.xlsm", {"A": [["text"], ["a"]]})
    assert refused(path).message.key == "data.macros"
    hidden = tmp_path / "b.xlsx"
    path.rename(hidden)
    with zipfile.ZipFile(hidden, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert refused(hidden).message.key == "data.macros"


def test_parquet_columns_of_any_type_become_strings(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {"text": [*TEXTS[:2], None], "label": [1, 0, None], "tags": [["a"], [], None], "share": [0.5, 2.0, None]}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    table = read_table(path)
    assert table["text"].tolist() == [*TEXTS[:2], ""]
    assert table["label"].tolist() == ["1", "0", ""]
    assert table["tags"].tolist() == ['["a"]', "[]", ""]
    assert table["share"].tolist() == ["0.5", "2", ""]


@pytest.mark.parametrize("array", [False, True])
def test_json_objects_are_rows_and_absent_keys_are_empty(tmp_path: Path, array: bool) -> None:
    rows: list[dict[str, object]] = [{"text": TEXTS[1], "label": 1}, {"text": TEXTS[0], "more": {"a": None}}]
    path = tmp_path / "t.txt"
    path.write_text(json.dumps(rows) if array else "\n\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    table = read_table(path)
    assert table.columns.tolist() == ["text", "label", "more"]
    assert table["text"].tolist() == [TEXTS[1], TEXTS[0]]
    assert table["label"].tolist() == ["1", ""]
    assert table["more"].tolist() == ["", '{"a": null}']


def test_a_broken_line_of_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "a"}\n{"text": \n', encoding="utf-8")
    error = refused(path)
    assert error.message.key == "data.format_damaged"
    assert "line 2" in str(error)


def test_json_rows_that_are_no_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "a"}\n["b"]\n', encoding="utf-8")
    assert refused(path).message.key == "data.json_no_object"


def test_a_csv_file_whose_text_begins_with_a_bracket_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("[text],{label}\n[a],b\n{c},d\n", encoding="utf-8")
    assert detect_format(path).kind == "text"


def test_one_table_in_a_zip_is_read_whatever_its_kind(tmp_path: Path) -> None:
    csv = "text,label\n" + "".join(f"text {row},{row % 2}\n" for row in range(30))
    inner = workbook(tmp_path / "b.xlsx", {"A": [["text", "label"], ["a", "b"]]}).read_bytes()
    mac = {"__MACOSX/._t.csv": b"x", "data/": b""}
    assert len(read_table(packed(tmp_path / "1.zip", {"data/t.csv": csv.encode("gbk"), **mac}))) == 30
    assert read_table(packed(tmp_path / "2.zip", {"b.xlsx": inner}))["text"].tolist() == ["a"]
    assert detect_format(tmp_path / "2.zip").kind == "workbook"


def test_zipped_text_is_read_in_pieces_too(tmp_path: Path) -> None:
    csv = "text,label\n" + "".join(f"text {row},{row % 2}\n" for row in range(30))
    path = packed(tmp_path / "t.zip", {"t.csv": csv.encode()})
    scan = scan_table(path)
    assert (scan.rows, scan.names) == (30, ["text", "label"])
    pieces = list(table_pieces(scan, 8, skip=5))
    assert [len(piece) for piece in pieces] == [8, 8, 8, 1]
    assert pandas.concat(pieces)["text"].tolist() == [f"text {row}" for row in range(5, 30)]


def test_other_formats_are_read_in_pieces_too(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(json.dumps({"text": str(row)}) for row in range(10)), encoding="utf-8")
    scan = scan_table(path)
    assert (scan.rows, scan.names) == (10, ["text"])
    assert [piece["text"].tolist() for piece in table_pieces(scan, 4, skip=3)] == [list("3456"), list("789")]


def test_compressed_json_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "a", "label": "b"}\n'))
    assert read_table(path)["label"].tolist() == ["b"]


NESTED = io.BytesIO()
with zipfile.ZipFile(NESTED, "w") as _inner:
    _inner.writestr("t.csv", "text,label\na,b\n")


@pytest.mark.parametrize(
    ("members", "key"),
    [
        ({"a.csv": b"x", "b.csv": b"y"}, "data.zip_members"),
        ({}, "data.zip_empty"),
        ({"notes/": b""}, "data.zip_members"),
        ({"../a.csv": b"text,label\na,b\n"}, "data.zip_path"),
        ({"/etc/a.csv": b"text,label\na,b\n"}, "data.zip_path"),
        ({"model.pkl": b"x"}, "data.zip_program"),
        ({"setup.exe": b"x"}, "data.zip_program"),
        ({"inner.zip": NESTED.getvalue()}, "data.zip_archive"),
        ({"inner.csv": NESTED.getvalue()}, "data.zip_archive"),
        ({"t.csv": b""}, "data.file_empty"),
    ],
)
def test_zips_that_may_do_harm_or_hold_no_single_table_are_refused(
    tmp_path: Path, members: dict[str, bytes], key: str
) -> None:
    assert refused(packed(tmp_path / "t.zip", members)).message.key == key


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.reading.formats.zipped.UNPACKED_LIMIT", 1000)
    path = packed(tmp_path / "t.zip", {"t.csv": bytes(2000)})
    assert refused(path, parsing.read_table).message.key == "data.zip_too_large"
