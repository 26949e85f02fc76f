"""Files are read in a process of their own: the same answers, and no file harms the process that asks."""

from __future__ import annotations

import errno
import gzip
import io
import json
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas
import pytest

from core.base.errors import CoreError, DataError
from core.data.dataset.columns import ColumnRoles
from core.data.loading.load import load_dataset
from core.data.reading import parsing, source
from core.data.reading.isolation import pool, wire, worker
from core.data.reading.isolation.limits import MEMORY, Limits
from core.data.reading.row_lines import FILE, lines_of
from core.data.reading.tables import detect_format, parts_of, read_table, scan_table, table_pieces

ROOT = Path(__file__).resolve().parents[4]
SEEDS = sorted((ROOT / "tests" / "fuzz" / "seeds" / "tables").iterdir())
ROWS = [
    (f"the soup was {('cold', 'warm')[number % 2]} on day {number}", ("bad", "good")[number % 2])
    for number in range(12)
]


@pytest.fixture
def _nobody_waits() -> None:
    """The next file is read by a process that starts now."""
    pool._end_all()


def workbook(path: Path, rows: list[tuple[object, ...]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def outcome(read: Callable[[Path], Any], path: Path) -> Any:
    """What a reader says, or how it refuses."""
    try:
        return read(path)
    except CoreError as error:
        return type(error), error.message


def shown(answer: Any) -> Any:
    if isinstance(answer, pandas.DataFrame):
        return answer.to_dict("list"), [str(kind) for kind in answer.dtypes], json.loads(json.dumps(answer.attrs))
    return answer


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_the_other_process_gives_the_same_answers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SMALL_TEXT", 0)
    for here, there in ((parsing.detect_format, detect_format), (parsing.parts_of, parts_of)):
        assert outcome(there, path) == outcome(here, path)
    assert shown(outcome(read_table, path)) == shown(outcome(parsing.read_table, path))
    scan = outcome(scan_table, path)
    assert shown(scan) == shown(outcome(parsing.scan_table, path))
    if not isinstance(scan, tuple):
        pieces = [list(read(scan, 5, 2)) for read in (table_pieces, parsing.table_pieces)]
        assert [shown(piece)[0] for piece in pieces[0]] == [shown(piece)[0] for piece in pieces[1]]


def test_what_was_left_out_and_noted_survives_the_way(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [("Feedback of May", None), ("text", "label"), *ROWS, ("text", "label")]
    path = workbook(tmp_path / "t.xlsx", rows)
    loaded = load_dataset(path, ColumnRoles(text="text", label="label"))
    assert len(loaded.dataset.texts) == 12
    assert [part.reason for part in loaded.left_out] == ["header_again"]
    assert "data.note_titles" in [note.key for note in loaded.notes]
    assert loaded.form is not None
    assert loaded.form.skip_rows == 1


def test_lines_of_a_large_text_are_found_as_those_of_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,label\n" + "".join(f'"{text}\nagain",{label}\n' for text, label in ROWS))
    table = read_table(path)
    table.attrs[FILE] = str(path)
    here = lines_of(table, [3, 5])
    monkeypatch.setattr(source, "SMALL_TEXT", 0)
    assert lines_of(table, [3, 5]) == here == (8, 12)


@pytest.mark.usefixtures("_nobody_waits")
def test_small_texts_need_no_other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "COMMAND", ("/nowhere",))
    path = tmp_path / "t.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS))
    assert len(read_table(path, detect_format(path))) == 12


@pytest.mark.parametrize(
    "content",
    [
        b"PK\3\4",
        b"\x1f\x8b\x08",
        b"PAR1",
        b"\xd0\xcf\x11\xe0",
        b' \n{"a"',
        b"\xef\xbb\xbf[1]",
        b"<html>",
        b"\xff\xfe<\0",
        b"  ",
    ],
)
def test_what_can_stand_for_more_than_its_bytes_is_never_read_here(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert not source.is_small_text(path)


def limited(monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
    monkeypatch.setattr(Limits, "of", lambda path: Limits(**{"memory": MEMORY, "seconds": 60.0} | limits))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces the limit of memory")
def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        "".join(json.dumps({"text": f"{number} was fine", "label": "good"}) + "\n" for number in range(50_000))
    )
    with monkeypatch.context() as patch:
        limited(patch, memory=10 * 1024**2)
        with pytest.raises(DataError) as caught:
            read_table(path)
    assert caught.value.message.key == "data.reading_memory"
    assert caught.value.message.facts["limit"] == 10
    assert "10 MB" in str(caught.value)
    assert len(read_table(path)) == 50_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such timer; there the asking process waits longer")
def test_a_file_that_takes_too_long_is_refused_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "t.xlsx", [("text", "label"), *ROWS])
    with monkeypatch.context() as patch:
        limited(patch, seconds=0.0001)
        with pytest.raises(DataError) as caught:
            read_table(path)
    assert caught.value.message.key == "data.reading_time"
    assert len(read_table(path)) == 12


@pytest.mark.usefixtures("_nobody_waits")
def test_a_process_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "t.xlsx", [("text", "label"), *ROWS])
    monkeypatch.setattr(pool, "COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(pool, "START_SECONDS", 0.1)
    limited(monkeypatch, seconds=0.1)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.message.key == "data.reading_time"


@pytest.mark.usefixtures("_nobody_waits")
@pytest.mark.parametrize(
    ("end", "key", "reason"),
    [
        ("os.kill(os.getpid(), 11)", "data.reading_broke_off", "SIGSEGV"),
        ("", "data.reading_broke_off", "exit code 0"),
        ("os.abort()", "data.reading_memory", "1,024 MB"),
        ("os.kill(os.getpid(), 9)", "data.reading_memory", "1,024 MB"),
    ],
)
def test_a_process_that_dies_over_a_file_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, key: str, reason: str
) -> None:
    path = workbook(tmp_path / "t.xlsx", [("text", "label"), *ROWS])
    with monkeypatch.context() as patch:
        patch.setattr(pool, "COMMAND", (sys.executable, "-c", f"import os; input(); {end}"))
        with pytest.raises(DataError) as caught:
            read_table(path)
    assert caught.value.message.key == key
    assert reason in str(caught.value)
    assert len(read_table(path)) == 12


def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> Any:
    """What comes of a reader that fails in this way."""

    def fail(path: Path) -> None:
        raise failure

    monkeypatch.setattr(tempfile, "tempdir", None)  # the worker sets it
    monkeypatch.setattr(parsing, "parts_of", fail)
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK")
    wire.write(tmp_path, wire.QUESTION, {"ask": "parts", "path": str(path), "memory": MEMORY, "seconds": 60.0})
    worker.answer(tmp_path)
    return pool._value(tmp_path, path, Limits.of(path), None)


def test_a_full_disk_is_still_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError) as caught:
        asked(tmp_path, monkeypatch, OSError(errno.ENOSPC, "No space left on device", "/tmp/x"))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/tmp/x")


