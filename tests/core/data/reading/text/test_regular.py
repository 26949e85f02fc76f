"""The fast reader gives what the exact one gives, or refuses."""

import random
from pathlib import Path

import pytest

from core.data.reading.tables import FormatCorrections, TableFormat, detect_format, read_table
from core.data.reading.text import reader
from core.data.reading.text.regular import read_regular

PIECES = (
    "a",
    "b c",
    "中文，",
    "",
    '"',
    '""',
    '"x"',
    '"y, z"',
    '"é\n2"',
    '"q""r"',
    ",",
    ",",
    "\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    ";",
    "\ufeff",
    "\0",
)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


def cells(path: Path, width: int = 2) -> list[list[str]] | None:
    columns = read_regular(path, ",", width)
    return None if columns is None else [column.to_pylist() for column in columns]


def test_quotes_delimiters_and_line_ends_inside_fields_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, '\ufefftext,label\r\n"one, ""two""\nthree",\r\n\r\n"",正\r\n'.encode())
    assert cells(path) == [["text", 'one, "two"\nthree', ""], ["label", "", "正"]]


@pytest.mark.parametrize(
    "content",
    [
        b'text,label\n"a"b,1\n',  # something behind a closing quotation mark
        b'text,label\na"b,1\n',  # a quotation mark inside a field without them
        b'text,label\n"a,1\n',  # one that never closes
        b"text,label\na\n",  # a short row
        b"text,label\na,1,2\n",  # a long row
        b"text,label\na\rb,1\n",  # an old line end, or a damaged cell
        b"text,label\na\0,1\n",
        b"\0text,label\na,1\n",
        b"\xef\xbb\xbf\xef\xbb\xbftext,label\na,1\n",
        b"text,label\na,\xef\xbb\xbf1\n",
        b"text,label\na,\xff\n",  # no UTF-8
        b"text,label\n   \na,1\n",  # a line of spaces
    ],
)
def test_a_file_that_leaves_doubt_is_refused(tmp_path: Path, content: bytes) -> None:
    assert cells(write(tmp_path, content)) is None


def test_the_ending_of_a_name_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(b"text,label\na,1\nb,2\n")
    assert cells(path) == [["text", "a", "b"], ["label", "1", "2"]]
    assert read_table(path)["text"].tolist() == ["a", "b"]


def test_a_quotation_mark_at_the_edge_of_a_stretch_is_judged_by_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = write(tmp_path, b'a,b\n"x""y",1\n"z",2\n'), b'a,b\n"x"y",1\n"z",2\n'
    for stretch in range(1, 12):
        monkeypatch.setattr("core.data.reading.text.regular._STRETCH", stretch)
        assert cells(good) == [["a", 'x"y', "z"], ["b", "1", "2"]]
    path = write(tmp_path, bad)
    for stretch in range(1, 12):
        monkeypatch.setattr("core.data.reading.text.regular._STRETCH", stretch)
        assert cells(path) is None


def test_it_never_differs_from_the_exact_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random files of tricky pieces, and regular ones with a tricky piece in between."""
    chance = random.Random(0)
    fast = 0
    for number in range(600):
        if number % 2:
            body = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 30)))
        else:
            rows = [f"{chance.choice(PIECES[:4] + PIECES[6:10])},{chance.randint(0, 1)}" for _ in range(8)]
            body = "\n".join(rows) + chance.choice(PIECES) + "\n"
        path = write(tmp_path, ("text,label\n" + body).encode())
        exact = outcome(path)
        with monkeypatch.context() as patch:
            patch.setattr(reader, "read_regular", lambda *_, **__: None)
            assert outcome(path) == exact, body
        fast += read_regular(path, ",", 2) is not None
    assert 100 < fast < 500  # both readers were at work


LINES = [
    '"a,b',
    'c",d',
    '"Dear all',
    'thanks",good',
    "e,f",
    '"g",h',
    '"i, ""j""',
    'k",l',
    "",
    "m",
    "text,label",
    "文本,标签",
    'good"',
]


def test_it_never_differs_where_marks_span_lines_or_headers_are_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random lines of which some pairs are one row, some two, and some doubtful; with and without rows above the header."""
    chance = random.Random(1)
    fast = 0
    for number in range(200):
        above = "A title\n" if number % 4 == 0 else ""
        body = [chance.choice(LINES if chance.random() < 0.5 else LINES[4:6]) for _ in range(chance.randint(4, 12))]
        path = write(tmp_path, (above + "text,label\n" + "\n".join(body) + "\n").encode())
        form = detect_format(path, FormatCorrections(delimiter=",", header=True, skip_rows=int(bool(above))))
        exact = outcome(path, form)
        with monkeypatch.context() as patch:
            patch.setattr(reader, "read_regular", lambda *_, **__: None)
            assert outcome(path, form) == exact, body
        fast += read_regular(path, ",", 2, leave_out=1 + bool(above)) is not None
    assert 5 < fast < 195


def outcome(path: Path, form: TableFormat | None = None) -> object:
    try:
        table = read_table(path, form)
    except Exception as error:  # the same error is as good as the same table
        return type(error), str(error)
    return list(table.columns), table.to_numpy().tolist(), table.attrs["skipped"]
