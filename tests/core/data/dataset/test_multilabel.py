"""Tables with several labels a row: how they are written is found, and every way leads to the same targets."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import LIST, ColumnRoles, guess_roles
from core.data.dataset.label_sets import counts_of, labels_of, target_of
from core.data.dataset.multilabel import guess_separator, label_columns, separated
from core.data.dataset.rows import build_dataset
from core.data.dataset.store import DatasetStore
from core.data.loading.load import dataset_of, load_table

SETS = [("joy", "love"), ("joy",), (), ("anger",), ("anger", "joy"), ("love",)] * 6
TARGETS = [target_of(names) for names in SETS]


def table(**columns: list[str]) -> pd.DataFrame:
    texts = [f"a text of its own {row}" for row in range(len(SETS))]
    return pd.DataFrame({"text": texts, **columns}, dtype="string")


def targets(frame: pd.DataFrame, roles: ColumnRoles, *, batch: bool = False) -> list[str]:
    return build_dataset(frame, roles, batch=batch)[0].label_names()


def test_a_target_does_not_depend_on_order_and_none_is_no_empty_cell() -> None:
    assert target_of(["love", "joy", "love"]) == "joy|love"
    assert (target_of([]), labels_of("|"), labels_of("")) == ("|", (), ())
    assert counts_of(["a|b", "a", "|"]) == {"a": 2, "b": 1}


@pytest.mark.parametrize("separator", ["|", ";", ",", "；", "，", "、", "/"])
def test_separators_are_found_and_read(separator: str) -> None:
    cells = [f"{separator} ".join(names) or separator for names in SETS]
    frame = table(label=cells)
    roles = separated(frame, guess_roles(frame))
    assert roles.separator == separator
    assert targets(frame, roles) == TARGETS


def test_lists_are_read_as_json_and_python_write_them() -> None:
    cells = [
        str(list(names)) if row % 2 else f"[{', '.join(chr(34) + name + chr(34) for name in names)}]"
        for row, names in enumerate(SETS)
    ]
    assert guess_separator(cells) == LIST
    assert targets(table(label=cells), ColumnRoles("text", "label", separator=LIST)) == TARGETS


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("yes", "No"), ("TRUE", "false"), ("x", ""), ("是", "否")])
def test_columns_of_yes_and_no_are_a_label_each(yes: str, no: str) -> None:
    columns = {name: [yes if name in names else no for names in SETS] for name in ("anger", "joy", "love")}
    frame = table(**columns)
    assert label_columns(frame) == ["anger", "joy", "love"]
    assert targets(frame, ColumnRoles("text", None, labels=("anger", "joy", "love"))) == TARGETS


def test_a_separator_is_found_where_labels_seldom_stand_alone() -> None:
    cells = [first + ";" + second for first in ("new", "other", "third") for second in ("old", "older", "oldest")]
    cells = [*cells, "new", "other", "third"] * 5
    assert guess_separator(cells) == ";"
    assert guess_separator(["good, but dear", "bad, and late", "fine"] * 10) is None
    assert guess_separator(["Paris/France", "Lyon/France", "Nice/France", "Brest/France"] * 10) is None


def test_of_a_batch_for_a_model_a_single_cell_with_two_of_its_labels_tells() -> None:
    cells = ["joy", "anger"] * 30 + ["joy;anger"]
    assert guess_separator(cells) is None
    assert guess_separator(cells, ("joy", "anger", "love")) == ";"


def test_lists_of_one_are_the_same_as_that_one() -> None:
    frame = table(label=[f'["{"ab"[row % 2]}"]' for row in range(len(SETS))])
    assert guess_separator(frame["label"].tolist()) is None
    plain = table(label=["ab"[row % 2] for row in range(len(SETS))])
    roles = ColumnRoles("text", "label")
    assert targets(frame, roles) == targets(plain, roles)
    assert separated(frame, roles) == roles


def test_empty_cells_say_nothing_and_are_set_aside() -> None:
    cells = ["", *["; ".join(names) or ";" for names in SETS][1:]]
    dataset, set_aside = build_dataset(table(label=cells), ColumnRoles("text", "label", separator=";"))
    assert set_aside.empty_label == (0,)
    assert "|" in dataset.classes


def test_rows_that_are_blank_in_all_columns_are_set_aside_where_others_say_no() -> None:
    columns = {name: ["1" if name in names else "0" for names in SETS] for name in ("anger", "joy", "love")}
    columns = {name: ["", *values[1:]] for name, values in columns.items()}
    _, set_aside = build_dataset(table(**columns), ColumnRoles("text", None, labels=("anger", "joy", "love")))
    assert set_aside.empty_label == (0,)


def test_a_constant_column_is_left_out_with_a_sentence() -> None:
    columns = {name: ["1" if name in names else "0" for names in SETS] for name in ("anger", "joy")}
    frame = table(**columns, idle=["0"] * len(SETS))
    roles = ColumnRoles("text", None, labels=("anger", "joy", "idle"))
    loaded = dataset_of(frame, roles, name="table.csv")
    assert any("same in every row" in str(note) and "idle" in str(note) for note in loaded.notes)
    assert set(counts_of(loaded.dataset.label_names())) == {"anger", "joy"}
    batch = table(**columns, idle=["1"] * len(SETS))  # of a model that knows the label this is nothing odd
    assert "idle" in counts_of(targets(batch, roles, batch=True))


def test_columns_that_are_all_constant_are_refused() -> None:
    frame = table(anger=["0"] * len(SETS), joy=["1"] * len(SETS))
    with pytest.raises(DataError, match="same in every row, so there is nothing to learn"):
        targets(frame, ColumnRoles("text", None, labels=("anger", "joy")))


def test_what_is_neither_yes_nor_no_is_named() -> None:
    frame = table(anger=["0.7"] * len(SETS), joy=["1"] * len(SETS))
    with pytest.raises(DataError, match=r"'anger' holds \['?0.7|Column 'anger' holds 0.7"):
        targets(frame, ColumnRoles("text", None, labels=("anger", "joy")))


def test_a_label_with_the_sign_between_labels_is_refused() -> None:
    frame = table(label=['["a|b", "c"]'] * len(SETS))
    with pytest.raises(DataError, match="Rename it"):
        targets(frame, ColumnRoles("text", "label", separator=LIST))


def test_what_is_no_list_is_named() -> None:
    with pytest.raises(DataError, match="no list of labels"):
        targets(table(label=["[joy, "] * len(SETS)), ColumnRoles("text", "label", separator=LIST))


def test_a_label_for_every_row_is_refused() -> None:
    cells = [f"label {row}; other {row}" for row in range(len(SETS))]
    with pytest.raises(DataError, match="72 different labels for 36 rows"):
        targets(table(label=cells), ColumnRoles("text", "label", separator=";"))


def test_the_roles_come_back_with_the_dataset(tmp_path: Path) -> None:
    roles = ColumnRoles("text", None, labels=("anger", "joy", "love"))
    frame = table(**{name: ["1" if name in names else "0" for names in SETS] for name in roles.labels})
    dataset, _ = build_dataset(frame, roles)
    store = DatasetStore(tmp_path)
    stored = store.info(store.save(dataset, name="sets", roles=roles).id)
    assert stored.roles == roles
    assert stored.label_rows == {"anger": 12, "joy": 18, "love": 12}
    with pytest.raises(DataError, match="may have several labels"):
        stored.check_single()


def test_lists_of_a_json_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    quoted = ['["joy", "love"]', '["joy"]', "[]", '["anger"]'] * 10
    lines = [f'{{"text": "a text of its own {row}", "labels": {cell}}}' for row, cell in enumerate(quoted)]
    path.write_text("\n".join(lines), encoding="utf-8")
    frame = load_table(path)
    roles = separated(frame, guess_roles(frame))
    assert roles.separator == LIST
    assert targets(frame, roles)[:4] == ["joy|love", "joy", "|", "anger"]
