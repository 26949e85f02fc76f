"""Files as people have them: each kind that was once read wrongly, written here, and the same kinds in the folder of cases."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas
import pyarrow
import pyarrow.parquet
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles, guess_roles
from core.data.loading.load import load_dataset
from core.data.reading import parsing
from core.data.reading.tables import (
    FormatCorrections,
    detect_format,
    notes_of,
    read_table,
    scan_table,
    skipped_of,
    table_pieces,
)

CASES = Path(os.environ.get("EVERGREEN_DATA") or Path(__file__).resolve().parents[5] / "shared" / "data") / "cases"
ROWS = [
    (
        f"the {('room', 'soup', 'soup')[number % 3]} was {('cold', 'warm')[number % 2]} on day {number}",
        ("bad", "good")[number % 2],
    )
    for number in range(12)
]
TEXTS, LABELS = [text for text, _ in ROWS], [label for _, label in ROWS]


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(*above: str, cut: str = ",", rows: list[tuple[str, ...]] | None = None) -> str:
    return "\n".join([*above, *(cut.join(row) for row in rows or ROWS)]) + "\n"


def workbook(*rows: tuple[object, ...], merged: str = "") -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    book.save(content)
    return content.getvalue()


def notes(table: pandas.DataFrame) -> list[str]:
    return [note.key.removeprefix("data.note_") for note in notes_of(table)]


def pieces_agree(path: Path, table: pandas.DataFrame) -> bool:
    """Whether reading in pieces gives the same rows as reading at once."""
    scan = scan_table(path)
    pieces = pandas.concat(list(table_pieces(scan, 5)), ignore_index=True)
    same = pieces.to_numpy().tolist() == table.to_numpy().tolist() and list(pieces.columns) == list(table.columns)
    return same and scan.rows - len(scan.skipped) == len(table) and scan.skipped == skipped_of(table)


# What names the columns: the file, its columns, which of them is text and label, how many of the 12 rows are read, notes.
NAMES: dict[str, tuple[str | bytes, list[str], list[str]]] = {
    "empty cells at the end of header and rows": (
        lines("v1,v2,,", rows=[(label, text, "", "") for text, label in ROWS]),
        ["v1", "v2", "column 3", "column 4"],
        [],
    ),
    "empty cells in the header over some contents": (
        lines("v1,v2,,", rows=[(label, text, "x" if label == "bad" else "", "") for text, label in ROWS]),
        ["v1", "v2", "column 3", "column 4"],
        [],
    ),
    "a delimiter at the end of the header alone": (lines("text,label,"), ["text", "label"], []),
    "a name without column": (lines("text,label,comment"), ["text", "label"], ["names_without_column"]),
    "names that R writes without one for the numbers": (
        lines("words,kind", rows=[(f"{number}", *row) for number, row in enumerate(ROWS, 1)]),
        ["row", "words", "kind"],
        ["columns_without_name"],
    ),
    "numbers by pandas": (lines("0,1"), ["0", "1"], []),
    "a header over rows that pandas numbered": (
        lines(",text,label", rows=[(f"{number}", *row) for number, row in enumerate(ROWS)]),
        ["column 1", "text", "label"],
        [],
    ),
    "sep=;": (lines("sep=;", "text;label", cut=";"), ["text", "label"], ["separator"]),
    "sep=; in quotation marks": (lines('"sep=;"', '"text";"label"', cut=";"), ["text", "label"], ["separator"]),
    "sep=| above rows alone": (lines("sep=|", cut="|"), ["column 1", "column 2"], ["separator"]),
    "comments above": (lines("# exported in May", "# by hand, twice", "text,label"), ["text", "label"], ["titles"]),
    "a title above": (lines("Feedback of May", "text,label"), ["text", "label"], ["titles"]),
    "a title and a blank line above": (lines("Feedback of May", "", "text,label"), ["text", "label"], ["titles"]),
    "a title with delimiters above": (lines("Feedback of May,", "text,label"), ["text", "label"], ["titles"]),
    "a title above unknown names": (lines("Feedback of May", "wording,verdict"), ["wording", "verdict"], ["titles"]),
    "a comment that is the header": (lines("# text,label"), ["text", "label"], []),
    "a second header in Chinese": (lines("text,label", "文本,标签"), ["text", "label"], ["second_header"]),
    "a second header with types": (lines("text,label", "string,category"), ["text", "label"], ["second_header"]),
    "a row of groups above the names": (lines(",Review", "text,label"), ["text", "label"], ["titles"]),
    "a header again inside": (
        lines("text,label", rows=[*ROWS[:6], ("text", "label"), *ROWS[6:]]),
        ["text", "label"],
        ["header_again"],
    ),
    "a workbook with a title": (
        workbook(("Feedback of May",), ("text", "label"), *ROWS),
        ["text", "label"],
        ["titles"],
    ),
    "a workbook with a title and space": (
        workbook(("Feedback of May",), (), ("text", "label"), *ROWS),
        ["text", "label"],
        ["titles"],
    ),
    "a workbook without header": (workbook(*ROWS), ["column 1", "column 2"], []),
    "a workbook with a header again inside": (
        workbook(("text", "label"), *ROWS[:6], ("text", "label"), *ROWS[6:]),
        ["text", "label"],
        ["header_again"],
    ),
    "a list of lists without header": (json.dumps(ROWS), ["column 1", "column 2"], []),
    "a list of lists with header": (json.dumps([("text", "label"), *ROWS]), ["text", "label"], []),
    "a list a line": ("\n".join(json.dumps(row) for row in ROWS), ["column 1", "column 2"], []),
}


@pytest.mark.parametrize("kind", NAMES)
def test_the_row_that_names_the_columns_is_found(tmp_path: Path, kind: str) -> None:
    content, columns, expected = NAMES[kind]
    path = write(tmp_path, content)
    table = read_table(path)
    roles = guess_roles(table)
    assert (list(table.columns), notes(table)) == (columns, expected)
    assert roles.label is not None
    assert (table[roles.text].tolist(), table[roles.label].tolist()) == (TEXTS, LABELS)
    assert pieces_agree(path, table)


@pytest.mark.parametrize("header", [True, False])
def test_a_word_of_the_header_that_is_also_a_label_leaves_the_header_one(tmp_path: Path, header: bool) -> None:
    rows = [(text, ("kind", "unkind")[number % 2]) for number, (text, _) in enumerate(ROWS)]
    path = write(tmp_path, lines(*["words,kind"] * header, rows=rows))
    assert len(read_table(path)) == 12
    assert detect_format(path).header == header


def test_labels_that_are_names_of_columns_elsewhere_make_no_header(tmp_path: Path) -> None:
    rows = [
        ("description", "How did serfdom develop in Russia?"),
        ("question", "What films featured Popeye Doyle?"),
    ] * 6
    table = read_table(write(tmp_path, lines(rows=rows, cut="\t")))
    assert len(table) == 12
    assert list(table.columns) == ["column 1", "column 2"]


def test_rows_that_are_left_out_for_another_reason_than_their_width_say_so(tmp_path: Path) -> None:
    content = lines("text,label", "文本,标签", rows=[*ROWS[:2], ("a", "b", "c"), ("text", "label"), *ROWS[2:]])
    left_out = skipped_of(read_table(write(tmp_path, content)))
    assert [(skip["line"], skip.get("reason")) for skip in left_out] == [
        (2, "second_header"),
        (5, None),
        (6, "header_again"),
    ]


def test_merged_cells_are_filled_down(tmp_path: Path) -> None:
    rows = [("bad" if number == 0 else None, text) for number, text in enumerate(TEXTS)]
    table = read_table(write(tmp_path, workbook(("label", "text"), *rows, merged="A2:A13")))
    assert table["label"].tolist() == ["bad"] * 12
    assert [str(note) for note in notes_of(table)] == [
        "The sheet has merged cells: the value of each was filled down, into 11 cells."
    ]


DELIMITERS = {
    "full-width comma": "，",
    "full-width semicolon": "；",
    "five spaces": "     ",
    "nine signs": " +++$+++ ",
    "ten signs": "##########",
}


@pytest.mark.parametrize("kind", DELIMITERS)
def test_delimiters_that_are_seldom_used_are_found_whole(tmp_path: Path, kind: str) -> None:
    cut = DELIMITERS[kind]
    path = write(tmp_path, lines(cut.join(("text", "label")), cut=cut))
    table = read_table(path)
    assert detect_format(path).delimiter == cut
    assert (table["text"].tolist(), table["label"].tolist()) == (TEXTS, LABELS)
    assert pieces_agree(path, table)


def test_full_width_commas_of_texts_are_no_delimiter(tmp_path: Path) -> None:
    texts = [f"房间很好{number}，早餐一般{number}" for number in range(12)]
    table = read_table(write(tmp_path, "\n".join(texts) + "\n"))
    assert table["column 1"].tolist() == texts
    table = read_table(write(tmp_path, lines("文本,标签", rows=[(text, "好") for text in texts])))
    assert (list(table.columns), table["文本"].tolist()) == (["文本", "标签"], texts)


@pytest.mark.parametrize("cut", ["，", "；", "§", "¦", "·"])
def test_a_delimiter_outside_ascii_can_be_told(tmp_path: Path, cut: str) -> None:
    path = write(tmp_path, lines(cut.join(("text", "label")), cut=cut))
    table = read_table(path, detect_format(path, FormatCorrections(delimiter=cut)))
    assert (table["text"].tolist(), table["label"].tolist()) == (TEXTS, LABELS)


def test_a_file_whose_name_is_not_utf8_is_read_and_named(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.csv"))
    path.write_text(lines("text,label"))
    loaded = load_dataset(path, ColumnRoles("text", "label"))
    assert (loaded.name, loaded.source()["file"], len(loaded.dataset.texts)) == ("bad\ufffd.csv", "bad\ufffd.csv", 12)
    path.write_text("")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value).startswith("'bad\ufffd.csv' is empty")


# Texts with commas, in marks that are not those of CSV, or in none; whether the delimiter is beyond doubt.
DIALECTS: dict[str, tuple[str, str, bool]] = {
    "a backslash before a mark": (
        lines("text,label", rows=[(f'"he said \\"{text}\\", ok"', label) for text, label in ROWS]),
        'he said "{}", ok',
        True,
    ),
    "single marks": (lines("text,label", rows=[(f"'it's {t}, ok'", f"'{b}'") for t, b in ROWS]), "it's {}, ok", True),
    "curly marks": (lines("text,label", rows=[(f"“{text}, ok”", label) for text, label in ROWS]), "{}, ok", True),
    "no marks": (
        lines("text,label", rows=[(f"{text}, and so on", label) for text, label in ROWS]),
        "{}, and so on",
        False,
    ),
    "no marks and no blank": (
        lines("text,label", rows=[(f"{text},on {text}", label) for text, label in ROWS]),
        "{0},on {0}",
        False,
    ),
    "no marks, the label first": (
        lines("label,text", rows=[(label, f"{text}, and so on") for text, label in ROWS]),
        "{}, and so on",
        False,
    ),
}


@pytest.mark.parametrize("kind", DIALECTS)
def test_texts_that_hold_the_delimiter_stay_whole(tmp_path: Path, kind: str) -> None:
    content, expected, sure = DIALECTS[kind]
    path = write(tmp_path, content)
    table, form = read_table(path), detect_format(path)
    assert table["text"].tolist() == [expected.format(text) for text in TEXTS]
    assert table["label"].tolist() == LABELS
    assert next(guess for guess in form.guesses if guess.part == "delimiter").sure == sure
    assert len(notes(table)) == 1
    assert pieces_agree(path, table)


def test_a_column_that_the_header_does_not_name_stays_one_and_leaves_doubt(tmp_path: Path) -> None:
    path = write(tmp_path, lines("text,label", rows=[(text, label, "anna") for text, label in ROWS]))
    table = read_table(path)
    assert (table["text"].tolist(), table["label"].tolist()) == (TEXTS, LABELS)
    assert not detect_format(path).certain


INVISIBLE = {
    "text": lines("text,label\u200b"),
    "text behind a byte order mark": lines("\ufefftext,\u2060label\u200e"),
    "objects": "\n".join(json.dumps({"\u200btext": text, "label\u200b": label}) for text, label in ROWS),
    "a workbook": workbook(("text\u200b", "label\u00ad"), *ROWS),
}


@pytest.mark.parametrize("kind", INVISIBLE)
def test_names_of_columns_lose_signs_that_nobody_sees(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, INVISIBLE[kind])
    table = read_table(path)
    assert (list(table.columns), len(table)) == (["text", "label"], 12)
    assert pieces_agree(path, table)


def test_names_that_differ_in_such_signs_alone_stay_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, lines("text,label,label\u200b", rows=[(*row, "1") for row in ROWS]))
    assert list(read_table(path).columns) == ["text", "label", "label\u200b"]


OTHER_TEXTS: dict[str, tuple[str | bytes, list[str]]] = {
    "fastText": ("".join(f"__label__{label} {text}\n" for text, label in ROWS), ["fasttext"]),
    "a table of Markdown": (
        "| text | label |\n|:---|---|\n" + "".join(f"| {text} | {label} |\n" for text, label in ROWS),
        ["markdown"],
    ),
    "UTF-32": (lines("text,label").encode("utf-32"), []),
    "UTF-32, high byte first": ("\ufeff".encode("utf-32-be") + lines("text,label").encode("utf-32-be"), []),
    "cut by Hive": (lines(cut="\x01"), []),
    "unit separators": (lines("text\x1flabel", cut="\x1f"), []),
    "a question above the answers": (
        lines("What did you think about the room and the soup during your stay?,Overall"),
        [],
    ),
}


@pytest.mark.parametrize("kind", OTHER_TEXTS)
def test_tables_of_other_writers_are_read(tmp_path: Path, kind: str) -> None:
    content, expected = OTHER_TEXTS[kind]
    path = write(tmp_path, content)
    table = read_table(path)
    roles = guess_roles(table)
    assert roles.label is not None
    assert (table[roles.text].tolist(), table[roles.label].tolist()) == (TEXTS, LABELS)
    assert (notes(table), len(table.columns)) == (expected, 2)
    assert pieces_agree(path, table)


def test_several_labels_of_a_line_for_fasttext_are_a_list(tmp_path: Path) -> None:
    path = write(tmp_path, "".join(f"__label__{label} __label__x {text}\n" for text, label in ROWS))
    table = read_table(path)
    assert (table["column 1"].tolist()[0], table["column 2"].tolist()) == ('["bad", "x"]', TEXTS)


def test_a_control_character_as_delimiter_can_be_told(tmp_path: Path) -> None:
    path = write(tmp_path, lines("text\x01label", cut="\x01"))
    table = read_table(path, detect_format(path, FormatCorrections(delimiter="\\x01")))
    assert table["label"].tolist() == LABELS


def test_lines_of_text_are_not_cut_at_commas_that_most_of_them_have(tmp_path: Path) -> None:
    texts = [text + ", and also the good one" * bool(number % 3) for number, text in enumerate(TEXTS)]
    table = read_table(write(tmp_path, "\n".join(texts) + "\n", "lines.txt"))
    assert table["column 1"].tolist() == texts


UNUSUAL: dict[str, str] = {
    "a label under each text": json.dumps(dict(ROWS)),
    "texts under their labels": json.dumps({"bad": TEXTS[0::2], "good": TEXTS[1::2]}),
    "texts under their labels, not as many of each": json.dumps({"bad": [*TEXTS[0::2], "so"], "good": TEXTS[1::2]}),
    "text and label one level deeper": json.dumps([{"data": {"text": t}, "meta": {"label": b}} for t, b in ROWS]),
    "one object after another": "\n".join(json.dumps({"text": t, "label": b}, indent=1) for t, b in ROWS),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_json_without_usual_rows_is_read_as_text_and_label(tmp_path: Path, kind: str) -> None:
    table = read_table(write(tmp_path, UNUSUAL[kind], "rows.json"))
    assert list(table.columns) == ["text", "label"]
    rows = {(text, label) for text, label in table.itertuples(index=False) if text != "so"}
    assert rows == set(ROWS)
    assert bool(notes(table)) == ("under" in kind)


def test_lists_that_are_columns_stay_columns(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, json.dumps({"words": TEXTS, "kind": LABELS}), "rows.json"))
    assert (list(table.columns), len(table)) == (["words", "kind"], 12)


def test_a_comma_behind_the_last_row_is_named(tmp_path: Path) -> None:
    content = '[{"text": "a", "label": "b"},\n{"text": "c", "label": "d"},\n]\n'
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, content, "rows.json"))
    assert caught.value.message.key == "data.json_comma"


NO_TABLE: dict[str, tuple[str, str | bytes, str]] = {
    "XML without declaration": (
        "rows.xml",
        f"<rows>{''.join(f'<r><text>{text}</text></r>' for text in TEXTS)}</rows>",
        "data.xml",
    ),
    "XML named CSV": ("rows.csv", "<rows a='1'>\n <r><text>a</text></r>\n</rows>\n", "data.xml"),
    "an empty list": ("rows.json", "[]", "data.json_form"),
    "a number": ("rows.json", "5\n", "data.json_form"),
    "a list of numbers": ("rows.csv", "[1, 2, 3]", "data.json_no_object"),
    "an empty zip": ("rows.zip", b"PK\x05\x06" + bytes(18), "data.zip_empty"),
    "half a zip": ("rows.zip", b"PK\x03\x04" + bytes(range(200)), "data.zip_damaged"),
    "half a workbook": ("rows.xlsx", workbook(*ROWS)[:2000], "data.zip_damaged"),
}


@pytest.mark.parametrize("kind", NO_TABLE)
def test_what_begins_like_a_table_and_holds_none_is_named(tmp_path: Path, kind: str) -> None:
    name, content, key = NO_TABLE[kind]
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, content, name))
    assert caught.value.message.key == key


def test_texts_with_tags_are_no_xml(tmp_path: Path) -> None:
    texts = [f"<p><b>{text}</b></p>" for text in TEXTS]
    assert read_table(write(tmp_path, "\n".join(texts) + "\n"))["column 1"].tolist() == texts


def test_a_cell_far_from_the_table_leaves_the_table_as_it_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [("text", "label"), *ROWS]:
        book.active.append(row)
    book.active.cell(1000, 16384, "x")
    book.save(tmp_path / "book.xlsx")
    table = read_table(tmp_path / "book.xlsx")
    assert list(table.columns) == ["text", "label", "column 3"]
    assert table["text"].tolist()[:12] == TEXTS
    assert table.iloc[12].tolist() == ["", "", "x"]


def test_formulas_that_were_never_calculated_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, workbook(("text", "label"), *((text, f'=UPPER("{label}")') for text, label in ROWS)))
    (note,) = notes_of(read_table(path))
    assert (note.key, note.facts) == ("data.note_formulas", {"count": 12})


# A person's word against the guess.
CORRECTIONS: dict[str, tuple[str | bytes, FormatCorrections, list[str], int]] = {
    "first row is data": (lines("text,label"), FormatCorrections(header=False), ["column 1", "column 2"], 13),
    "first row names": (lines(), FormatCorrections(header=True), [TEXTS[0], "bad"], 11),
    "delimiter": (lines("a;b,c;d"), FormatCorrections(delimiter=";"), ["a", "b,c", "d"], 0),
    "delimiter in words": (lines("text\tlabel", cut="\t"), FormatCorrections(delimiter="tab"), ["text", "label"], 12),
    "several signs": (lines("text::label", cut="::"), FormatCorrections(delimiter="::"), ["text", "label"], 12),
    "rows above": (lines("x,y", "text,label"), FormatCorrections(skip_rows=1), ["text", "label"], 12),
    "no rows above": (
        lines("Feedback,", "text,label"),
        FormatCorrections(skip_rows=0, header=False),
        ["column 1", "column 2"],
        14,
    ),
    "header of a workbook": (workbook(*ROWS), FormatCorrections(header=True), [TEXTS[0], "bad"], 11),
    "rows above in a workbook": (
        workbook(("x", "y"), ("text", "label"), *ROWS),
        FormatCorrections(skip_rows=1),
        ["text", "label"],
        12,
    ),
    "header of a list": (json.dumps(ROWS), FormatCorrections(header=True), [TEXTS[0], "bad"], 11),
    "encoding": ("text,label\n很好,a\n不好,b\n".encode("gbk"), FormatCorrections(encoding="gbk"), ["text", "label"], 2),
    "encoding of JSON": (
        json.dumps([{"text": "很好"}], ensure_ascii=False).encode("big5"),
        FormatCorrections(encoding="Big5"),
        ["text"],
        1,
    ),
}


@pytest.mark.parametrize("kind", [kind for kind in CORRECTIONS if kind != "delimiter"])
def test_what_a_person_says_counts_more_than_the_guess(tmp_path: Path, kind: str) -> None:
    content, given, columns, rows = CORRECTIONS[kind]
    path = write(tmp_path, content)
    form = detect_format(path, given)
    table = read_table(path, form)
    assert (list(table.columns), len(table)) == (columns, rows)
    told = {guess.part for guess in form.guesses if guess.confidence == "told"}
    assert told == {name for name, value in vars(given).items() if value is not None}


def test_another_encoding_leads_to_another_guess_of_the_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path, lines("text;label", cut=";").encode("utf-16-le"))
    assert detect_format(path, FormatCorrections(encoding="utf-16-le")).delimiter == ";"


MEANINGLESS = {
    "delimiter of a workbook": (workbook(*ROWS), FormatCorrections(delimiter=";"), "data.no_delimiter_here"),
    "encoding of a workbook": (workbook(*ROWS), FormatCorrections(encoding="utf-8"), "data.no_encoding_here"),
    "sheet of a text": (lines(), FormatCorrections(sheet="A"), "data.no_sheet_here"),
    "header of objects": ('{"text": "a"}\n', FormatCorrections(header=False), "data.no_header_here"),
    "unknown sheet": (workbook(*ROWS), FormatCorrections(sheet="B"), "data.no_such_sheet"),
    "unknown encoding": (lines(), FormatCorrections(encoding="klingon"), "data.encoding_unknown"),
    "letters for a delimiter": (lines(), FormatCorrections(delimiter="and"), "data.delimiter_unknown"),
    "quotation mark for a delimiter": (lines(), FormatCorrections(delimiter='"'), "data.delimiter_unknown"),
}


@pytest.mark.parametrize("kind", MEANINGLESS)
def test_a_correction_without_meaning_is_refused(tmp_path: Path, kind: str) -> None:
    content, given, key = MEANINGLESS[kind]
    with pytest.raises(DataError) as caught:
        detect_format(write(tmp_path, content), given)
    assert caught.value.message.key == key


MARKED = [*ROWS[:3], (f'"{TEXTS[3]}', "good"), *ROWS[4:6], (f'{TEXTS[6]}"', "bad"), *ROWS[7:]]
WORDS = [
    ("He", "O"),
    ("said", "O"),
    ('"', "O"),
    ("Yes", "O"),
    ("", ""),
    ("No", "O"),
    ('"', "O"),
    ("Paris", "LOC"),  # no tag of a scheme that is known, else each paragraph would be a text
    ("", ""),
]
QUOTES: dict[str, tuple[str, list[str], list[str]]] = {
    "a mark that opens in one line and closes in another": (
        lines("text\tlabel", cut="\t", rows=MARKED),
        [text for text, _ in MARKED],
        ["marks_are_text"],
    ),
    "the same at commas": (lines("text,label", rows=MARKED), [text for text, _ in MARKED], ["marks_are_text"]),
    "the same without header": (lines(cut="\t", rows=MARKED), [text for text, _ in MARKED], ["marks_are_text"]),
    "the same beside a row of another width": (
        lines("text\tlabel", cut="\t", rows=[*MARKED, ("a", "b", "c")]),
        [text for text, _ in MARKED],
        ["marks_are_text"],
    ),
    "words and tags, a sentence a paragraph": (
        "\n".join(f"{word}\t{tag}" if word else "" for word, tag in WORDS * 4) + "\n",
        [word for word, _ in WORDS * 4 if word],
        ["marks_are_text"],
    ),
    "a text of two lines": (
        lines("text,label", rows=[*ROWS, ('"one\ntwo"', "good")]), [*TEXTS, "one\ntwo"], []
    ),
    "a text of two lines, each with a comma": (
        lines("text,label", rows=[*ROWS, ('"Dear all,\nthanks"', "good")]), [*TEXTS, "Dear all,\nthanks"], []
    ),
    "a text of two lines beside a mark that follows no rule": (
        lines("text,label", rows=[*ROWS, ('"Dear all,\nthanks"', "good"), ('"so" said', "bad")]),
        [*TEXTS, "Dear all,\nthanks", '"so" said'],
        [],
    ),
    "all cells in marks": (
        lines('"text","label"', rows=[(f'"{text},\nyes"', f'"{label}"') for text, label in ROWS]),
        [f"{text},\nyes" for text in TEXTS],
        [],
    ),
    "a doubled mark over two lines": (
        lines("text,label", rows=[*ROWS, ('"a ""b"",\nc"', "good")]), [*TEXTS, 'a "b",\nc'], []
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", QUOTES)
def test_a_quotation_mark_is_text_where_every_line_is_a_row_as_it_stands(tmp_path: Path, kind: str) -> None:
    content, texts, expected = QUOTES[kind]
    path = write(tmp_path, content)
    table = read_table(path)
    assert table[table.columns[0]].tolist() == texts
    assert notes(table) == expected
    assert pieces_agree(path, table)


def test_lines_that_may_as_well_be_one_text_are_named_and_leave_doubt(tmp_path: Path) -> None:
    rows = [(f"text {number}", f"note {number}") for number in range(8)]
    path = write(tmp_path, lines("text,remark", rows=[*rows, ('"a', "b"), ("c", 'd"'), ("e", "f")]))
    table = read_table(path)
    assert table["text"].tolist()[-3:] == ['"a', "c", "e"]
    (note,) = notes_of(table)
    assert note.facts["lines"] == ["10–11"]
    assert not table.attrs["form"]["certain"]


def test_lines_stay_joined_where_the_file_follows_the_rules_of_csv_and_nothing_else_tells(tmp_path: Path) -> None:
    rows = [(f'"text, {number}"', f"note {number}") for number in range(8)]
    table = read_table(write(tmp_path, lines("text,remark", rows=[*rows, ('"a', "b"), ('c"', "d")])))
    assert table["text"].tolist()[-1] == "a,b\nc"
    assert notes(table) == ["lines_joined"]
    assert not table.attrs["form"]["certain"]


HALF = "the room was warm \\ud83d"
WHOLE = "the room was warm \\ud83d\\ude00"


def test_half_characters_of_json_are_replaced_and_two_halves_are_one(tmp_path: Path) -> None:
    content = f'{{"text": "{WHOLE}", "label": "a"}}\n{{"text": "{HALF}", "label": "\\udc00b"}}\n'
    table = read_table(write(tmp_path, content, "t.jsonl"))
    assert table["text"].tolist() == ["the room was warm 😀", "the room was warm \ufffd"]
    assert table["label"].tolist() == ["a", "\ufffdb"]
    (note,) = notes_of(table)
    assert (note.facts["count"], note.facts["places"]) == (2, ["2 (label)", "2 (text)"])


def test_broken_strings_of_parquet_are_replaced(tmp_path: Path) -> None:
    texts = pyarrow.array([b"fine", b"caf\xe9", None], pyarrow.binary())
    broken = pyarrow.StringArray.from_buffers(3, texts.buffers()[1], texts.buffers()[2], texts.buffers()[0])
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": broken, "raw": texts}), path)
    table = read_table(path)
    assert table["text"].tolist() == ["fine", "caf\ufffd", ""]
    assert table["raw"].tolist() == ["fine", "caf\ufffd", ""]
    (note,) = notes_of(table)
    assert note.facts["places"] == ["2 (raw)", "2 (text)"]


@pytest.mark.parametrize("mark", [True, False])
def test_half_characters_of_utf16_are_replaced(tmp_path: Path, mark: bool) -> None:
    content = lines("text,label").replace("day 3", "day \ud83d").encode("utf-16-le", "surrogatepass")
    table = read_table(write(tmp_path, b"\xff\xfe" * mark + content))
    assert table["text"].tolist()[3] == "the room was warm on day \ufffd"
    (note,) = notes_of(table)
    assert (note.facts["count"], note.facts["lines"]) == (1, ["5"])


def test_utf8_with_a_few_stray_bytes_is_read_with_their_lines_named(tmp_path: Path) -> None:
    content = ("text,label\n" + "很好吃,好评\n难吃,差评\n" * 40).encode() + b"\xe9\xe8 fin,\xe5\xb7\xae\xe8\xaf\x84\n"
    path = write(tmp_path, content)
    form = detect_format(path)
    assert (form.encoding, form.certain) == ("utf-8", False)
    table = read_table(path)
    assert table["text"].tolist()[-1] == "\ufffd\ufffd fin"
    (note,) = notes_of(table)
    assert (note.facts["count"], note.facts["lines"]) == (2, ["82"])
    assert pieces_agree(path, table)


RUSSIAN = "еда была холодная и невкусная, больше сюда не пойдём"
KOREAN = "음식이 정말 맛있고 직원들도 친절해서 다시 오고 싶은 곳이에요"
JAPANESE = "料理がとてもおいしくて、店員さんも親切でした。また行きたいです"
WESTERN = "it’s “fine” – the café was naïve…"
ENCODINGS = {
    "windows-1252": (WESTERN, "windows-1252"),
    "latin-1": ("the café was naïve", "latin-1"),
    "windows-1251": (RUSSIAN, "cp1251"),
    "koi8-r": (RUSSIAN, "koi8-r"),
    "euc-kr": (KOREAN, "cp949"),
    "shift-jis": (JAPANESE, "cp932"),
    "euc-jp": (JAPANESE, "euc-jp"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_old_encodings_are_found_and_named_as_unsure(tmp_path: Path, encoding: str, kind: str) -> None:
    text, codec = ENCODINGS[encoding]
    rows = [(f"{text} {number}", ("bad", "good")[number % 2]) for number in range(12)]
    content = lines("text\tlabel", cut="\t", rows=rows)
    if kind == "json":
        content = json.dumps([{"text": text, "label": label} for text, label in rows], ensure_ascii=False)
    path = write(tmp_path, content.encode(codec))
    form = detect_format(path)
    assert (form.encoding, form.certain) == (encoding, False)
    table = read_table(path)
    assert table["text"].tolist() == [text for text, _ in rows]
    assert notes(table) == ["weak_encoding"]


@pytest.mark.parametrize("codec", ["gb18030", "big5", "utf-16", "utf-16-le", "utf-8-sig"])
def test_json_is_read_in_any_encoding(tmp_path: Path, codec: str) -> None:
    texts = ["這家店的服務很好，東西也不錯", "等了一個小時才送來，非常不滿意"]
    if codec == "gb18030":
        texts = ["很快，好吃，味道足，量大", "没有送水，送得太慢了"]
    content = "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts)
    assert read_table(write(tmp_path, content.encode(codec), "t.jsonl"))["text"].tolist() == texts


OBJECTS = [{"text": text, "label": label} for text, label in ROWS]
TASKS = [
    {
        "id": number,
        "data": {"text": text},
        "annotations": [
            {"was_cancelled": True, "result": []},
            {"result": [{"from_name": "mood", "type": "choices", "value": {"choices": [label]}}]},
        ],
    }
    for number, (text, label) in enumerate(ROWS)
]
JSON_FORMS: dict[str, object] = {
    "wrapped": {"data": OBJECTS},
    "wrapped beside facts": {"version": 1, "tags": ["a"], "reviews": OBJECTS},
    "wrapped twice": {"result": {"rows": OBJECTS}},
    "rows of the Hub's viewer": {"rows": [{"row_idx": number, "row": row} for number, row in enumerate(OBJECTS)]},
    "columns of pandas": {
        "text": {str(number): text for number, text in enumerate(TEXTS)},
        "label": {str(number): label for number, label in enumerate(LABELS)},
    },
    "rows by number": {str(number): row for number, row in enumerate(OBJECTS)},
    "columns as lists": {"text": TEXTS, "label": LABELS},
    "split": {"columns": ["text", "label"], "index": list(range(12)), "data": ROWS},
    "table": {"schema": {"fields": [{"name": "text"}]}, "data": OBJECTS},
    "Label Studio": TASKS,
    "parts of a split": {"train": OBJECTS[:8], "test": OBJECTS[8:]},
}


@pytest.mark.parametrize("form", JSON_FORMS)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_table_is_found_in_any_form_of_json(tmp_path: Path, form: str, indent: int | None) -> None:
    table = read_table(write(tmp_path, json.dumps(JSON_FORMS[form], indent=indent), "t.json"))
    assert (table["text"].tolist(), table["label"].tolist()) == (TEXTS, LABELS)


def test_the_rows_of_json_with_several_lists_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps({"old": OBJECTS[:4], "new": OBJECTS[4:]}), "t.json")
    assert not detect_format(path).certain
    assert len(read_table(path, detect_format(path, FormatCorrections(sheet="old")))) == 4


def test_json_without_a_table_is_named_by_its_keys(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"its keys: name, settings"):
        read_table(write(tmp_path, json.dumps({"name": "x", "settings": {"a": 1}}), "t.json"))


SHEET = (
    '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
    '<Worksheet ss:Name="May"><Table>{rows}</Table></Worksheet></Workbook>'
)
XML_ROWS = "".join(
    f'<Row><Cell><Data ss:Type="String">{text}</Data></Cell><Cell ss:Index="3"><Data ss:Type="String">{label}</Data></Cell></Row>'
    for text, label in [("text", "label"), *ROWS]
)
PAGE = "<html><body><p>Feedback</p><table><tr><th>text</th><th>label</th></tr>{rows}</table></body></html>".format(
    rows="".join(f"<tr><td>{text}</td><td>{label}</td></tr>" for text, label in ROWS)
)
ENDINGS: dict[str, tuple[str | bytes, str]] = {
    "workbook named .xls": (workbook(("text", "label"), *ROWS), "t.xls"),
    "workbook named .csv": (workbook(("text", "label"), *ROWS), "t.csv"),
    "text named .xlsx": (lines("text,label"), "t.xlsx"),
    "text with tabs named .xls": (lines("text\tlabel", cut="\t").encode("utf-16"), "t.xls"),
    "web page named .xls": (PAGE, "t.xls"),
    "web page in UTF-16": (PAGE.encode("utf-16"), "t.xls"),
    "web page after a declaration": ("<!DOCTYPE html>\n" + PAGE, "t.xls"),
    "XML workbook named .xls": (SHEET.format(rows=XML_ROWS), "t.xls"),
    "JSON named .csv": (json.dumps(OBJECTS), "t.csv"),
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_the_content_decides_and_not_the_ending(tmp_path: Path, kind: str) -> None:
    table = read_table(write(tmp_path, *ENDINGS[kind]))
    assert (table["text"].tolist(), table["label"].tolist()) == (TEXTS, LABELS)


OTHERS = {
    "web page without table": ("<html><body><frameset></frameset></body></html>", "data.page_without_table"),
    "web page with its parts": ("MIME-Version: 1.0\n\n<table><tr><td>a</td></tr></table>", "data.page_without_table"),
    "other XML": ('<?xml version="1.0"?><rss><channel/></rss>', "data.xml"),
    "XML with entities": ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "data.format_damaged"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_holds_no_table_is_named_for_what_it_is(tmp_path: Path, kind: str) -> None:
    content, key = OTHERS[kind]
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, content, "t.xls"))
    assert caught.value.message.key == key


@pytest.mark.parametrize("signs", ["_!_", "||", "::", "|||", " || ", "@@"])
@pytest.mark.parametrize("header", [True, False])
def test_delimiters_of_several_signs_are_found(tmp_path: Path, signs: str, header: bool) -> None:
    path = write(tmp_path, lines(*[f"text{signs}label"] * header, cut=signs))
    form = detect_format(path)
    assert (form.delimiter, form.header) == (signs, header)
    table = read_table(path, form)
    assert table.to_numpy().tolist() == [list(row) for row in ROWS]
    assert pieces_agree(path, table)


def test_signs_around_a_word_of_every_text_cut_no_row(tmp_path: Path) -> None:
    rows = [(f"a **great** film, number {number}", ("good", "bad")[number % 2]) for number in range(40)]
    for header in ("text,label\n", "a **great** text,label\n", ""):
        content = header + "".join(f'"{text}",{label}\n' for text, label in rows)
        table = read_table(write(tmp_path, content))
        assert table.to_numpy().tolist() == [list(row) for row in rows]


def test_marks_of_entities_cut_no_row(tmp_path: Path) -> None:
    marked = [f"Note {number} : BBC opens in Beijing on [5 May {2000 + number}](DATE)." for number in range(80)]
    table = read_table(write(tmp_path, "\n".join(["text", *marked]) + "\n"))
    assert table["text"].tolist() == marked
    assert guess_roles(table).spans


def test_the_label_is_never_a_column_that_is_almost_empty(tmp_path: Path) -> None:
    rows = [
        (str(number), ("none", "good", "bad")[number % 3], f"a longer text, number {number}", "")
        for number in range(36)
    ]
    rows[5] = (*rows[5][:3], "2015-08-07")
    table = read_table(write(tmp_path, lines(cut="\t", rows=rows)))
    assert guess_roles(table).label == "column 2"
    named = pandas.DataFrame(
        {"text": [row[2] for row in rows], "kind": [row[1] for row in rows], "label": ["x", *[""] * 35]}
    )
    assert guess_roles(named).label == "kind"


CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" '
    'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)


def sheet_of(cells: str, shared: str = "") -> bytes:
    """A workbook whose sheet is given as XML."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{types}"><sheets><sheet name="a" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            RELATIONS.replace('officeDocument"', 'worksheet"').replace("xl/workbook.xml", "worksheets/sheet1.xml"),
        )
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>")
        if shared:
            archive.writestr("xl/sharedStrings.xml", f"<sst {main}>{shared}</sst>")
    return content.getvalue()  # fmt: skip