class Panic(BaseException):
    """As readers written in Rust raise it."""


@pytest.mark.parametrize("failure", [Panic("capacity overflow"), AssertionError("capacity overflow")])
def test_a_reader_that_fails_unforeseen_is_a_sentence_and_a_trace_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: BaseException
) -> None:
    with pytest.raises(DataError) as caught:
        asked(tmp_path, monkeypatch, failure)
    assert caught.value.message.key == "data.reading_broke_off"
    assert "capacity overflow" in str(caught.value)
    assert "Traceback" in caplog.text


def test_several_files_are_read_at_the_same_time(tmp_path: Path) -> None:
    paths = [workbook(tmp_path / f"{number}.xlsx", [("text", "label"), *ROWS[: number + 2]]) for number in range(6)]
    lengths: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda number, path: lengths.update({number: len(read_table(path))}), args=item)
        for item in enumerate(paths)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == {number: number + 2 for number in range(6)}


def test_what_is_unpacked_goes_with_the_process_that_unpacked_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("t.csv", "text,label\n" + "a,b\n" * 1000)
    path = tmp_path / "t.zip"
    path.write_bytes(content.getvalue())
    limited(monkeypatch, seconds=0.0001)
    with pytest.raises(DataError):
        read_table(path)
    assert list(temporary.iterdir()) == []


