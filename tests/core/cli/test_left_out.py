"""What every verb that names a file says of rows left out, of guesses, and how its format is corrected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.cli.arguments.main import make_parser
from core.data.dataset.store import DatasetStore
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews

FAST = ["--model", "ngrams", "--set", "epochs=2", "buckets=1024", "embedding_size=8", "learning_rate=0.02"]
LEFT_OUT = "6 of 66 rows were left out: they have 3 fields instead of 2; the first are lines 2, 13, 24, 35, 46."


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


def write(path: Path, seed: int = 0) -> Path:
    """60 rows and, before each tenth of them, one that has a field too many."""
    data = reviews(60, seed=seed)
    lines = ["text,label"]
    for row, (text, label) in enumerate(zip(data.texts, data.label_names(), strict=True)):
        if row % 10 == 0:
            lines.append(f"{text}, and more,{label}")
        lines.append(f"{text},{label}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def table(path: Path) -> list[str]:
    return ["--data", str(path), "--text", "text", "--label", "label"]


def check(out: str, err: str) -> dict[str, Any]:
    assert LEFT_OUT in err.splitlines()
    found: dict[str, Any] = json.loads(out)
    assert (found["left_out"]["rows"], found["left_out"]["first_lines"]) == (6, [2, 13, 24, 35, 46])
    assert found["left_out"]["reason"] == LEFT_OUT
    assert found["guessed"]["delimiter"]["value"] == ","
    return found


def test_train_update_evaluate_drift_and_predict_say_what_was_left_out(
    workspace: Workspace, tmp_path: Path, run: Any
) -> None:
    first, batch = write(tmp_path / "first.csv"), write(tmp_path / "batch.csv", 1)
    shop = ["--classifier", "Shop"]
    check(*run("train", *table(first), *shop, *FAST, "--json"))
    version = VersionFolder(workspace.registry.folder("Shop", 1))
    assert LEFT_OUT in [one["text"].format(**_joined(one["facts"])) for one in version.report()["findings"]]
    assert DatasetStore(workspace.home).list()[0].source["left_out"][0]["rows"] == 6
    check(*run("evaluate", *table(batch), *shop, "--json"))
    check(*run("drift", *table(batch), *shop, "--json"))
    out = ["--out", str(tmp_path / "out.csv")]
    found = check(*run("predict", "--data", str(first), "--text", "text", *shop, *out, "--json"))
    assert (found["rows"], found["labelled"]) == (60, 60)
    check(*run("update", *table(batch), *shop, "--strategy", "replay", "--json"))


def _joined(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: ", ".join(value) if isinstance(value, list) else value for name, value in facts.items()}


def test_inspect_tells_columns_labels_and_rows_left_out(tmp_path: Path, run: Any, evergreen_home: Path) -> None:
    path = write(tmp_path / "first.csv")
    with path.open("a", encoding="utf-8") as file:
        file.write("no label at all,\n,good\n")
    out, err = run("inspect", "--data", str(path), "--json")
    found = json.loads(out)
    assert (found["columns"], found["rows"]) == (["text", "label"], 60)
    assert found["labels"] == {"negative": 30, "positive": 30}
    assert [part["rows"] for part in found["left_out"]["parts"]] == [6, 1, 1]
    assert "1 of 68 rows was left out: row 67 has no label." in err
    assert [part["first_lines"] for part in found["left_out"]["parts"]][1:] == [[69], [68]]
    assert found["guessed"]["label"] == {"value": "label", "sure": True, "told": False}


def test_compare_tells_rows_without_experience_too(workspace: Workspace, tmp_path: Path, run: Any) -> None:
    path = tmp_path / "stream.csv"
    lines = ["text,label,shop", "too,many,fields,good,east"]
    for number, shop in enumerate(("east", "west")):
        part = reviews(40, seed=number)
        lines += [f"{text},{label},{shop}" for text, label in zip(part.texts, part.label_names(), strict=True)]
    path.write_text("\n".join([*lines, "nobody knows,positive,"]) + "\n", encoding="utf-8")
    asked = [*table(path), "--experience", "shop", "--strategies", "finetune", "--seeds", "1", "--jobs", "1"]
    out, err = run("compare", *asked, "--set", "epochs=1", "buckets=1024", "--json")
    found = json.loads(out)
    assert [(part["reason"], part["rows"]) for part in found["left_out"]["parts"]] == [
        ("ragged", 1),
        ("no_experience", 1),
    ]
    assert found["left_out"]["parts"][1]["first_lines"] == [83]
    assert "'shop' says of no experience: 1 of 82 rows" in err
    assert {"left_out.ragged_single", "left_out.no_experience"} <= {one["key"] for one in found["findings"]}


@pytest.mark.parametrize(
    "verb",
    [
        ["train"],
        ["update"],
        ["evaluate"],
        ["drift"],
        ["compare"],
        ["predict"],
        ["inspect"],
        ["benchmark"],
        ["pretrain"],
        ["vectors", "learn"],
        ["generate", "train"],
        ["generate", "update"],
    ],
)
def test_every_verb_that_names_a_file_takes_corrections_of_its_format(
    verb: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args([*verb, "--help"])
    text = capsys.readouterr().out
    for option in ("--encoding", "--delimiter", "--header", "--no-header", "--sheet", "--skip-rows"):
        assert option in text


def test_a_format_that_is_told_is_taken_and_one_that_is_guessed_is_named(tmp_path: Path, run: Any) -> None:
    path = tmp_path / "odd.csv"
    lines = [f"{text};{label}" for text, label in zip(reviews(20).texts, reviews(20).label_names(), strict=True)]
    path.write_bytes("\n".join(["# a title", *lines]).encode("utf-16-le"))
    told = ["--encoding", "utf-16-le", "--delimiter", ";", "--no-header", "--skip-rows", "1"]
    out, err = run("inspect", "--data", str(path), "--json", *told)
    found = json.loads(out)
    assert (found["rows"], found["columns"]) == (20, ["column 1", "column 2"])
    assert found["guessed"]["encoding"] == {"value": "utf-16-le", "sure": True, "told": True}
    assert "Read as" not in err


def test_what_is_said_of_a_file_without_naming_one_is_refused(tmp_path: Path, run: Any) -> None:
    for asked in (["inspect", "--dataset", "x"], ["benchmark", "--classifier", "x"]):
        _, err = run(*asked, "--delimiter", ";", code=2)
        assert "--delimiter: this belongs to a file" in err
