"""Columns are remembered by header; tables of several labels are recognised."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.multilabel import label_columns, several_labels
from core.data.loading.column_memory import ColumnMemory

NAMES = ["id", "comment", "stars"]


def test_roles_come_back_for_the_same_header_alone(tmp_path: Path) -> None:
    memory = ColumnMemory(tmp_path)
    assert memory.get(NAMES) is None
    memory.put(NAMES, ColumnRoles("comment", "stars"))
    assert ColumnMemory(tmp_path).get(NAMES) == ColumnRoles("comment", "stars")
    assert memory.get([*NAMES, "more"]) is None
    assert memory.get(NAMES[::-1]) is None
    memory.forget(NAMES)
    assert memory.get(NAMES) is None


def test_a_damaged_file_is_an_empty_memory(tmp_path: Path) -> None:
    (tmp_path / "columns.json").write_text("{", encoding="utf-8")
    memory = ColumnMemory(tmp_path)
    assert memory.get(NAMES) is None
    memory.put(NAMES, ColumnRoles("comment", None))
    assert memory.get(NAMES) == ColumnRoles("comment", None)


def test_only_the_last_headers_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.loading.column_memory.MOST", 2)
    memory = ColumnMemory(tmp_path)
    for name in "abc":
        memory.put([name], ColumnRoles(name, None))
    assert [memory.get([name]) is not None for name in "abc"] == [False, True, True]


@pytest.mark.parametrize(
    "values",
    [
        ["food", "price", "food;price", "service", "service;food"],
        ["食物", "价格", "食物、价格", "服务"],
        ['["a", "b"]', '["a"]', '["b"]'],
        ["['a']", "['b', 'a']"],
    ],
)
def test_several_labels_in_a_cell_are_recognised(values: list[str]) -> None:
    assert several_labels(values * 5) is not None


@pytest.mark.parametrize(
    "values",
    [[], ["", " "], ["good, but dear", "bad", "so, so"], ["a", "b"], ["1,5", "2,5", "3"], ["C|C++", "Java"]],
)
def test_a_sign_inside_a_label_makes_no_list(values: list[str]) -> None:
    assert several_labels(values * 5) is None


def test_columns_of_zeros_and_ones_look_like_labels() -> None:
    table = pandas.DataFrame({"text": ["a", "b"], "x": ["0", "1"], "y": ["1", "0"], "z": ["0", "1"]})
    assert label_columns(table) == ["x", "y", "z"]
    assert label_columns(table[["text", "x", "y"]]) == []
