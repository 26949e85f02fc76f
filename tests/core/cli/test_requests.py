"""Options come from the fields of requests, and saved datasets may stand in the place of a file."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from core.base.config import Config, parameter, setting, settings_of
from core.cli import main
from core.cli.arguments.fields import add_fields, values_of
from core.cli.arguments.main import make_parser
from core.jobs.kinds import KINDS, Kind
from core.workflows.requests import TrainRequest
from core.workflows.standings import known_to, today
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

FAST = ["--model", "ngrams", "--set", "epochs=1", "buckets=1024", "embedding_size=8"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


class Inner(Config):
    inner_rounds: int = setting(5, label="Rounds", help="How often.", bounds=(2, 20), option="rounds")
    inner_compiled: bool = setting(True, label="Compiled", help="Whether.", option="compile")


class Everything(Config):
    name: Annotated[str, parameter("Its name.")]
    way: Literal["folds", "seeds"] = "folds"
    share: float | None = None
    skip_rows: int = 0
    loud: bool = False
    labels: list[str] = []
    settings: Annotated[dict[str, Any], parameter("Such as a=1.", option="set")] = {}
    inner: Annotated[dict[str, Any], parameter("More.", values_of=Inner)] = {}


def read(*arguments: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_fields(parser, Everything)
    return values_of(parser.parse_args(arguments), Everything)


def test_each_kind_of_field_is_read_as_what_it_is() -> None:
    given = "--name a --way seeds --share .5 --skip-rows 2 --loud --labels x,y z --set a=1 --set b=c --no-compile"
    assert read(*given.split(), "--rounds", "7") == {
        "name": "a",
        "way": "seeds",
        "share": 0.5,
        "skip_rows": 2,
        "loud": True,
        "labels": ["x", "y", "z"],
        "settings": {"a": "1", "b": "c"},
        "inner": {"inner_rounds": 7, "inner_compiled": False},
    }


def test_what_is_not_given_is_left_to_the_request() -> None:
    assert read("--name", "a") == {"name": "a", "inner": {}}


@pytest.mark.parametrize("wrong", ["", "--name a --way none", "--name a --share x", "--name a --skip-rows 1.5"])
def test_what_does_not_fit_a_field_is_refused(wrong: str) -> None:
    with pytest.raises(SystemExit):
        read(*wrong.split())


def test_a_new_field_of_a_request_is_an_option_of_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class WithTask(TrainRequest):
        task: Annotated[str, parameter("What is learned.")] = "text_classification"

    monkeypatch.setattr(Kind, "asked", lambda self: WithTask)
    given = ["--dataset", "d", "--classifier", "c", "--model", "m", "--task", "ranking"]
    asked = make_parser().parse_args(["train", *given])
    assert values_of(asked, WithTask)["task"] == "ranking"


@pytest.mark.parametrize("name", [name for name in KINDS if name != "forget"])
def test_every_field_that_is_an_option_has_a_help(name: str) -> None:
    fields = settings_of(KINDS[name].asked())
    fields += [inner for field in fields if field.values_of for inner in settings_of(field.values_of)]
    assert [field.name for field in fields if not field.help and field.name != "action"] == []


def test_options_and_typing_errors_answer_without_torch() -> None:
    code = """