def opendocument(rows: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet>'
            f'<table:table table:name="a">{rows}</table:table></office:spreadsheet></office:body></office:document-content>',
        )
    return content.getvalue()


def compound(*records: tuple[int, bytes]) -> bytes:
    """An .xls file with these records in a stream that fills eight sectors."""
    stream = b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in records)
    stream = stream.ljust(4096, b"\0")
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIII", header, 44, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 10), 0xFFFFFFFE]
    table = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))

    def entry(name: str, kind: int, first: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
        written = (name + "\0").encode("utf-16-le")
        head = written.ljust(64, b"\0") + struct.pack("<HBBIII", len(written), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return head.ljust(116, b"\0") + struct.pack("<IQ", first, size)

    folder = entry("Root Entry", 5, 0xFFFFFFFE, 0, 1) + entry("Workbook", 2, 2, 4096)
    return bytes(header) + table + folder.ljust(512, b"\0") + stream


CELL = '<c r="{place}" t="inlineStr"><is><t>x</t></is></c>'
CORNERS = f'<row r="1">{CELL.format(place="A1")}</row><row r="1048576">{CELL.format(place="XFD1048576")}</row>'
BOMBS: dict[str, tuple[bytes, str]] = {
    "cells in opposite corners": (sheet_of(CORNERS), "1,048,576 rows × 16,384 columns"),
    "the same with single marks": (sheet_of(CORNERS.replace('"', "'")), "1,048,576 rows × 16,384 columns"),
    "cells without a place": (
        sheet_of(
            f'<row r="1"><c t="inlineStr"><is><t>x</t></is></c></row><row r="1048576">{"<c><v>1</v></c>" * 40}</row>'
        ),
        "1,048,576 rows × 40 columns",
    ),
    "one string in very many cells": (
        sheet_of('<row r="1">' + '<c t="s"><v>0</v></c>' * 3000 + "</row>", f"<si><t>{'x' * 1_000_000}</t></si>"),
        "sharedStrings",
    ),
    "OpenDocument": (
        opendocument(
            '<table:table-row table:number-rows-repeated="1048575"><table:table-cell/></table:table-row><table:table-row>'
            '<table:table-cell table:number-columns-repeated="16383"/><table:table-cell><text:p>x</text:p></table:table-cell>'
            "</table:table-row>"
        ),
        "1,048,576 rows × 16,384 columns",
    ),
    "OpenDocument, one cell repeated": (
        opendocument(
            '<table:table-row table:number-rows-repeated="100000"><table:table-cell table:number-columns-repeated="16000">'
            "<text:p>x</text:p></table:table-cell></table:table-row>"
        ),
        "100,000 rows × 16,000 columns",
    ),
    "old workbook": (
        compound(
            (0x0809, bytes(16)),
            (0x0203, struct.pack("<HHHd", 0, 0, 0, 1.0)),
            (0x0203, struct.pack("<HHHd", 65535, 65535, 0, 1.0)),
            (0x000A, b""),
        ),
        "65,536 rows × 65,536 columns",
    ),
    "XML workbook": (
        SHEET.format(rows='<Row ss:Index="1048576"><Cell ss:Index="16384"><Data>x</Data></Cell></Row>').encode(),
        "1,048,576 rows × 16,384 columns",
    ),
    "JSON with another key in every row": (
        "\n".join(json.dumps({f"key {number}": 1}) for number in range(6000)).encode(),
        "columns",
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_file_that_asks_for_all_memory_is_refused_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the reader must not be asked")

    monkeypatch.setattr("python_calamine.CalamineSheet", never)
    content, part = BOMBS[kind]
    with pytest.raises(DataError) as caught:
        parsing.read_table(write(tmp_path, content, "t.xlsx"))
    assert caught.value.message.key in ("data.too_many_cells", "data.workbook_too_large")
    assert part in str(caught.value)


def test_formatted_cells_far_away_that_hold_nothing_do_no_harm(tmp_path: Path) -> None:
    cells = "".join(
        f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        f'<c r="B{number}" t="inlineStr"><is><t>{label}</t></is></c></row>'
        for number, (text, label) in enumerate([("text", "label"), *ROWS], 1)
    )
    far = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    table = read_table(write(tmp_path, sheet_of(cells + far), "t.xlsx"))
    assert table["label"].tolist() == LABELS


def test_parquet_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["x" * 1000] * 10_000}), path)
    assert path.stat().st_size < 50_000  # one string, and ten thousand times its number
    monkeypatch.setattr("core.data.reading.formats.parquet.UNPACKED_LIMIT", 5_000_000)
    with pytest.raises(DataError) as caught:
        parsing.read_table(path)
    assert caught.value.message.key == "data.parquet_too_large"


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("placeholder", b"text,label\na,b\n")
    return content.getvalue().replace(b"placeholder", name.encode().ljust(11, b"_")[:11] if name else b"placeholder")


def nameless() -> bytes:
    """A zip whose only member has no name, as no library writes it."""
    data = b"text,label\na,b\n"
    crc = zipfile.crc32(data)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 0, crc, len(data), len(data), 0, 0)
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0, crc, len(data), len(data), 0, 0, 0, 0, 0, 0, 0
    )
    start = len(local) + len(data)
    return local + data + central + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central), start, 0)


ZIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "no name": (nameless, "data.zip_name"),
    "a dot": (lambda: zipped("./././././."), "data.zip_name"),
    "a bell": (lambda: zipped("tab\x07le.csv1"), "data.zip_name"),
    "a program": (lambda: zipped("![x](a).py_"[:11].replace("_", "")), "data.zip_program"),
}


@pytest.mark.parametrize("kind", ["no name", "a dot", "a bell"])
def test_members_of_zips_without_a_proper_name_are_refused(tmp_path: Path, kind: str) -> None:
    make, key = ZIPS[kind]
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, make(), "t.zip"))
    assert caught.value.message.key == key


REAL: dict[str, tuple[int, list[str], list[str]]] = {
    "quote_pairs.tsv": (12, ["text", "label"], ["bad", "good"]),
    "header_empty_cells.csv": (12, ["v1", "v2", "column 3", "column 4"], ["bad", "good"]),
    "first_line_sep.csv": (12, ["text", "label"], ["bad", "good"]),
    "title_row.xlsx": (12, ["text", "label"], ["bad", "good"]),
    "header_longer.csv": (12, ["id", "text", "label"], ["bad", "good"]),
    "headerless.xlsx": (12, ["column 1", "column 2"], ["bad", "good"]),
    "merged_labels.xlsx": (12, ["label", "text"], ["bad", "good"]),
    "xlsx_named.xls": (12, ["text", "label"], ["bad", "good"]),
    "surrogate.jsonl": (12, ["text", "label"], ["bad", "good"]),
    "html.xls": (12, ["text", "label"], ["bad", "good"]),
    "json_wrapped.json": (12, ["text", "label"], ["bad", "good"]),
    "many_sign_delimiter.txt": (12, [f"column {number}" for number in range(1, 6)], ["100", "101"]),
    "cp1252.csv": (12, ["text", "label"], ["bad", "good"]),
    "sparse_column.tsv": (36, [f"column {number}" for number in range(1, 5)], ["bad", "good", "none"]),
}
REFUSED = {"sparse.xlsx": "data.too_many_cells", "prog.zip": "data.zip_program", "emptyname.zip": "data.zip_name"}


