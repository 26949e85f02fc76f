"""The command line's contract, in process: what it prints, and how it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.data.labelling.corrections import Corrections
from core.workflows.train import ladder
from core.workflows.train.ladder import Rung
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews

FAST = ["--set", "epochs=2", "buckets=1024", "learning_rate=0.02", "batch_size=8"]


def write(path: Path, rows: int = 120, **asked: Any) -> Path:
    data = reviews(rows, **asked)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *zip(data.texts, data.label_names(), strict=True)])
    return path


def table(path: Path) -> list[str]:
    return ["--data", str(path), "--text", "text", "--label", "label", "--classifier", "Shop"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


@pytest.fixture
def trained(workspace: Workspace, tmp_path: Path, run: Any) -> dict[str, Any]:
    out, _ = run("train", *table(write(tmp_path / "first.csv")), "--model", "ngrams", *FAST, "--json")
    found: dict[str, Any] = json.loads(out)
    return found


def test_train_prints_the_contract(trained: dict[str, Any]) -> None:
    wanted = {"version", "accuracy", "macro_f1", "per_class", "baseline", "seconds", "parity_max_abs_diff"}
    assert wanted <= trained.keys()
    assert trained["version"] == 1
    assert set(trained["per_class"]) == {"negative", "positive"}


def test_without_a_model_train_prints_the_ladder(
    workspace: Workspace, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rungs = (Rung("linear", "linear"), Rung("again", "linear"), Rung("frozen", "encoder", {"tuning": "frozen"}))
    monkeypatch.setattr(ladder, "RUNGS", rungs)
    asked = ["train", *table(write(tmp_path / "first.csv")), "--set", f"encoder=folder:{tmp_path / 'none'}"]
    plain = run(*asked)[0].splitlines()
    assert plain[0].startswith("* linear   version 1: accuracy 1.000 (")
    assert plain[0].endswith(" answers a second")
    assert plain[1].startswith("  again    version 2: accuracy 1.000 (")
    assert plain[2].startswith("  frozen   left out: ")
    assert str(tmp_path / "none") in plain[2]
    assert plain[3].startswith("Version 1 serves.")
    told = json.loads(run(*asked, "--json")[0])
    assert [(rung["rung"], rung["model"], rung["version"], rung["serves"]) for rung in told["ladder"]] == [
        ("linear", "linear", 3, True),
        ("again", "linear", 4, False),
        ("frozen", "encoder", None, False),
    ]
    assert told["ladder"][2]["left_out"] in plain[2]
    assert (told["version"], told["promoted"]) == (3, False)  # version 1 serves on


def test_a_wrong_setting_of_auto_is_refused_before_the_file_is_read(workspace: Workspace, run: Any) -> None:
    _, error = run("train", *table(Path("missing.csv")), "--set", "wings=2", code=2)
    assert "wings" in error


def test_the_whole_life_of_a_classifier(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    batch = write(tmp_path / "batch.csv", seed=1)
    content = json.loads(run("update", *table(batch), "--strategy", "replay", "--promote", "never", "--json")[0])
    assert content["version"] == 2
    assert not content["promoted"]
    assert {"R_row", "forgetting", "plasticity", "gate"} <= content.keys()
    assert content["R_row"] == content["R"][-1]

    listed = json.loads(run("versions", "--classifier", "Shop", "--json")[0])["versions"]
    assert [(one["version"], one["champion"], one["parent"]) for one in listed] == [(1, True, None), (2, False, 1)]

    run("promote", "--classifier", "Shop")
    measured = json.loads(run("evaluate", *table(batch), "--json")[0])
    assert measured["version"] == 2
    assert measured["rows"] == 120
    assert "1 of 'Shop'" in run("rollback", "--classifier", "Shop")[1]
    assert run("rollback", "--classifier", "Shop", code=2)[1].count("\n") == 1


def test_evaluate_says_which_rows_the_version_has_met(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    first, new = tmp_path / "first.csv", write(tmp_path / "new.csv", rows=30, seed=5)
    known = json.loads(run("evaluate", *table(first), "--json")[0])["known"]
    parts = {"rows": 120, "learned": 84, "validated": 12, "tested": 24, "new": 0, "missing": []}
    assert known == parts
    shown = run("evaluate", *table(first))[0]
    assert "met the texts of 120 before: learned from 84, chose its best epoch by 12, was tested on 24" in shown
    assert json.loads(run("evaluate", *table(new), "--json")[0])["known"]["new"] == 30
    assert "before" not in run("evaluate", *table(new))[0]


def test_drift_says_why_rows_cannot_be_compared(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    shown = run("drift", *table(tmp_path / "first.csv"))[0]
    assert "of the 120 rows, 0 have a text that was not learned or tested before" in shown
    assert "learned from 84, chose its best epoch by 12, was tested on 24" in shown
    assert json.loads(run("drift", *table(tmp_path / "first.csv"), "--json")[0])["known"]["learned"] == 84


def test_an_update_names_labels_that_are_new_to_the_model(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    batch = write(tmp_path / "batch.csv", seed=1)
    with batch.open("a", encoding="utf-8") as file:
        file.writelines(f"where is parcel {row},question\n" for row in range(20))
    content = json.loads(run("update", *table(batch), "--strategy", "replay", "--json", *FAST)[0])
    assert content["new_labels"] == ["question"]
    assert "Labels that are new to the model, with their rows: question (20)." in content["findings"]
    again = write(tmp_path / "again.csv", seed=2)
    assert "new to the model" not in run("update", *table(again), "--strategy", "replay", *FAST)[0]


def test_a_training_prints_what_was_noticed(workspace: Workspace, tmp_path: Path, run: Any) -> None:
    data = reviews(120)
    path = tmp_path / "groups.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        people = [("a", "b", "c")[row % 3] for row in range(120)]
        csv.writer(file).writerows(
            [("text", "label", "who"), *zip(data.texts, data.label_names(), people, strict=True)]
        )
    asked = ["train", *table(path), "--group", "who", "--model", "ngrams", *FAST]
    assert "The validation part holds rows of 1 group" in run(*asked)[0]


def test_rules_of_the_gate_are_given_by_name_and_kept(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    ask = ["--strategy", "replay", "--json"]
    first = [*table(write(tmp_path / "a.csv", seed=1)), *ask, "--tolerance", "3", "--gate", "check_labels=no"]
    gate = json.loads(run("update", *first)[0])["gate"]
    assert (gate["settings"]["tolerance"], gate["settings"]["check_labels"]) == (3.0, False)
    assert [rule["kind"] for rule in gate["rules"]] == ["older", "newest", "calibration"]
    second = [*table(write(tmp_path / "b.csv", seed=2)), *ask, "--gate", "minimum_gain=2", "label_tolerance=5"]
    gate = json.loads(run("update", *second)[0])["gate"]
    kept = (gate["settings"][name] for name in ("tolerance", "check_labels", "minimum_gain", "label_tolerance"))
    assert tuple(kept) == (3.0, False, 2.0, 5.0)
    for wrong in (["--gate", "speed=9"], ["--gate", "label_tolerance=much"], ["--tolerance", "101"], ["--gate", "x"]):
        out, err = run("update", *table(tmp_path / "absent.csv"), *ask, *wrong, code=2)
        assert (out, err.count("\n")) == ("", 1)
        assert "absent.csv" not in err


def test_a_script_can_promote_against_the_gate_and_it_is_written_down(
    trained: dict[str, Any], tmp_path: Path, run: Any, workspace: Workspace
) -> None:
    asked = [*table(write(tmp_path / "batch.csv", rows=200, seed=1)), "--strategy", "replay"]
    run("update", *asked, "--gate", "minimum_gain=100")
    _, err = run("promote", "--classifier", "Shop")
    assert "against this version and --reason was not given" in err
    history = workspace.registry.champion_history
    assert history("Shop")[-1]["reason"] == "command line, against the gate: no reason written"
    run("rollback", "--classifier", "Shop")
    _, err = run("promote", "--classifier", "Shop", "--version", "2", "--reason", "The old test is out of date")
    assert "reason" not in err
    assert history("Shop")[-1]["reason"] == "command line, against the gate: The old test is out of date"
    listed = json.loads(run("versions", "--classifier", "Shop", "--json")[0])["versions"]
    assert listed[0]["decision"] is None
    assert listed[1]["decision"]["reason"] == "The old test is out of date"


def test_predict_keeps_every_row_in_order(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('id,text\n7,"the lamp is great,\nreally"\n8,\n9,awful\n', encoding="utf-8")
    run("predict", "--data", str(source), "--text", "text", "--classifier", "Shop", "--out", str(target))
    with target.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["7", "8", "9"]
    assert rows[0]["text"] == "the lamp is great,\nreally"
    assert rows[1]["predicted"] == ""
    assert rows[2]["predicted"] in ("negative", "positive")


def test_export_writes_a_bundle(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    run("export", "--classifier", "Shop", "--out", str(tmp_path / "b.zip"))
    names = zipfile.ZipFile(tmp_path / "b.zip").namelist()
    assert sorted(names) == sorted(
        [
            "model.onnx",
            "tokenizer.json",
            "labels.json",
            "config.json",
            "model_card.md",
            "inputs.py",
            "personal.py",
            "pipeline.py",
            "predict.py",
            "words.py",
        ]
    )


def test_without_json_it_speaks_plainly(trained: dict[str, Any], run: Any) -> None:
    assert run("versions", "--classifier", "Shop")[0].startswith("*   1  train")


def test_versions_are_listed_on_the_same_rows(trained: dict[str, Any], run: Any) -> None:
    found = json.loads(run("versions", "--classifier", "Shop", "--json")[0])
    (version,) = found["versions"]
    assert found["same_tests"]["rows"] == version["today"]["rows"] == 24  # a fifth of 120
    assert (
        version["today"]["accuracy"]["value"] == version["accuracy"]
    )  # of a single version, the tests of its own time
    assert version["today"]["change_of_accuracy"] is None


def test_a_refused_update_leaves_no_dataset_behind(
    trained: dict[str, Any], run: Any, tmp_path: Path, workspace: Workspace
) -> None:
    before = [stored.id for stored in workspace.datasets.list()]
    few = write(tmp_path / "few.csv", rows=2, seed=7)
    assert "too few" in run("update", *table(few), "--strategy", "replay", code=2)[1]
    assert [stored.id for stored in workspace.datasets.list()] == before


def test_corrections_join_an_update_and_leave_the_queue_when_it_serves(
    trained: dict[str, Any], run: Any, tmp_path: Path, workspace: Workspace
) -> None:
    queue = Corrections(workspace.home)
    queue.add("Shop", "put right by hand", "positive", predicted="negative", version=1)
    batch = [*table(write(tmp_path / "batch.csv", seed=1)), "--strategy", "replay", "--promote", "always"]
    err = run("update", *batch, "--with-corrections")[1]
    assert "1 correction joined the batch." in err
    assert queue.list("Shop") == []
    assert "put right by hand" in workspace.datasets.load(workspace.datasets.list()[0].id).texts


@pytest.mark.parametrize(
    "arguments",
    [
        [
            "train",
            "--data",
            "absent.csv",
            "--text",
            "text",
            "--label",
            "label",
            "--classifier",
            "x",
            "--model",
            "ngrams",
        ],
        ["train", "--data", "{file}", "--text", "nope", "--label", "label", "--classifier", "x", "--model", "ngrams"],
        ["train", "--data", "{file}", "--text", "text", "--label", "label", "--classifier", "a/b", "--model", "ngrams"],
        ["train", "--data", "{file}", "--text", "text", "--label", "label", "--classifier", "x", "--model", "gpt"],
        ["train", *"--data {file} --text text --label label --classifier x --model ngrams --set epochs".split()],
        ["train", *"--data {file} --text text --label label --classifier x --model ngrams --set epochs=many".split()],
        ["train", *"--data {file} --text text --label label --classifier x --model ngrams --set wings=2".split()],
        [
            "update",
            "--data",
            "{file}",
            "--text",
            "text",
            "--label",
            "label",
            "--classifier",
            "x",
            "--strategy",
            "replay",
        ],
        [
            "update",
            "--data",
            "{file}",
            "--text",
            "text",
            "--label",
            "label",
            "--classifier",
            "x",
            "--strategy",
            "magic",
        ],
        ["evaluate", "--data", "{file}", "--text", "text", "--label", "label", "--classifier", "x"],
        ["predict", "--data", "{file}", "--text", "text", "--classifier", "x", "--out", "out.csv"],
        ["export", "--classifier", "x", "--out", "b.zip"],
        ["versions", "--classifier", "x"],
        ["promote", "--classifier", "x", "--version", "1"],
        ["promote", "--classifier", "x"],
        ["rollback", "--classifier", "x"],
    ],
)
def test_bad_input_gives_one_line_and_exit_code_2(
    workspace: Workspace, tmp_path: Path, run: Any, arguments: list[str]
) -> None:
    file = write(tmp_path / "first.csv", rows=20)
    out, err = run(*(argument.format(file=file) for argument in arguments), code=2)
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_typing_errors_give_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--data"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_answers_without_torch() -> None:
    code = """
