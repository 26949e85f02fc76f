"""Entities however a table writes them, and those that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles, guess_roles
from core.data.dataset.rows import build_dataset
from core.data.loading.load import dataset_of
from core.data.reading.tables import read_table
from core.data.spans.cells import fitting_target, read_entities, unmarked
from core.data.spans.targets import Span

TEXT = "Tim Cook runs Apple"
WANTED = '[[0, 8, "PER"], [14, 19, "ORG"]]'


@pytest.mark.parametrize(
    "cell",
    [
        [[0, 8, "PER"], [14, 19, "ORG"]],  # doccano
        [{"start": 14, "end": 19, "label": "ORG"}, {"start": 0, "end": 8, "label": "PER"}],  # Prodigy
        [{"start": 0, "end": 8, "text": "Tim Cook", "labels": ["PER"]}, {"start": 14, "end": 19, "labels": ["ORG"]}],
        {"entities": [[0, 8, "PER"], [14, 19, "ORG"]]},  # spaCy
        [{"start_offset": 0, "end_offset": 8, "label": "PER"}, {"start_offset": 14, "end_offset": 19, "label": "ORG"}],
    ],
)
def test_lists_and_objects(cell: object) -> None:
    read = read_entities([TEXT, "nothing"], [json.dumps(cell), "[]"])
    assert read.targets == [WANTED, "[]"]
    assert read.texts == [TEXT, "nothing"]
    assert read.notes == ()


def test_marks_in_the_text() -> None:
    read = read_entities(["[Tim Cook](PER) runs [Apple](ORG)", "see [this](https://a.b)", "plain"], None)
    assert read.texts == [TEXT, "see [this](https://a.b)", "plain"]
    assert read.targets == [WANTED, "[]", "[]"]
    assert unmarked("去[北京](LOC)玩") == ("去北京玩", [Span(1, 3, "LOC")])


def test_tokens_with_tags() -> None:
    tokens, tags = ["Tim", "Cook", "runs", "Apple"], ["B-PER", "I-PER", "O", "I-ORG"]
    read = read_entities([json.dumps(tokens)], [json.dumps(tags)])
    assert (read.texts, read.targets) == ([TEXT], [WANTED])
    (note,) = read.notes
    assert note.key == "data.tags_jump"
    assert note.facts["count"] == 1


def test_what_cannot_be_is_left_out_and_told_with_its_rows() -> None:
    cells = [
        '[[0, 3, "A"], [2, 90, "A"]]',  # beyond the text
        '[[0, 8, "A"], [4, 8, "B"]]',  # within another
        '[[1, 8, "A"]]',  # in the midst of a word
        '[[8, 9, "A"], [0, 4, "A"]]',  # a blank alone, and one at the end
        "",
    ]
    read = read_entities([TEXT] * 5, cells)
    assert read.targets == ['[[0, 3, "A"]]', '[[0, 8, "A"]]', '[[1, 8, "A"]]', '[[0, 3, "A"]]', ""]
    assert {note.key: (note.facts["count"], note.facts["rows"]) for note in read.notes} == {
        "data.spans_outside": (2, ["1", "4"]),
        "data.spans_overlap": (1, ["2"]),
        "data.spans_inside_words": (1, ["3"]),
    }


def test_a_cell_that_is_no_list_is_named_with_the_cure() -> None:
    with pytest.raises(DataError, match=r"holds 'positive' in row 2, which is no list of entities.*\[\[0, 5"):
        read_entities([TEXT, TEXT], ["[]", "positive"], "label")
    with pytest.raises(DataError, match="None of the 2 rows has an entity"):
        read_entities([TEXT, TEXT], ["[]", "[]"], "label")


def test_a_column_of_entities_is_found_among_others(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": ["1", "2"], "body": [TEXT, "none"], "labels": [WANTED, "[]"], "n": ["[1]", "[2]"]})
    assert guess_roles(table) == ColumnRoles("body", "labels", spans=True)
    # Lists of labels are no entities, and neither are links marks.
    assert not guess_roles(table.assign(labels=['["joy"]', "[]"])).spans
    marked = pd.DataFrame({"text": ["[Tim](PER) came", "to [Rome](LOC)", "and left"]})
    assert guess_roles(marked) == ColumnRoles("text", None, spans=True)
    dataset, _ = build_dataset(marked, guess_roles(marked))
    assert dataset.texts == ("Tim came", "to Rome", "and left")


def test_a_file_of_lines_from_an_annotator(tmp_path: Path) -> None:
    path = tmp_path / "doccano.jsonl"
    rows = [{"id": 1, "text": TEXT, "label": [[0, 8, "PER"]]}, {"id": 2, "text": "名叫小明", "label": [[2, 4, "PER"]]}]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    table = read_table(path)
    loaded = dataset_of(table, guess_roles(table), name=path.name)
    assert loaded.roles.kind == "spans"
    assert loaded.dataset.label_names() == ['[[0, 8, "PER"]]', '[[2, 4, "PER"]]']


def test_what_somebody_marks_is_kept_as_far_as_it_can_be() -> None:
    assert fitting_target(TEXT, '[[14, 19, "ORG"], [0, 9, "PER"], [3, 8, "LOC"], [15, 90, "LOC"]]') == WANTED
    assert fitting_target("😀 e\u0301a", '[[2, 4, "X"]]') == '[[2, 4, "X"]]'
    assert fitting_target(TEXT, "[]") == "[]"
    for broken in ("", "Tim", '{"a": 1}', "[[0, 1]]", '[[0, "x", "ORG"]]', '[[0, 3, ""]]'):
        assert fitting_target(TEXT, broken) is None
