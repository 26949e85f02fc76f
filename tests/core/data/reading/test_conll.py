"""A token and its tag a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset.columns import guess_roles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import FormatCorrections, detect_format, notes_of, read_table

WANTED = [("EU rejects lamb", '[[0, 2, "ORG"]]'), ("Peter Blackburn", '[[0, 15, "PER"]]')]


@pytest.mark.parametrize("between", ["\t", " ", " NNP B-NP "])
@pytest.mark.parametrize(
    "scheme",
    [
        "EU B-ORG|rejects O|lamb O||Peter B-PER|Blackburn I-PER",
        "EU S-ORG|rejects O|lamb O||Peter B-PER|Blackburn E-PER",
    ],
)
def test_columns_and_schemes(tmp_path: Path, between: str, scheme: str) -> None:
    lines = [line.replace(" ", between) for line in scheme.split("|")]
    path = tmp_path / "tags.conll"
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    table = read_table(path)
    assert list(zip(table["text"], table["entities"], strict=True)) == WANTED
    assert notes_of(table)[0].key == "data.note_tags"
    assert guess_roles(table).spans


def test_chinese_has_no_spaces_and_tags_may_jump(tmp_path: Path) -> None:
    path = tmp_path / "zh.tsv"
    path.write_text("我\tO\n在\tO\n北\tI-LOC\n京\tI-LOC\n\n好\tO\n\n", encoding="gb18030")
    table = read_table(path)
    assert list(table["text"]) == ["我在北京", "好"]
    assert list(table["entities"]) == ['[[2, 4, "LOC"]]', "[]"]
    assert [note.key for note in notes_of(table)][1:] == ["data.tags_jump"]


def test_documents_are_groups(tmp_path: Path) -> None:
    path = tmp_path / "documents.txt"
    document = "-DOCSTART- -X- O O\n\nRome NNP I-NP B-LOC\nburns VBZ B-VP O\n\nYes UH B O\n\n"
    path.write_text(document * 2, encoding="utf-8")
    table = read_table(path)
    assert list(table["group"]) == ["1", "1", "2", "2"]
    roles = guess_roles(table)
    assert roles.group == "group"
    assert build_dataset(table, roles)[0].groups == ("1", "1", "2", "2")


def test_other_files_stay_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "reviews.tsv"
    path.write_text("text\tlabel\ngood lamp\tpos\nbad lamp\tneg\n", encoding="utf-8")
    assert list(read_table(path).columns) == ["text", "label"]
    path.write_text("one\ntwo\nthree\n", encoding="utf-8")
    assert len(read_table(path).columns) == 1


def test_what_cannot_be_read_is_told_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "damaged.tsv"
    good = b"".join(b"word%d\tO\n\n" % number for number in range(2000))
    path.write_bytes(good + b"Rome\tB-LOC\nburns\nagain\tXYZ\nbr\xffken\tO\n")
    table = read_table(path, detect_format(path, FormatCorrections(encoding="utf-8")))
    assert table["text"].iloc[-1] == "Rome burns again br�ken"
    assert table["entities"].iloc[-1] == '[[0, 4, "LOC"]]'
    told = {note.key: note.facts for note in notes_of(table)}
    assert told["data.note_without_tag"]["count"] == 2
    assert told["data.note_without_tag"]["lines"] == ["4,002", "4,003"]
    assert told["data.note_replaced_bytes"]["count"] == 1


def test_signs_that_may_end_a_line_are_tokens(tmp_path: Path) -> None:
    path = tmp_path / "signs.tsv"
    path.write_text("a\tO\n\u2028\tO\nRo\x0cme\tB-LOC\n", encoding="utf-8")
    assert list(read_table(path)["text"]) == ["a \u2028 Ro\x0cme"]