import sys
sys.argv = ["core", "--help"]
try:
    import core.__main__
except SystemExit:
    pass
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_text_is_forgotten_and_the_receipt_printed(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    assert trained["version"] == 1
    text = reviews(120).texts[0]
    wanted = tmp_path / "texts.txt"
    wanted.write_text(f"{text}\n", encoding="utf-8")
    asked = ("forget", "--classifier", "Shop", "--texts", str(wanted))
    assert json.loads(run(*asked, "--dry-run", "--json")[0])["rows"] == 1
    receipt = json.loads(run(*asked, "--json")[0])
    assert [(one["name"], one["rows"], one["left"]) for one in receipt["datasets"]] == [("first.csv", 1, 119)]
    assert text not in str(receipt)
    assert "no such rows" in run(*asked, code=2)[1]
    assert "cannot be read" in run("forget", "--classifier", "Shop", "--texts", str(tmp_path / "none.txt"), code=2)[1]


def test_drift_says_what_changed_and_what_to_do(trained: dict[str, Any], tmp_path: Path, run: Any) -> None:
    batch = write(tmp_path / "batch.csv", 200, seed=1, extra="refundable")
    found = json.loads(run("drift", *table(batch), "--json")[0])
    assert found["version"] == 1
    assert found["advice"] == {
        "kind": "update",
        "message": "An update is advised: the batch differs in 3 of 4 comparisons.",
    }
    assert found["tests"][5]["reason"].startswith("Too few rows to compare: 24 earlier")
    assert {test["name"]: test["verdict"] for test in found["tests"]}["words"] == "changed"
    assert next(iter(found["new_words"].items())) == ("refundable", 200)
    shown = run("drift", *table(batch))[0]
    assert "words       changed   p = 0.001" in shown
    assert "more often (per 1,000 of 200 new / 120 earlier texts): refundable 1000 / 0" in shown
    assert run("drift", *table(batch)[:-1], "Nobody", code=2)[1].count("\n") == 1
