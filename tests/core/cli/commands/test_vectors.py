"""``vectors`` on the command line: list, add, learn, delete, and plain refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main

Run = Any


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(["vectors", *arguments]) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


def test_the_life_of_a_set(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("good 1 2\nbad 3 4\nbroken x 5\nfilm 5 6\n", encoding="utf-8")
    out, _ = run("add", "--file", str(path), "--name", "我的")
    assert 'word_vectors="own:我的"' in out
    assert "1 lines of the file held no vector" in out
    added = json.loads(run("add", "--file", str(path), "--name", "few", "--limit", "2", "--json")[0])
    assert (added["reference"], added["words"], added["dimensions"]) == ("own:few", 2, 2)
    listed = json.loads(run("list", "--json")[0])["vectors"]
    assert {one["reference"] for one in listed} == {"packaged:glove-6b-50d", "own:few", "own:我的"}
    assert "deleted" in run("delete", "--name", "few")[1]
    assert "own:few" not in run("list")[0]


def test_vectors_are_learned_from_a_column(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,n\n" + "the cat sat on a mat and saw one dog eat its food,1\n" * 3, encoding="utf-8")
    table = ["learn", "--data", str(path), "--name", "mine"]
    settings = ["--set", "vectors_size=10", "vectors_epochs=1"]
    learned = json.loads(run(*table, "--text", "text", *settings, "--json")[0])
    assert (learned["words"], learned["dimensions"], learned["source"]) == (13, 10, "texts.csv")
    assert "no column 'body'" in run(*table, "--text", "body", code=2)[1]
    assert "vectors_size" in run(*table, "--text", "text", "--set", "vectors_size=1", code=2)[1]


def test_mistakes_are_one_line_on_standard_error(run: Run, tmp_path: Path) -> None:
    for arguments in (
        ("add", "--file", str(tmp_path / "nowhere.txt"), "--name", "x"),
        ("delete", "--name", "nobody"),
        ("delete", "--name", "../../etc"),
    ):
        out, error = run(*arguments, code=2)
        assert out == ""
        assert error.count("\n") == 1
