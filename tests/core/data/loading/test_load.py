"""From a file to a dataset, with what was left out on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.store import DatasetStore
from core.data.loading.load import (
    dataset_of,
    left_out_of_source,
    load_dataset,
    load_table,
    merged_labels,
    remarks_of,
    row_numbers,
)
from core.data.reading.notes import note_merged, note_replaced_cells, note_titles
from core.data.reading.tables import FormatCorrections

ROLES = ColumnRoles("text", "label")


@pytest.fixture
def ragged(tmp_path: Path) -> Path:
    rows = [f"text {row},{'good' if row % 2 else 'bad'}" for row in range(20)]
    rows[2], rows[11] = "a, b, c,good", "d, e, f,bad"
    rows[4], rows[7] = ",good", "text 7,"
    path = tmp_path / "table.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_every_row_that_is_left_out_is_counted_with_its_place_and_reason(ragged: Path) -> None:
    loaded = load_dataset(ragged, ROLES)
    assert len(loaded.dataset) == 16
    assert [(part.reason, part.rows, part.first) for part in loaded.left_out] == [
        ("ragged", 2, (4, 13)),  # lines, as an editor counts them
        ("no_text", 1, (5,)),  # rows of the file below its header
        ("no_label", 1, (8,)),
    ]
    assert [str(part.message) for part in loaded.left_out] == [
        "2 of 20 rows were left out: they have 4 fields instead of 2; the first are lines 4, 13.",
        "1 of 20 rows was left out: row 5 has no text.",
        "1 of 20 rows was left out: row 8 has no label.",
    ]


def test_the_dataset_keeps_what_was_left_out_and_no_text_of_it(ragged: Path, evergreen_home: Path) -> None:
    loaded = load_dataset(ragged, ROLES)
    saved = DatasetStore(evergreen_home).save(loaded.dataset, name="t", roles=ROLES, source=loaded.source())
    source = DatasetStore(evergreen_home).info(saved.id).source
    assert (source["skipped"], source["set_aside"]) == (2, 2)
    assert left_out_of_source(source) == loaded.left_out
    assert [str(remark) for remark in remarks_of(source, source)] == [str(part.message) for part in loaded.left_out]
    assert "a, b" not in str(source)


def test_datasets_of_old_say_nothing() -> None:
    assert remarks_of({"file": "old.csv", "skipped": 3, "set_aside": 2}) == []


def test_a_person_can_say_how_the_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text("a title\n" + "".join(f"text {row};{'ab'[row % 2]}\n" for row in range(10)), encoding="utf-8")
    roles = ColumnRoles("column 1", "column 2")
    loaded = load_dataset(path, roles, FormatCorrections(delimiter=";", header=False, skip_rows=1))
    assert (len(loaded.dataset), loaded.dataset.classes) == (10, ("a", "b"))


def test_labels_are_merged_when_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("text,label\n" + "".join(f"t {row},{'Bad' if row % 3 else 'bad'}\n" for row in range(30)), "utf-8")
    assert load_dataset(path, ROLES).dataset.classes == ("Bad", "bad")
    merged = load_dataset(path, ROLES, merge=True)
    assert (merged.dataset.classes, merged.merges) == (("Bad",), {"bad": "Bad"})
    assert merged.source()["recipe"] == [{"kind": "rename_labels", "names": {"bad": "Bad"}}]


def test_a_whole_column_of_labels_is_merged() -> None:
    import pandas

    table = pandas.DataFrame({"text": list("abcd"), "label": ["NEG", "neg", "neg", " "]})
    assert merged_labels(table, "label")["label"].tolist() == ["neg", "neg", "neg", ""]
    assert merged_labels(table, "absent") is table


def test_rows_count_as_in_the_file() -> None:
    assert row_numbers([0, 1, 2], [{"row": 1}, {"row": 2}]) == [1, 4, 5]


def test_lines_of_rows_without_text_or_label_are_told_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "title.csv"
    rows = ['"two\nlines",good', ",good", "", "three,fields,here", "no label,", "last,bad", "also none,", "end,bad"]
    path.write_text("A title\n\ntext,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    loaded = load_dataset(path, ROLES, FormatCorrections(skip_rows=2))
    assert [(part.reason, part.first, part.lines) for part in loaded.left_out] == [
        ("ragged", (8,), (8,)),
        ("no_text", (2,), (6,)),
        ("no_label", (4, 6), (9, 11)),
    ]
    assert left_out_of_source(loaded.source()) == loaded.left_out


def test_lines_are_left_open_where_they_cannot_be_told(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text('{"text": "a", "label": "x"}\n{"text": "", "label": "y"}\n' * 3, encoding="utf-8")
    assert [part.lines for part in load_dataset(path, ROLES, batch=True).left_out] == [()]
    path = tmp_path / "gone.csv"
    path.write_text("text,label\na,x\n,y\nb,y\n", encoding="utf-8")
    table = load_table(path)
    path.unlink()
    assert [part.lines for part in dataset_of(table, ROLES, name="gone", batch=True).left_out] == [()]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["only text"], "1 of 13 rows was left out: line 14 has 1 field instead of 2."),
        (["a", "b"], "2 of 14 rows were left out: they have 1 field instead of 2; the first are lines 14, 15."),
        (["a", "b,c,d"], "2 of 14 rows were left out: they have 1, 3 fields instead of 2; the first are lines 14, 15."),
        (["text,label"], "1 of 13 rows was left out: in line 14 the names of the columns stand again."),
    ],
)
def test_sentences_of_rows_left_out_count_aright(rows: list[str], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    lines = [f"text {row},{'good' if row % 2 else 'bad'}" for row in range(12)]
    path.write_text("\n".join(["text,label", *lines, *rows]) + "\n", encoding="utf-8")
    assert [str(part.message) for part in load_dataset(path, ROLES).left_out] == [sentence]


def test_a_row_of_types_below_the_header_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    lines = [f"text {row},{'good' if row % 2 else 'bad'}" for row in range(12)]
    path.write_text("\n".join(["text,label", "string,category", *lines]) + "\n", encoding="utf-8")
    assert [str(part.message) for part in load_dataset(path, ROLES).left_out] == [
        "1 of 13 rows was left out: line 2, below the names of the columns, goes on naming them."
    ]


def test_notes_of_the_reader_count_aright() -> None:
    assert "into the cell below" in str(note_merged(1))
    assert "into 3 cells" in str(note_merged(3))
    assert str(note_titles(1, "May")).startswith("Left out above the table, besides blank lines: 1 (the first: May).")
    assert str(note_replaced_cells(1, [(4, "text")])).endswith("read as �: 1. The first, by row (column): 4 (text).")
