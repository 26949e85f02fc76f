from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.base.errors import DataError, StorageError
from core.data.reading.tables import read_table
from core.networks.standalone.predict import Answers
from core.serving.engines import files, predict_file, predict_table
from core.tasks import DEFAULT


class Lengths:
    """Stands in for a classifier: ``long`` with probability 0.9 from five characters on, else ``short`` with 0.75."""

    labels = ["short", "long"]
    task = DEFAULT

    def __init__(self, *_: Any) -> None:
        self.asked: list[str] = []

    def answer(self, texts: Sequence[str]) -> Answers:
        self.asked += texts
        values = np.array([[0.1, 0.9] if len(text) >= 5 else [0.75, 0.25] for text in texts], dtype=np.float32)
        lengths = np.array([len(text) for text in texts])
        return Answers(values, np.minimum(lengths, 30), lengths)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.serving.engines.files.load_version", Lengths)


def label(table: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return predict_table(Lengths(), table, "text", **options)  # type: ignore[arg-type]


def test_every_row_is_kept_in_order_with_its_other_columns() -> None:
    table = pd.DataFrame({"id": ["3", "1", "2"], "text": ["long one", "tiny", "another"]})
    found = label(table)
    assert found["id"].tolist() == ["3", "1", "2"]
    assert found["predicted"].tolist() == ["long", "short", "long"]
    assert found["probability"].tolist() == pytest.approx([0.9, 0.75, 0.9])
    assert found["p: short"].tolist() == pytest.approx([0.1, 0.75, 0.1])
    assert found["p: long"].tolist() == pytest.approx([0.9, 0.25, 0.9])


def test_a_row_without_text_gets_no_answer_and_is_not_asked() -> None:
    classifier = Lengths()
    found = predict_table(classifier, pd.DataFrame({"text": ["", "lengthy", " \t"]}), "text")  # type: ignore[arg-type]
    assert classifier.asked == ["lengthy"]
    assert found["predicted"].tolist() == ["", "long", ""]
    assert found["probability"].isna().tolist() == [True, False, True]
    assert found[["p: short", "p: long"]].isna().all(axis=1).tolist() == [True, False, True]


def test_with_a_threshold_every_row_is_answered_or_for_a_person() -> None:
    found = label(pd.DataFrame({"text": ["long one", "tiny", ""], "decision": ["a", "b", "c"]}), threshold=0.9)
    assert found["decision (2)"].tolist() == ["answered", "person", "person"]
    assert found["predicted"].tolist() == ["long", "short", ""]
    assert list(found.columns[2:5]) == ["predicted", "probability", "decision (2)"]


def test_texts_that_are_not_read_to_their_end_are_named() -> None:
    table = pd.DataFrame({"text": ["a" * 30, "很" * 31, "", "short"], "truncated": ["own"] * 4})
    found = label(table)
    assert found["truncated"].tolist() == ["own"] * 4
    assert found["truncated (2)"].tolist() == [False, True, False, False]


@pytest.mark.usefixtures("served")
def test_a_file_tells_how_many_texts_were_cut_also_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS", 2)
    source, target = tmp_path / "rows.csv", tmp_path / "out.csv"
    source.write_text("text\n" + "\n".join(["a" * 31, "b", "c" * 40, "d", "很" * 50]) + "\n", "utf-8")

    def stop(done: int, rows: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_file(tmp_path, source, "text", target, stop)
    done = predict_file(tmp_path, source, "text", target)
    assert (done.rows, done.resumed, done.truncated) == (5, 2, 3)
    assert read_table(target)["truncated"].tolist() == ["True", "False", "True", "False", "True"]


def test_a_table_without_rows_gets_the_columns() -> None:
    assert list(label(pd.DataFrame({"text": []})).columns) == [
        "text",
        "predicted",
        "probability",
        "truncated",
        "p: short",
        "p: long",
    ]


def test_a_column_of_the_same_name_is_not_overwritten() -> None:
    found = label(pd.DataFrame({"text": ["lengthy"], "predicted": ["mine"], "p: long": ["too"]}))
    assert found["predicted"].tolist() == ["mine"]
    assert found["predicted (2)"].tolist() == ["long"]
    assert found["p: long"].tolist() == ["too"]
    assert found["p: long (2)"].tolist() == pytest.approx([0.9])


def test_labelling_twice_keeps_both_answers() -> None:
    found = label(label(pd.DataFrame({"text": ["lengthy"]})))
    assert [name for name in found.columns if name.startswith("predicted")] == ["predicted", "predicted (2)"]


def test_the_table_that_came_in_is_not_changed() -> None:
    table = pd.DataFrame({"text": ["lengthy", ""]})
    before = table.copy()
    label(table)
    pd.testing.assert_frame_equal(table, before)


def test_progress_is_told_along_the_way_and_ends_at_one() -> None:
    seen: list[float] = []
    label(pd.DataFrame({"text": ["lengthy"] * 2560}), progress=seen.append)
    assert seen == [pytest.approx(0.4), pytest.approx(0.8), 1.0]


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with pytest.raises(DataError, match="no column 'review'") as raised:
        predict_table(Lengths(), pd.DataFrame({"text": ["a"], "id": ["1"]}), "review")  # type: ignore[arg-type]
    assert raised.value.message.facts["columns"] == ["text", "id"]


@pytest.mark.usefixtures("served")
def test_a_file_is_labelled_row_by_row(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes("编号,text\n1,很好很好很好\n2,好\n".encode("gb18030"))
    assert predict_file(tmp_path, source, "text", tmp_path / "out.csv").rows == 2
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    found = read_table(tmp_path / "out.csv")
    assert found["编号"].tolist() == ["1", "2"]
    assert found["predicted"].tolist() == ["long", "short"]


@pytest.mark.usefixtures("served")
def test_line_breaks_quotes_and_delimiters_inside_cells_survive(tmp_path: Path) -> None:
    cells = ["two\nlines", "windows\r\nlines", "old mac\rlines", 'a "quoted" word', "one, two; three", "tab\there"]
    source = tmp_path / "in.csv"
    table = pd.DataFrame({"text": cells, "id": [str(row) for row in range(len(cells))]})
    table.to_csv(source, index=False, lineterminator="\r\n")
    before = read_table(source)
    predict_file(tmp_path, source, "text", tmp_path / "out.csv")
    after = read_table(tmp_path / "out.csv")
    assert after["text"].tolist() == before["text"].tolist()
    assert after["id"].tolist() == before["id"].tolist()
    assert len(after) == len(cells)


@pytest.mark.usefixtures("served")
def test_no_cell_of_the_answer_is_a_formula_to_a_spreadsheet(tmp_path: Path) -> None:
    cells = ['=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3", "@SUM(A1)", "\tx", "fine = so"]
    table = pd.DataFrame({"text": cells, "=cmd": cells})
    table.to_csv(tmp_path / "in.csv", index=False, lineterminator="\r\n")
    predict_file(tmp_path, tmp_path / "in.csv", "text", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head[:2] == ["text", "'=cmd"]
    assert [row[0] for row in rows] == [row[1] for row in rows] == [*(f"'{cell}" for cell in cells[:-1]), cells[-1]]
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("target", ["no/such/folder/out.csv", "in.csv/out.csv"])
def test_a_target_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path, target: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text("text,id\nlengthy,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be written"):
        predict_file(tmp_path, source, "text", tmp_path / target)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["in.csv"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Eleven rows, one of them with a field too few."""
    rows = [f'{number},"text, {"x" * number}"' for number in range(10)]
    path = tmp_path / "in.csv"
    path.write_text("\n".join(["id,text", *rows[:4], "alone", *rows[4:]]) + "\n", encoding="utf-8")
    return path


@pytest.mark.usefixtures("served")
def test_a_file_labelled_in_pieces_reads_as_the_whole_table_labelled_at_once(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS", 3)
    seen: list[tuple[int, int]] = []
    found = predict_file(tmp_path, source, "text", tmp_path / "out.csv", lambda *done: seen.append(done))
    assert (found.rows, found.skipped, found.resumed) == (10, 1, 0)
    assert seen == [(0, 10), (3, 10), (6, 10), (9, 10), (10, 10)]
    expected = label(read_table(source)).to_csv(index=False, lineterminator="\r\n", encoding="utf-8")
    assert (tmp_path / "out.csv").read_bytes() == expected.encode("utf-8-sig")
    assert sorted(path.name for path in tmp_path.glob("*.part*")) == []


class Interrupted(Exception):
    """Stands in for a killed process."""


def stop_after(rows: int) -> Any:
    def progress(done: int, _: int) -> None:
        if done >= rows:
            raise Interrupted

    return progress


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("after", [0, 3, 6, 10])
def test_an_interrupted_run_goes_on_without_loss_or_duplicates(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(files, "ROWS", 3)
    predict_file(tmp_path, source, "text", tmp_path / "whole.csv")
    with pytest.raises(Interrupted):
        predict_file(tmp_path, source, "text", tmp_path / "out.csv", stop_after(after))
    with (tmp_path / "out.csv.part").open("ab") as part:
        part.write(b"7,half a ro")  # killed while it wrote
    assert not (tmp_path / "out.csv").exists()
    found = predict_file(tmp_path, source, "text", tmp_path / "out.csv")
    assert found.resumed == after
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("changed", ["source", "model", "column", "note"])
def test_what_was_labelled_of_something_else_is_begun_anew(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setattr(files, "ROWS", 3)
    with pytest.raises(Interrupted):
        predict_file(tmp_path, source, "text", tmp_path / "out.csv", stop_after(6))
    column = "text"
    if changed == "source":
        source.write_text(source.read_text("utf-8").replace("xxx", "yyy"), encoding="utf-8")
    elif changed == "model":
        (tmp_path / "model.onnx").write_bytes(b"another")
    elif changed == "column":
        column = "id"
    else:
        (tmp_path / "out.csv.part.json").write_text("{", encoding="utf-8")
    found = predict_file(tmp_path, source, column, tmp_path / "out.csv")
    assert found.resumed == 0
    assert len(read_table(tmp_path / "out.csv")) == 10


@pytest.mark.usefixtures("served")
def test_a_full_disk_keeps_what_is_done_for_another_try(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS", 3)

    def full(done: int, _: int) -> None:
        if done == 6:
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match=r"No space is left on the disk \(.*out\.csv\).*Make room"):
        predict_file(tmp_path, source, "text", tmp_path / "out.csv", full)
    assert predict_file(tmp_path, source, "text", tmp_path / "out.csv").resumed == 6


def test_a_target_of_lines_gets_an_object_a_row_and_goes_on_where_it_was(served: None, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.JSONL"
    source.write_text("id,text\n1,=long one\n2,\n3,短\n", encoding="utf-8")
    done = predict_file(tmp_path, source, "text", target)
    assert (done.rows, done.empty) == (3, 1)
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["1", "2", "3"]
    assert [line["predicted"] for line in lines] == ["long", "", "short"]
    assert lines[0]["text"] == "=long one"  # no spreadsheet reads it, so nothing is put before it
    assert [line["p: long"] for line in lines] == [0.9, None, 0.25]
    assert [line["truncated"] for line in lines] == [False, False, False]