import sys
from core.cli import main
for command in ("train", "update", "compare", "search", "curve", "folds", "membership", "benchmark", "inspect", "pretrain"):
    for words in ([command, "--nonsense"], [command, "--help"]):
        try:
            main(words)
        except SystemExit:
            pass
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_rows_come_from_a_file_or_a_saved_dataset_not_both(capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", "--classifier", "c", "--model", "ngrams"]
    for words, sentence in (
        ([], "required: --data or --dataset"),
        (["--data", "a.csv"], "required: --text"),
        (["--data", "a.csv", "--dataset", "a"], "--dataset: not allowed with argument --data"),
    ):
        with pytest.raises(SystemExit):
            main([*train, *words])
        assert sentence in capsys.readouterr().err


def test_a_task_that_reads_targets_asks_for_their_column_before_the_file_is_read(run: Any) -> None:
    words = ("train", "--classifier", "c", "--model", "ngrams", "--data", "nowhere.csv", "--text", "text")
    assert "required: --label" in run(*words, code=2)[1]


def test_saved_datasets_are_learned_from_by_name(workspace: Workspace, run: Any) -> None:
    first, second = save(workspace, reviews(60)), save(workspace, reviews(60, seed=1), name="second")
    trained = json.loads(run("train", "--classifier", "Shop", "--dataset", first.id, *FAST, "--json")[0])
    assert (trained["version"], trained["left_out"]["rows"], trained["guessed"]) == (1, 0, {})
    asked = ["--classifier", "Shop", "--dataset", "second", "--strategy", "replay", "--set", "epochs=1", "--json"]
    assert json.loads(run("update", *asked)[0])["parent"] == 1
    assert {stored.id for stored in workspace.datasets.list()} == {first.id, second.id}
    assert "no saved dataset 'third'" in run("train", "--classifier", "c", "--dataset", "third", *FAST, code=2)[1]
    asked = ["--classifier", "c", "--dataset", "second", "--text", "t", *FAST]
    assert "--text: this belongs to a file" in run("train", *asked, code=2)[1]


def test_the_base_of_an_update_can_be_named(workspace: Workspace, run: Any) -> None:
    first, second = save(workspace, reviews(60)), save(workspace, reviews(60, seed=1), name="second")
    for _ in range(2):
        run("train", "--classifier", "Shop", "--dataset", first.id, *FAST)
    asked = ["--classifier", "Shop", "--dataset", second.id, "--strategy", "finetune", "--set", "epochs=1", "--json"]
    assert json.loads(run("update", *asked, "--base-version", "2")[0])["parent"] == 2


def test_saved_datasets_are_compared_in_order(workspace: Workspace, run: Any) -> None:
    names = ["east", "west"]
    for number, name in enumerate(names):
        save(workspace, reviews(60, seed=number), name=name)
    asked = ["--datasets", *names, "--strategies", "finetune", "--seeds", "1", "--jobs", "1", *FAST, "--json"]
    compared = json.loads(run("compare", *asked)[0])
    assert [experience["name"] for experience in compared["experiences"]] == names
    assert [entry["id"] for entry in json.loads(run("comparisons", "list", "--json")[0])["comparisons"]] == [
        compared["id"]
    ]
    run("comparisons", "delete", "--name", compared["id"])
    assert json.loads(run("comparisons", "list", "--json")[0]) == {"comparisons": []}


def test_a_dataset_is_saved_inspected_cleaned_and_deleted(workspace: Workspace, tmp_path: Path, run: Any) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\nfine thing,good\nfine thing,good\nbad thing,bad\nodd thing,odd\n", encoding="utf-8")
    asked = ["--data", str(path), "--text", "text", "--label", "label", "--name", "rows"]
    saved = json.loads(run("datasets", "save", *asked, "--json")[0])
    assert (saved["name"], saved["rows"]) == ("rows", 4)
    again, told = run("datasets", "save", *asked[:-1], "others", "--json")
    assert json.loads(again)["name"] == "rows"
    assert "The very same rows were saved before, as 'rows'; they are kept once, so 'others' was not added." in told
    assert (
        "offers no fix 'duplicates.x'. It offers: –."
        in run("datasets", "clean", "--dataset", "rows", "--fix", "duplicates.x", code=2)[1]
    )
    findings = json.loads(run("inspect", "--dataset", "rows", "--json")[0])["findings"]
    fix = next(
        f"{finding['kind']}.{finding['fixes'][0]['name']}" for finding in findings if finding["kind"] == "duplicates"
    )
    words = ["--fix", fix, "--drop-labels", "odd", "--rename", "bad=poor", "--name", "clean"]
    cleaned = json.loads(run("datasets", "clean", "--dataset", "rows", *words, "--json")[0])
    assert (cleaned["name"], cleaned["classes"]) == ("clean", {"good": 1, "poor": 1})
    placed = ["--parent", "good=mood", "--parent", "poor=mood", "--name", "tree"]
    tree = json.loads(run("datasets", "clean", "--dataset", "clean", *placed, "--json")[0])
    assert tree["classes"] == {"mood > good": 1, "mood > poor": 1}
    circle = ["--parent", "good=poor", "--parent", "poor=good"]
    assert "in a circle" in run("datasets", "clean", "--dataset", "clean", *circle, code=2)[1]
    run("datasets", "delete", "--name", "tree")
    run("datasets", "delete", "--name", "rows")
    assert [stored.name for stored in workspace.datasets.list()] == ["clean"]
    assert "no 'rows' among the datasets" in run("datasets", "delete", "--name", "rows", code=2)[1]


def test_corrections_are_added_listed_and_removed(workspace: Workspace, run: Any) -> None:
    run("train", "--classifier", "Shop", "--dataset", save(workspace, reviews(60)).id, *FAST)
    run("corrections", "add", "--classifier", "Shop", "--text", "so so", "--label", "negative")
    listed = json.loads(run("corrections", "list", "--classifier", "Shop", "--json")[0])["corrections"]
    assert [(entry["text"], entry["label"], entry["version"]) for entry in listed] == [("so so", "negative", 1)]
    assert "Shop': 0" in run("corrections", "remove", "--classifier", "Shop", "--text", "so so")[1]
    assert json.loads(run("classifiers", "list", "--json")[0])["classifiers"][0]["champion"] == 1


def test_a_candidate_is_kept_back_and_the_lineage_says_so(workspace: Workspace, run: Any) -> None:
    first, second = save(workspace, reviews(60)), save(workspace, reviews(60, seed=1), name="second")
    run("train", "--classifier", "Shop", "--dataset", first.id, *FAST)
    asked = ["--classifier", "Shop", "--dataset", second.id, "--strategy", "replay", "--set", "epochs=1"]
    run("update", *asked)
    kept = json.loads(run("keep", "--classifier", "Shop", "--version", "2", "--json")[0])
    assert kept == {"classifier": "Shop", "champion": 1}
    decision = workspace.registry.version("Shop", 2).decision
    assert decision is not None
    assert not decision.promoted
    run("classifiers", "delete", "--name", "Shop")
    assert workspace.registry.classifiers() == []


def test_language_models_are_listed_by_their_perplexity_on_the_same_tests(
    workspace: Workspace, tmp_path: Path, run: Any
) -> None:
    for verb, seed in (("train", 0), ("update", 1)):
        file = tmp_path / f"{verb}.csv"
        file.write_text("\n".join(["text", *(f'"{text}"' for text in reviews(60, seed=seed).texts)]), encoding="utf-8")
        fast = ["--set", "epochs=1", "--json", *(["--size", "tiny"] if verb == "train" else [])]
        run("generate", verb, "--name", "W", "--data", str(file), "--text", "text", *fast)
    listed = json.loads(run("generate", "list", "--json")[0])["generators"]
    same = today(known_to(workspace.registry, "W"), workspace.home)
    assert same is not None
    assert same.reference == 2
    expected = [same.report(number).scores["perplexity"].value for number in (1, 2)]
    assert [entry["today"] for entry in listed] == pytest.approx(expected)
    assert listed[0]["today"] != listed[0]["perplexity"]  # version 1 was measured on one test, now there are two
