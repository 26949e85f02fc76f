"""``python -m core compare``: what it prints, and how it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.continual.methods import STRATEGIES
from core.registry.records import ComparisonStore
from tests.core.conftest import reviews

FAST = ["--seeds", "1", "--jobs", "1", "--set", "epochs=2", "buckets=1024", "learning_rate=0.02", "batch_size=8"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Reviews of two shops and two years, with four labels in all."""
    rows = []
    for number, shop in enumerate(("east", "west")):
        part = reviews(60, seed=number)
        for row, (text, label) in enumerate(zip(part.texts, part.label_names(), strict=True)):
            rows.append((text, label, f"{label} {shop}", shop, f"{2020 + number}-0{1 + row % 2}-01"))
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label", "fine", "shop", "day"), *rows])
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(("compare", *arguments)) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


def columns(path: Path, experience: str, label: str = "label") -> list[str]:
    return ["--data", str(path), "--text", "text", "--label", label, "--experience", experience]


def test_compare_prints_the_contract_and_keeps_the_comparison(table: Path, run: Any, evergreen_home: Path) -> None:
    out, _ = run(*columns(table, "shop"), "--strategies", "finetune,replay", *FAST, "--json")
    found = json.loads(out)
    assert [one["strategy"] for one in found["strategies"]] == ["finetune", "replay"]
    wanted = {
        "average_accuracy",
        "average_macro_f1",
        "forgetting",
        "plasticity",
        "backward_transfer",
        "forward_transfer",
    }
    for one in found["strategies"]:
        assert wanted | {"strategy", "seconds", "R"} <= one.keys()
        assert len(one["R"]) == len(one["R"][0]) == 2
    assert [one["name"] for one in found["experiences"]] == ["east", "west"]
    assert found["name"] == "reviews.csv"
    of_the_file = {"left_out", "guessed", "notes"}
    assert ComparisonStore(evergreen_home).load(found["id"]) == {
        name: value for name, value in found.items() if name not in of_the_file
    }


def test_without_json_it_prints_a_table_and_the_best_trade_off(table: Path, run: Any) -> None:
    out, _ = run(*columns(table, "shop"), "--strategies", "finetune", *FAST)
    heading, line, empty, *sentences = out.splitlines()
    assert heading.split()[:2] == ["accuracy", "macro-F1"]
    assert line.startswith("finetune")
    assert empty == ""
    assert "Nothing else was compared." in sentences[-1]


def test_the_label_column_gives_experiences_of_new_labels(table: Path, run: Any) -> None:
    asked = [*columns(table, "fine", label="fine"), "--strategies", "finetune", "--labels-per-experience", "2"]
    found = json.loads(run(*asked, *FAST, "--json")[0])
    assert [one["labels"] for one in found["experiences"]] == [
        ["negative east", "positive east"],
        ["negative west", "positive west"],
    ]
    assert found["strategies"][0]["R"][0][1] == 0


def test_a_time_column_gives_periods(table: Path, run: Any) -> None:
    asked = [*columns(table, "day"), "--strategies", "finetune", "--periods", "2"]
    found = json.loads(run(*asked, *FAST, "--json")[0])
    names = [one["name"] for one in found["experiences"]]
    assert names == ["2020-01-01 – 2020-02-01", "2021-01-01 – 2021-02-01"]


@pytest.mark.parametrize(
    ("experience", "others", "said"),
    [
        ("shop", ["--strategies", "finetune,nosuch"], "finetune, replay"),
        ("shop", ["--strategies", ","], "No strategy"),
        ("nosuch", ["--strategies", "finetune"], "has no column 'nosuch'"),
        ("text", ["--strategies", "finetune"], "120 experiences"),
        ("shop", ["--strategies", "finetune", "--model", "nosuch"], "ngrams"),
        ("shop", ["--strategies", "finetune", "--seeds", "0"], "1 … 10"),
        ("shop", ["--strategies", "finetune", "--set", "nosuch=1"], "no setting 'nosuch'"),
        ("shop", ["--strategies", "finetune", "--labels-per-experience", "2"], "not the label column"),
        ("shop", ["--strategies", "finetune", "--periods", "2"], "'east' is neither a date"),
    ],
)
def test_bad_input_is_one_clear_line(table: Path, run: Any, experience: str, others: list[str], said: str) -> None:
    out, err = run(*columns(table, experience), *others, code=2)
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


@pytest.fixture
def tags(tmp_path: Path) -> Path:
    """A token and its tag a line: a person and a place in each text."""
    lines = []
    for number in range(90):
        person, place = ("Anna", "Max", "Tim")[number % 3], ("Rome", "Oslo")[number % 2]
        lines += [f"note{number} O", f"{person} B-PER", "lives O", "in O", f"{place} B-LOC", ""]
    path = tmp_path / "names.conll"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_types_of_entities_arrive_one_after_the_other(tags: Path, run: Any) -> None:
    asked = ["--data", str(tags), "--task", "token_classification", "--strategies", "finetune,self_training"]
    found = json.loads(run(*asked, "--seeds", "1", "--jobs", "1", "--set", "epochs=2", "--json")[0])
    assert [one["labels"] for one in found["experiences"]] == [["LOC"], ["PER"]]
    assert (found["task"], found["score"], found["model"]) == ("token_classification", "micro_f1", "crf")
    assert [one["strategy"] for one in found["strategies"]] == ["finetune", "self_training"]
    out, _ = run(
        "--datasets", found["request"]["datasets"][0], "--cut", "labels", "--strategies", "finetune", *FAST[:4]
    )
    heading, line, _, *sentences = out.splitlines()
    assert heading.split()[:2] == ["micro-F1", "macro-F1"]
    assert line.startswith("finetune")
    assert any("only its new types are marked" in sentence for sentence in sentences)
    assert "average micro-F1" in sentences[-1]


def test_a_task_without_comparisons_is_refused(tags: Path, run: Any) -> None:
    asked = ["--data", str(tags), "--task", "multilabel_classification", "--text", "a", "--label", "b"]
    _, err = run(*asked, "--experience", "b", "--strategies", "finetune", code=2)
    assert "text_classification, token_classification" in err


def test_a_single_experience_is_refused(table: Path, tmp_path: Path, run: Any) -> None:
    one_shop = tmp_path / "one.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    one_shop.write_text("\n".join(line for line in lines if "west" not in line), encoding="utf-8")
    assert "only one experience" in run(*columns(one_shop, "shop"), "--strategies", "finetune", code=2)[1]


@pytest.mark.parametrize("command", ["update", "compare"])
def test_the_help_lists_every_strategy(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert ", ".join(STRATEGIES) in shown
