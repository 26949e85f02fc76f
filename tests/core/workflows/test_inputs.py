"""Further columns from a table to the answer: learned, exported, explained, updated, asked and forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.cli import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.inputs import parse, row_of
from core.data.dataset.rows import build_dataset
from core.networks.standalone.predict import Classifier
from core.workflows.bundle import write_bundle
from core.workflows.drift.words import known_words
from core.workflows.forget.rows import find_rows
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.explaining import explain_answer
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace
from tests.encoders import tiny_encoder

INPUTS = (("title", "text"), ("kind", "category"), ("price", "number"), ("when", "date"))
SETTINGS: dict[str, dict[str, Any]] = {
    "linear": {},
    "ngrams": {"epochs": 12, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.05, "batch_size": 8},
    "bilstm": {"epochs": 2, "embedding_size": 16, "hidden_size": 16, "layers": 1, "batch_size": 16},
}


def table(rows: int = 160, *, first: int = 0, kinds: tuple[str, ...] = ("book", "toy")) -> pd.DataFrame:
    """Texts that say nothing: a low price is good, and of kinds that begin with b a higher one, too."""
    numbers = np.arange(first, first + rows)
    kind = [kinds[number % len(kinds)] for number in numbers]
    price = [int(number * 7 % 100) for number in numbers]
    good = [cost < (60 if name.startswith("b") else 40) for cost, name in zip(price, kind, strict=True)]
    return pd.DataFrame(
        {
            "text": [f"it is number {number}" for number in numbers],
            "label": ["good" if each else "bad" for each in good],
            "title": [("a nice title", "另一个标题", "")[number % 3] for number in numbers],
            "kind": kind,
            "price": [str(cost) for cost in price],
            "when": [f"2026-0{1 + number % 9}-11" for number in numbers],
        }
    ).astype("str")


def save(workspace: Workspace, frame: pd.DataFrame, inputs: Any = INPUTS) -> str:
    roles = ColumnRoles("text", "label", inputs=inputs)
    dataset, _ = build_dataset(frame, roles, batch=True)
    return workspace.datasets.save(dataset, name="toy", roles=roles).id


def train(workspace: Workspace, model: str = "linear", **settings: Any) -> dict[str, Any]:
    asked = {**SETTINGS.get(model, {}), **settings}
    request = TrainRequest(classifier="Shop", dataset=save(workspace, table()), model=model, settings=asked)
    *_, ended = train_classifier(request, workspace)
    report: dict[str, Any] = ended.report
    return report


def path_of(workspace: Workspace, number: int = 1) -> Path:
    return workspace.registry.folder("Shop", number)


@pytest.mark.parametrize("model", list(SETTINGS))
def test_a_model_reads_columns_and_its_file_says_the_same(workspace: Workspace, model: str) -> None:
    report = train(workspace, model)
    # The longest of the texts compared has 20,480 tokens; adding so many up, PyTorch itself is 3e-5 off what float64 says.
    assert report["parity"]["max_abs_diff"] < 1e-4
    assert [known["name"] for known in VersionFolder(path_of(workspace)).inputs] == [name for name, _ in INPUTS]
    assert any(finding["key"] == "train.reads_inputs" for finding in report["findings"])
    engine = Classifier(path_of(workspace))
    values = {"title": "a nice title", "kind": "toy", "when": "2026-03-11"}
    rows = [
        row_of(engine.pipeline.inputs, "it is number 5", {**values, "price": price}) for price in ("3", "4", "97", "")
    ]
    answers = engine.compute(rows)
    np.testing.assert_array_equal(answers[0], answers[1])  # of the same part
    assert not np.array_equal(answers[0], answers[2])
    if model == "linear":
        assert engine.predict(rows[:3]) == ["good", "good", "bad"]
        assert report["overall"]["accuracy"]["value"] > 0.7


def test_switched_off_the_text_alone_is_read(workspace: Workspace) -> None:
    train(workspace, use_inputs=False)
    engine = Classifier(path_of(workspace))
    assert engine.pipeline.inputs == []
    spec = [{"name": "price", "kind": "number"}]
    answers = engine.compute(["it is", row_of(spec, "it is", {"price": "3"})])
    np.testing.assert_array_equal(answers[0], answers[1])


def test_a_pretrained_encoder_reads_columns_as_text(workspace: Workspace, tmp_path: Path) -> None:
    folder = tiny_encoder(tmp_path / "encoder")
    report = train(workspace, "encoder", encoder=f"folder:{folder}", tuning="frozen", epochs=1, max_length=64)
    assert report["parity"]["max_abs_diff"] < 1e-4
    engine = Classifier(path_of(workspace))
    row = row_of(engine.pipeline.inputs, "it is", {"title": "nice title", "price": "12"})
    assert engine.pipeline.as_text(row)[0] == "title: nice title\nprice: 12\nit is"
    attribution = explain_answer(path_of(workspace), engine, row)
    assert [row[word.start : word.end] for word in attribution.words] == ["it", "is", "nice", "title", "12"]
    assert any(word.score for word in attribution.words[2:])


def test_the_share_of_a_column_is_explained_and_all_shares_add_up(workspace: Workspace) -> None:
    train(workspace)
    engine = Classifier(path_of(workspace))
    values = {"title": "a nice title", "kind": "toy", "price": "3", "when": "2026-03-11"}
    row = row_of(engine.pipeline.inputs, "it is number 5", values)
    attribution = explain_answer(path_of(workspace), engine, row)
    assert attribution.method == "linear"
    assert attribution.error is not None
    assert attribution.error < 1e-3
    shares = {row[word.start : word.end]: word.score for word in attribution.words}
    assert {"a", "nice", "title", "toy", "3", "2026-03-11"} <= shares.keys()
    assert max(shares, key=lambda word: shares[word]) in ("3", "toy")
    without_price = Classifier(path_of(workspace)).compute([row_of(engine.pipeline.inputs, "it is number 5", {})])
    assert without_price.shape == (1, 2)


def test_an_update_learns_a_new_category_and_says_what_the_batch_lacks(workspace: Workspace) -> None:
    train(workspace)
    known = VersionFolder(path_of(workspace)).load_pipeline()
    batch = table(80, first=1000, kinds=("box", "car"))
    lacking = save(workspace, batch, tuple(column for column in INPUTS if column[0] != "when"))
    request = UpdateRequest(classifier="Shop", dataset=lacking, strategy="replay")
    *_, ended = update_classifier(request, workspace)
    grown = VersionFolder(path_of(workspace, 2)).load_pipeline()
    row = row_of(known.inputs, "it is", {"kind": "box"})
    assert known.unknown_values(row) == {"kind": "box"}
    assert grown.unknown_values(row) == {}
    assert ended.report["parity"]["max_abs_diff"] < 1e-5
    (finding,) = (finding for finding in ended.report["findings"] if finding["key"] == "update.inputs_missing")
    assert finding["facts"]["columns"] == ["when"]


def test_a_batch_with_columns_for_a_version_that_reads_none(workspace: Workspace) -> None:
    plain = save(workspace, table(), ())
    *_, _ = train_classifier(TrainRequest(classifier="Shop", dataset=plain, model="linear"), workspace)
    request = UpdateRequest(classifier="Shop", dataset=save(workspace, table(60, first=500)), strategy="replay")
    *_, ended = update_classifier(request, workspace)
    assert VersionFolder(path_of(workspace, 2)).inputs == []
    assert any(finding["key"] == "update.inputs_unread" for finding in ended.report["findings"])


def test_a_row_is_forgotten_by_its_text_with_all_its_columns(workspace: Workspace) -> None:
    frame = table()
    frame.loc[[3, 4], "kind"] = "Mrs Rare"
    roles = ColumnRoles("text", "label", inputs=INPUTS)
    dataset, _ = build_dataset(frame, roles)
    stored = workspace.datasets.save(dataset, name="toy", roles=roles)
    *_, _ = train_classifier(TrainRequest(classifier="Shop", dataset=stored.id, model="linear"), workspace)
    found = find_rows("Shop", workspace, texts=["it is number 3", "it is number 4"])
    assert found.missing_texts == ()
    rows = {matched.dataset: matched.rows.tolist() for matched in found.datasets}
    assert rows == {stored.id: [3, 4]}
    request = ForgetRequest(classifier="Shop", rows=rows, digests=sorted(found.digests), wanted=sorted(found.wanted))
    list(forget_rows(request, workspace))
    left = [file for file in workspace.home.rglob("*") if file.is_file() and b"rs rare" in file.read_bytes().lower()]
    assert left == []


def test_a_bundle_alone_answers_lines_of_json_and_tables(workspace: Workspace, tmp_path: Path) -> None:
    train(workspace)
    write_bundle(path_of(workspace), tmp_path / "bundle.zip")
    home = tmp_path / "home"
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(home)
    engine = Classifier(path_of(workspace))
    frame = table(4)
    expected = [
        engine.predict([row_of(engine.pipeline.inputs, row["text"], row)])[0] for row in frame.to_dict(orient="records")
    ]
    lines = [
        json.dumps({"text": row["text"], "inputs": {name: row[name] for name, _ in INPUTS}})
        for row in frame.to_dict(orient="records")
    ]

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "predict.py", *arguments]
        return subprocess.run(command, cwd=home, input=stdin, capture_output=True, encoding="utf-8", timeout=120)

    frame.to_csv(home / "rows.csv", index=False)
    for done in (run(stdin="\n".join(lines)), run("--csv", "rows.csv")):
        assert done.returncode == 0, done.stderr
        assert [line.split("\t")[0] for line in done.stdout.splitlines()] == expected
        assert [line.split("\t")[2] for line in done.stdout.splitlines()] == list(frame["text"])
    wrong = run(stdin='{"text": "a", "inputs": {"price": "abc"}}')
    assert wrong.returncode == 2
    assert "'abc' is no value for the column 'price'" in wrong.stderr
    assert "Its columns are: title, kind, price, when" in run(stdin='{"text": "a", "inputs": {"prices": 1}}').stderr
    assert "'inputs' is to be an object" in run(stdin='{"text": "a", "inputs": [1]}').stderr
    (home / "rows.csv").write_text("text,price\na,abc\n", encoding="utf-8")
    assert "'abc' is no value for the column 'price'" in run("--csv", "rows.csv").stderr
    (home / "rows.csv").write_text("body,price\na,1\n", encoding="utf-8")
    assert "no column 'text'. Its columns are: body, price." in run("--csv", "rows.csv").stderr
    (home / "rows.csv").write_text("text,title,price\na thing\n", encoding="utf-8")  # a row that ends early
    assert run("--csv", "rows.csv").stdout.split("\t")[2] == "a thing\n"


# -- the command line


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(arguments) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.usefixtures("workspace")
def test_the_command_line_trains_with_columns_and_asks_with_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, plain, out = tmp_path / "rows.csv", tmp_path / "plain.csv", tmp_path / "out.csv"
    table().to_csv(rows, index=False)
    table(20, first=300)[["text", "label", "price"]].to_csv(plain, index=False)
    asked = ["--classifier", "Shop", "--data", str(rows), "--text", "text", "--label", "label"]
    inputs = ["--input", "title:text", "--input", "kind", "--input", "price:number"]
    told, _ = run(capsys, "train", *asked, *inputs, "--model", "linear", "--json")
    assert "title (text), kind (category), price (number)" in " ".join(json.loads(told)["findings"])
    _, said = run(capsys, "predict", "--classifier", "Shop", "--data", str(rows), "--text", "text", "--out", str(out))
    assert "lacks" not in said
    answered = pd.read_csv(out)
    assert (answered["predicted"] == answered["label"]).mean() > 0.8
    _, said = run(capsys, "predict", "--classifier", "Shop", "--data", str(plain), "--text", "text", "--out", str(out))
    assert "lacks: title, kind" in said
    asked[3] = str(plain)
    _, said = run(capsys, "evaluate", *asked)
    assert "lacks: title, kind" in said


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("price:money", "The kinds are: text, number, category, date"),
        ("title:number", "'title' is to hold values of the kind 'number'"),
        ("nothing", "has no column 'nothing'"),
    ],
)
def test_the_command_line_refuses_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, sentence: str
) -> None:
    table().to_csv(tmp_path / "rows.csv", index=False)
    asked = ["--classifier", "Shop", "--data", str(tmp_path / "rows.csv"), "--text", "text", "--label", "label"]
    _, said = run(capsys, "train", *asked, "--input", column, "--model", "linear", code=2)
    assert sentence in said


def test_rows_of_a_table_keep_their_columns_in_frozen_tests(workspace: Workspace) -> None:
    train(workspace)
    tested = VersionFolder(path_of(workspace)).predictions(1)["text"]
    assert all([field.name for field in parse(text)[1]] == [name for name, _ in INPUTS] for text in tested)


def test_drift_knows_the_words_of_rows_it_has_learned(workspace: Workspace) -> None:
    train(workspace)
    folder = VersionFolder(path_of(workspace))
    known = known_words(folder, read_past(folder, workspace))
    assert known is not None
    counted = known.read(list(folder.predictions(1)["text"]))  # "it is number 7", and columns
    assert (counted.words == 4).all()
    assert (counted.unknown == 1).all()  # the number