@pytest.mark.skipif(not CASES.is_dir(), reason=f"the cases are not there: {CASES}")
@pytest.mark.parametrize("name", REAL)
def test_the_cases_are_read_as_their_readme_expects(name: str) -> None:
    rows, columns, labels = REAL[name]
    table = read_table(CASES / name)
    roles = guess_roles(table)
    assert (len(table), list(table.columns), skipped_of(table)) == (rows, columns, [])
    assert roles.label is not None
    assert sorted(set(table[roles.label])) == labels
    assert table[roles.text].nunique() == min(rows, 12)


@pytest.mark.skipif(not CASES.is_dir(), reason=f"the cases are not there: {CASES}")
@pytest.mark.parametrize("name", REFUSED)
def test_hostile_cases_are_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table(CASES / name)
    assert caught.value.message.key == REFUSED[name]


@pytest.mark.parametrize("names", ["text,label", "text"])
def test_blanks_side_by_side_in_every_text_are_no_delimiter(tmp_path: Path, names: str) -> None:
    ends = (",good", ",bad") if "," in names else ("", "")
    lines = [f"number {row} was fine.  I would buy it again{ends[row % 2]}" for row in range(60)]
    path = tmp_path / "blanks.csv"
    path.write_text("\n".join([names, *lines]) + "\n", encoding="utf-8")
    table = read_table(path)
    assert (list(table.columns), len(table)) == (names.split(","), 60)
