"""Broken input gives a sentence that names the problem and the cure, never a trace."""

import gzip
import io
import zipfile

import numpy as np
import pandas
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles, guess_roles
from core.data.dataset.rows import build_dataset
from core.data.dataset.splitting import split_rows
from core.data.reading import parsing, source
from core.data.reading.tables import TableFormat, detect_format, read_table

GOOD = "text,label\n" + "".join(f"text number {row},{'yes' if row % 2 else 'no'}\n" for row in range(40))


def zipped(inside):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(inside, "content")
    return buffer.getvalue()


FILES = {
    "nothing": (b"", "data.file_empty", "empty"),
    "only white space": (b" \n\r\n\t\n", "data.file_empty", "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "data.file_empty", "empty"),
    "only a header": (b"text,label\n", "data.only_header", "text, label"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "data.binary", "not text"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "data.binary_kind", "PNG"),
    "parquet": (b"PAR1" + bytes(100), "data.format_damaged", "Parquet"),
    "damaged zip": (b"PK\x03\x04" + bytes(100), "data.zip_damaged", "ZIP"),
    "broken workbook": (zipped("xl/workbook.xml"), "data.format_damaged", "Excel"),
    "broken old workbook": (b"\xd0\xcf\x11\xe0" + bytes(100), "data.format_damaged", "Excel"),
    "gzip in gzip": (gzip.compress(gzip.compress(GOOD.encode())), "data.archive", "gzip"),
    "damaged gzip": (gzip.compress(GOOD.encode() * 50)[:-40], "data.gzip_damaged", "damaged"),
    "rubbish after a gzip mark": (b"\x1f\x8b" + b"rubbish" * 20, "data.gzip_damaged", "damaged"),
    "huge cell": (f"text,label\n{'a' * 10_000_000},yes\nb,no\n".encode(), "data.cell_too_long", "10,000,000"),
    "mostly ragged": (b"text,label\na,b,c\nd,e,f,g\nh,i,j\nk,yes\n", "data.ragged", "3 of 4"),
    "open quote": (b'text,label\n"a, b,yes\nc,no\nd, e, f\n', "data.quote_open", "line 2"),
    "zero characters": (GOOD.encode().replace(b"number 7", b"number\0 7"), "data.zero_character", "Line 9"),
    "same names": (b"text,label,label\na,1,2\nb,2,1\n", "data.duplicate_columns", "label"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_broken_file_gives_a_message(tmp_path, case):
    content, key, part = FILES[case]
    path = tmp_path / "upload.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.message.key == key
    assert part in str(caught.value)


CHOSEN = {
    "wrong encoding": (GOOD.encode("utf-8") + "很好".encode() + b",yes\n", ("big5", ","), "data.wrong_encoding"),
    "utf-16 for utf-8": (GOOD.encode() + b"x", ("utf-16", ","), "data.wrong_encoding"),
    "wrong delimiter": (GOOD.encode(), ("utf-8", ";"), "data.wrong_delimiter"),
    "unknown encoding": (GOOD.encode(), ("utf-7", ","), "data.encoding_unknown"),
    "unknown delimiter": (GOOD.encode(), ("utf-8", '"'), "data.delimiter_unknown"),
    "wrong delimiter of several signs": (GOOD.encode(), ("utf-8", "::"), "data.wrong_delimiter"),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_a_wrong_choice_of_format_gives_a_message(tmp_path, case):
    content, (encoding, delimiter), key = CHOSEN[case]
    path = tmp_path / "upload.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_table(path, TableFormat(encoding, delimiter, True, False, True))
    assert caught.value.message.key == key


def test_absent_files_and_folders_give_a_message(tmp_path):
    for path, key in ((tmp_path / "absent.csv", "data.file_missing"), (tmp_path, "data.is_folder")):
        with pytest.raises(DataError) as caught:
            read_table(path)
        assert caught.value.message.key == key


def test_a_gzip_bomb_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "UNPACKED_LIMIT", 100_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"text,label\n" + b"a,b\n" * 100_000))
    with pytest.raises(DataError, match="unpacks to more than"):
        parsing.detect_format(path)


def test_a_file_over_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "FILE_LIMIT", 10)
    path = tmp_path / "large.csv"
    path.write_text(GOOD)
    with pytest.raises(DataError) as caught:
        detect_format(path)
    assert caught.value.message.key == "data.file_too_large"
    assert "Compress it with gzip" in str(caught.value)


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x1f\x8b\x08", b"PAR1"])
def test_what_is_packed_already_is_not_told_to_be_packed(tmp_path, monkeypatch, start):
    monkeypatch.setattr(source, "FILE_LIMIT", 10)
    path = tmp_path / "large.zip"
    path.write_bytes(start + b"x" * 20)
    with pytest.raises(DataError) as caught:
        detect_format(path)
    assert caught.value.message.key == "data.packed_too_large"
    assert "gzip" not in str(caught.value)


TABLES = {
    "no such column": (
        {"text": ["a", "b"], "category": ["1", "2"]},
        ("text", "label"),
        "data.column_missing",
        "text, category",
    ),
    "no label column": ({"text": ["a", "b"], "other": ["1", "2"]}, ("text", None), "data.no_label", "text, other"),
    "one column": ({"text": ["a", "b"]}, ("text", None), "data.one_column", "'text'"),
    "text is label": ({"text": ["a", "b"], "label": ["1", "2"]}, ("text", "text"), "data.column_twice", "2 roles"),
    "one label": ({"text": ["a", "b"], "label": ["1", "1"]}, ("text", "label"), "data.one_label", "'1'"),
    "no texts": ({"text": ["", " "], "label": ["1", "2"]}, ("text", "label"), "data.column_empty", "'text'"),
    "no labels": ({"text": ["a", "b"], "label": ["", " "]}, ("text", "label"), "data.column_empty", "'label'"),
    "no complete row": (
        {"text": ["a", ""], "label": ["", "2"]},
        ("text", "label"),
        "data.no_complete_row",
        "None of the 2",
    ),
    "a label per row": (
        {"text": [f"text {row}" for row in range(6000)], "label": [str(row) for row in range(6000)]},
        ("text", "label"),
        "data.label_per_row",
        "6,000 different labels for 6,000 rows",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_learned_from_gives_a_message(case):
    columns, (text, label), key, part = TABLES[case]
    with pytest.raises(DataError) as caught:
        build_dataset(pandas.DataFrame(columns), ColumnRoles(text, label))
    assert caught.value.message.key == key
    assert part in str(caught.value)


def test_unknown_values_in_a_split_column_are_named():
    table = pandas.DataFrame({"text": ["a", "b", "c"], "label": ["1", "2", "1"], "split": ["train", "holdout", ""]})
    with pytest.raises(DataError, match='"", holdout'):
        build_dataset(table, ColumnRoles("text", "label", split="split"))


def test_too_few_rows_to_divide_give_a_message():
    table = pandas.DataFrame({"text": ["a", "b", "c", "d"], "label": ["1", "1", "1", "2"]})
    dataset, _ = build_dataset(table, ColumnRoles("text", "label"))
    with pytest.raises(DataError) as caught:
        split_rows(dataset)
    assert caught.value.message.key == "data.too_few_rows"


def test_messages_survive_the_braces_of_a_file(tmp_path):
    path = tmp_path / "braces.csv"
    path.write_text("{text},{label},{label}\na,b,c\nd,e,f\n")
    with pytest.raises(DataError, match=r"\{label\}"):
        read_table(path, TableFormat("utf-8", ",", True, False, True))
    assert guess_roles(read_table(path, TableFormat("utf-8", ",", False, False, True))).text
