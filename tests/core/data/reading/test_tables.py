"""Reading: encodings, delimiters, headers, quotes, and the rows that do not fit."""

import gzip
import os
from pathlib import Path

import pytest

from core.data.reading.tables import TableFormat, detect_format, read_table

ENGLISH = "text,label\nthe café was a little naïve,good\nI wouldn't go again,bad\n"
CHINESE = "文本,标签\n很快，好吃，味道足，量大,好评\n没有送水，送得太慢了,差评\n服务态度非常好,好评\n"
TRADITIONAL = "評論,標籤\n這家店的服務很好，東西也不錯,好評\n等了一個小時才送來，非常不滿意,差評\n"
DATA = Path(os.environ.get("EVERGREEN_DATA") or Path(__file__).resolve().parents[5] / "shared" / "data")


def written(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(table):
    return table.to_numpy().tolist()


@pytest.mark.parametrize(
    ("text", "codec", "encoding", "certain"),
    [
        (ENGLISH, "utf-8", "utf-8", True),
        (ENGLISH, "utf-8-sig", "utf-8", True),
        (CHINESE, "gb18030", "gb18030", False),
        (TRADITIONAL, "big5", "big5", False),
        (CHINESE, "utf-16", "utf-16", True),
        (CHINESE, "utf-16-le", "utf-16-le", False),
        (ENGLISH, "utf-16-be", "utf-16-be", False),
        (ENGLISH, "latin-1", "latin-1", False),
    ],
)
def test_each_encoding_is_found_and_read(tmp_path, text, codec, encoding, certain):
    path = written(tmp_path, text.encode(codec))
    form = detect_format(path)
    assert (form.encoding, form.delimiter, form.header, form.certain) == (encoding, ",", True, certain)
    table = read_table(path)
    assert ",".join(table.columns) == text.split("\n")[0]
    assert cells(table) == [line.split(",") for line in text.split("\n")[1:-1]]


def test_accented_letters_that_decode_as_gb18030_are_latin1(tmp_path):
    row = "un déjeuner très agréable,bon\n"
    row.encode("latin-1").decode("gb18030")  # the trap: no error
    assert detect_format(written(tmp_path, ("text,label\n" + row * 5).encode("latin-1"))).encoding == "latin-1"


@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_a_character_across_a_chunk_border_does_not_change_the_verdict(tmp_path, codec):
    for shift in range(4):
        filler = "a" * (2**20 - 30 + shift)
        path = written(tmp_path, f"text,label\n{filler},好评\n{'很好吃，味道不错' * 5},差评\n".encode(codec))
        assert detect_format(path).encoding == codec


def test_a_rare_character_at_the_very_end_counts(tmp_path):
    path = written(tmp_path, ("text,label\n" + "a fine film,good\n" * 70_000 + "café,good\n").encode("latin-1"))
    assert detect_format(path).encoding == "latin-1"
    assert read_table(path)["text"].iloc[-1] == "café"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_each_delimiter_is_found(tmp_path, delimiter):
    rows = [["text", "label"], ["good, fine; really", "yes"], ["bad", "no"], ["so, so", "no"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    path = written(tmp_path, text)
    assert detect_format(path) == TableFormat("utf-8", delimiter, True, False, True)
    assert cells(read_table(path)) == rows[1:]


def test_label_space_text_gives_two_columns_and_nel_does_not_split_rows(tmp_path):
    rows = [
        "0 a small gem \x85 and more .",
        "1 color , musical bounce",
        "0 it is caf\xe9 time , really",
        "1 just , enough , science",
    ]
    path = written(tmp_path, "\n".join(rows).encode("latin-1"), "subj.txt")
    assert detect_format(path) == TableFormat("windows-1252", " ", False, False, False)
    table = read_table(path, TableFormat("latin-1", " ", False, False, True))
    assert list(table.columns) == ["column 1", "column 2"]
    assert cells(table) == [row.split(" ", 1) for row in rows]


def test_a_table_without_header_keeps_its_first_row(tmp_path):
    path = written(
        tmp_path, "江疏影甜甜圈自拍\tnews_fun\n以色列空袭开始\tnews_war\n篮球场那么大\tnews_fun\n", "headlines.tsv"
    )
    table = read_table(path)
    assert list(table.columns) == ["column 1", "column 2"]
    assert len(table) == 3


def test_padded_and_unnamed_headers(tmp_path):
    table = read_table(written(tmp_path, " label ; review ;\n好评;很快;1\n差评;很慢;2\n"))
    assert list(table.columns) == ["label", "review", "column 3"]


def test_byte_order_marks_inside_fields_go_also_before_a_quote(tmp_path):
    table = read_table(written(tmp_path, 'cat,label,review\n书籍,1,\ufeff做父母\n水果,0,\ufeff"不甜, 不好"\n'))
    assert table["review"].tolist() == ["做父母", "不甜, 不好"]


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(tmp_path):
    table = read_table(written(tmp_path, 'text,label\r\n"one, ""two""\r\nthree",good\r\nfour,bad\r\n'))
    assert cells(table) == [['one, "two"\r\nthree', "good"], ["four", "bad"]]


def test_line_ends_of_old_macintoshes(tmp_path):
    assert cells(read_table(written(tmp_path, "text,label\rone,good\rtwo,bad\r"))) == [["one", "good"], ["two", "bad"]]


def test_quotes_that_belong_to_the_text_stay(tmp_path):
    rows = [
        '"操纵股票被罚"主持人：认错\tfinance',
        '爱因斯坦说："战争"\tculture',
        '"引号没有闭合\tculture',
        "普通标题\tfinance",
    ]
    table = read_table(written(tmp_path, "\n".join(rows)))
    assert cells(table) == [row.split("\t") for row in rows]


def test_missing_values_stay_empty_and_words_like_null_stay_words(tmp_path):
    assert cells(read_table(written(tmp_path, "text,label\nNA,null\n,1\n007,\n"))) == [
        ["NA", "null"],
        ["", "1"],
        ["007", ""],
    ]


def test_gzip_is_known_by_its_content(tmp_path):
    path = written(tmp_path, gzip.compress(CHINESE.encode("gb18030")), "table.csv")
    form = detect_format(path)
    assert (form.compressed, form.encoding) == (True, "gb18030")
    assert len(read_table(path, form)) == 3


def test_ragged_rows_are_set_aside_and_listed(tmp_path):
    path = written(tmp_path, "text,label\na,1\nb, c,1\n\nd,2\ne\nf,1\ng,2\n")
    table = read_table(path)
    assert table["text"].tolist() == ["a", "d", "f", "g"]
    assert table.attrs["skipped"] == [
        {"row": 1, "line": 3, "found": 3, "expected": 2},
        {"row": 3, "line": 6, "found": 1, "expected": 2},
    ]


def test_a_delimiter_at_the_end_of_each_row_is_no_field(tmp_path):
    table = read_table(written(tmp_path, "text,label\na,1,\nb,2,\n"))
    assert cells(table) == [["a", "1"], ["b", "2"]]
    assert table.attrs["skipped"] == []


def test_one_column_of_texts_can_be_read(tmp_path):
    path = written(tmp_path, "I liked it, mostly\nnot at all\nwell, no, never, ever\nfine\n")
    table = read_table(path)
    assert table.shape == (4, 1)
    assert not detect_format(path).certain


def test_a_chosen_format_overrides_the_guess(tmp_path):
    path = written(tmp_path, "text,label\ngood,1\nbad,0\n")
    table = read_table(path, TableFormat("utf-8", ",", False, False, True))
    assert cells(table)[0] == ["text", "label"]


def test_many_rows_come_in_order(tmp_path):
    path = written(tmp_path, "text,label\n" + "".join(f"text {row},{row % 2}\n" for row in range(120_001)))
    table = read_table(path)
    assert table["text"].tolist() == [f"text {row}" for row in range(120_001)]


RAW = {
    "headlines_no_header.tsv": (None, None, 5197),
    "shopping_bom_inside.csv": (None, None, 3499),
    "subj.latin1.txt": ("en/subjectivity.csv", ("column 2", "text"), 10_000),
    "takeaway_20_rows_gbk.csv": ("zh/takeaway.csv", ("review", "text"), 20),
    "takeaway_gb18030_semicolon.csv": ("zh/takeaway.csv", ("review", "text"), 3000),
    "takeaway_utf16.tsv": ("zh/takeaway.csv", ("review", "text"), 2000),
}


def as_windows_1252(text):
    """A text that was read as Latin-1, with the dashes, quotes and dots that its bytes 80 to 9F are in Windows-1252."""
    return "".join(sign.encode("latin-1").decode("windows-1252") if "\x80" <= sign <= "\x9f" else sign for sign in text)


@pytest.mark.skipif(not (DATA / "raw").is_dir(), reason=f"the real files are not there: {DATA / 'raw'}")
@pytest.mark.parametrize("name", RAW)
def test_real_files_load_with_the_right_text(name):
    original, columns, rows = RAW[name]
    table = read_table(DATA / "raw" / name)
    assert len(table) == rows
    assert table.attrs["skipped"] == []
    assert not any("\ufeff" in cell or "\ufffd" in cell for row in cells(table) for cell in row)
    if original is None:
        lines = (DATA / "raw" / name).read_text(encoding="utf-8").replace("\ufeff", "")
        assert all(cell.replace('"', '""') in lines or cell in lines for row in cells(table) for cell in row)
    else:
        expected = {as_windows_1252(text).strip(" …") for text in read_table(DATA / original)[columns[1]]}
        assert {text.strip(" …") for text in table[columns[0]]} <= expected