def test_limits_grow_with_the_file_and_end_at_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(bytes(1024**2))
    limits = Limits.of(path)
    assert (limits.memory, limits.seconds) == (MEMORY + 40 * 1024**2, 62.0)


def test_the_process_that_reads_loads_no_learning(tmp_path: Path) -> None:
    code = "import sys, core.data.reading.isolation.worker; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "onnxruntime", "mlflow", "streamlit", "sklearn", "transformers"} & set(loaded)


NESTED = {
    "lists": b"[" * 20_000,
    "closed lists": b"[" * 20_000 + b"]" * 20_000,
    "objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "lines": (b'{"text": ' + b"[" * 20_000 + b"]" * 20_000 + b"}\n") * 2,
    "markup": b"<html>" + b"<div>" * 20_000,
    "XML": b"<?xml version='1.0'?>" + b"<a>" * 20_000 + b"</a>" * 20_000,
}


@pytest.mark.parametrize("kind", NESTED)
def test_values_nested_beyond_all_measure_are_refused_with_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(NESTED[kind])
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert "recursion" not in str(caught.value)
    if kind not in ("markup", "XML"):
        assert caught.value.message.key == "data.nested"


@pytest.mark.parametrize(
    "content", ['[{"text": "good", "label": %s}]', '{"text": "good", "label": 1}\n{"text": "bad", "label": %s}\n']
)
def test_a_number_of_endless_digits_is_refused_with_a_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(content % ("9" * 100_000))
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.message.key == "data.endless_number"


def test_a_page_whose_cells_span_too_many_columns_is_told_their_limit(tmp_path: Path) -> None:
    path = tmp_path / "t.html"
    path.write_text("<html><table><tr>" + '<td colspan="100000">x</td>' * 50 + "</tr></table></html>")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.message.key == "data.too_many_columns"


def test_a_row_far_away_in_an_xml_workbook_is_told_the_limit_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.xml"
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    path.write_text(
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="s"><Table>'
        '<Row ss:Index="2000000"><Cell><Data>x</Data></Cell></Row></Table></Worksheet></Workbook>'
    )
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.message.key == "data.row_far_away"
    assert caught.value.message.facts["row"] == 2_000_000


@pytest.mark.parametrize("name", ["a,", "name,"])
def test_more_columns_than_a_spreadsheet_has_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(name * 300_000 + "\n" + "1," * 300_000 + "\n")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.message.key == "data.too_many_columns"
    assert caught.value.message.facts["limit"] == 16_384


def test_text_of_more_cells_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.reading.text.reader.TEXT_CELLS_LIMIT", 1_000_000)
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(b"text,label\n" + b"a,b\n" * 600_000))
    with pytest.raises(DataError) as caught:
        parsing.read_table(path)
    assert caught.value.message.key == "data.too_many_cells"


@pytest.mark.parametrize(
    ("reference", "rows"), [("XFD1048576", 1_048_576), ("InfinityB9", 9), ("A99999999", 99_999_999)]
)
def test_a_cell_far_away_is_refused_however_far_it_is(tmp_path: Path, reference: str, rows: int) -> None:
    path = tmp_path / "t.xlsx"
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c  r = "{reference}"><v>1</v></c></row>'
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b"<sheetData>", f"<sheetData>{cells}".encode())
                assert reference.encode() in content
            new.writestr(name, content)
    with pytest.raises(DataError) as caught:
        parsing.read_table(path)
    assert caught.value.message.key == "data.too_many_cells"
    assert caught.value.message.facts["rows"] == rows
