"""``inspect`` on the command line: a file that is not saved, and a saved dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.main import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.dataset.store import DatasetStore
from core.data.reading.tables import read_table
from core.registry.records import InspectionStore

TABLE = "review,label,split\n很好吃,好评,train\n很好吃,差评,train\n电话13800138000,差评,test\n太慢,差评,test\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "外卖.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_a_file_is_looked_over_and_nothing_is_stored(
    table: Path, evergreen_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "--data", str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 4
    kinds = {one["kind"]: one for one in found["findings"]}
    assert kinds["contradictions"]["rows"] == [0, 1]
    assert kinds["personal_data"]["sentence"] == "Rows with personal data: 1 ([PHONE] 1)."
    assert kinds["personal_data"]["fixes"][0]["steps"] == [{"kind": "redact", "kinds": ["phone"]}]
    assert not (evergreen_home / "inspections").exists()
    assert DatasetStore(evergreen_home).list() == []


def test_a_saved_dataset_is_found_by_its_name_and_the_result_is_kept(
    table: Path, evergreen_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, _ = build_dataset(read_table(table), ColumnRoles("review", "label", "split"))
    stored = DatasetStore(evergreen_home).save(dataset, name="takeaway", roles=ColumnRoles("review", "label", "split"))
    assert main(["inspect", "--dataset", "takeaway"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("takeaway: 4 rows")
    assert "Texts that carry more than one label: 1, in 2 rows." in text
    assert InspectionStore(evergreen_home).get(stored.id) is not None


def test_columns_can_be_named_and_wrong_ones_are_refused(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--data", str(table), "--text", "review", "--label", "split", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 4
    assert main(["inspect", "--data", str(table), "--label", "stars"]) == 2
    assert "stars" in capsys.readouterr().err
    assert main(["inspect", "--dataset", "nothing"]) == 2
    with pytest.raises(SystemExit):
        main(["inspect"])


def test_of_a_table_without_labels_the_texts_are_looked_at_and_the_columns_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text\nvery good\nvery good\n", encoding="utf-8")
    assert main(["inspect", "--data", str(path), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["columns"], found["labels"], found["rows"]) == (["text"], {}, 2)
    assert "duplicates" in {one["kind"] for one in found["findings"]}
    assert "--label" in err


def test_the_columns_that_were_taken_are_printed_with_how_sure_that_is(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "--data", str(table)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "   text: column 'review' (sure), label: column 'label' (sure)"
    assert main(["inspect", "--data", str(table), "--label", "split"]) == 0
    assert "label: column 'split' (as you said)" in capsys.readouterr().out
    bare = tmp_path / "bare.csv"
    bare.write_text("a long enough text of words,good\nanother text of some words,bad\n" * 20, encoding="utf-8")
    assert main(["inspect", "--data", str(bare), "--no-header"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "   text: column 'column 1' (a guess), label: column 'column 2' (a guess). Where that is wrong, say so: "
        "--text --label"
    )


def test_a_saved_dataset_prints_the_columns_that_were_chosen(
    table: Path, evergreen_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roles = ColumnRoles("review", "label", "split")
    dataset, _ = build_dataset(read_table(table), roles)
    DatasetStore(evergreen_home).save(dataset, name="takeaway", roles=roles)
    assert main(["inspect", "--dataset", "takeaway"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "   text: column 'review', label: column 'label', split: column 'split'"
    )


def test_a_label_column_that_was_named_as_text_is_no_longer_taken_for_the_label(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "--data", str(table), "--text", "label", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("Column 'label', which looks like the labels, was named as the text, so only the texts")
    assert json.loads(out)["guessed"]["label"] == {"value": None, "sure": False, "told": False}


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--skip-rows", "abc", "'abc' is not a number of rows"),
        ("--skip-rows", "-1", "'-1' is not a number of rows"),
        *(
            (option, "", "nothing stands in it")
            for option in ("--delimiter", "--encoding", "--sheet", "--text", "--label")
        ),
    ],
)
def test_a_word_that_means_nothing_is_refused_in_plain_words(
    option: str, value: str, sentence: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["inspect", "--data", str(table), f"{option}={value}"])
    assert f"argument {option}: {sentence}" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["search", "--minutes"], ["serve", "--body-megabytes"]])
def test_a_number_that_is_none_is_refused_in_plain_words(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*option, "many"])
    err = capsys.readouterr().err
    assert "'many' is not a" in err
    assert "_" not in err.partition("See")[0].replace("body_megabytes", "")
