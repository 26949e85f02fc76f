"""Labels that are written in several ways, over the command line: made one, suggested, or told apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.store import DatasetStore
from core.workflows.requests import UpdateRequest
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.label_matching import adopt
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews

FAST = ["--model", "ngrams", "--set", "epochs=4", "buckets=1024", "embedding_size=8", "learning_rate=0.05"]
PLAIN = {"negative": ["neg"], "positive": ["pos"]}
MIXED = {"negative": ["neg", "NEG", "Neg"], "positive": ["pos", "Pos", "POS"]}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


def write(path: Path, spellings: dict[str, list[str]], seed: int = 0, rows: int = 60) -> list[str]:
    data = reviews(rows, seed=seed)
    named = [spellings[label] for label in data.label_names()]
    lines = [
        f"{text},{names[row // 2 % len(names)]}"
        for row, (text, names) in enumerate(zip(data.texts, named, strict=True))
    ]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return ["--data", str(path), "--text", "text", "--label", "label", "--classifier", "c"]


def test_floats_are_a_classifiers_whole_numbers(workspace: Workspace, tmp_path: Path, run: Any) -> None:
    run("train", *write(tmp_path / "int.csv", {"negative": ["0"], "positive": ["1"]}), *FAST)
    asked = write(tmp_path / "float.csv", {"negative": ["0.0"], "positive": ["1.0"]}, seed=1)
    out, err = run("evaluate", *asked, "--json")
    found = json.loads(out)
    assert set(found["per_class"]) == {"0", "1"}
    assert found["accuracy"] > 0.7
    assert "0.0 → 0, 1.0 → 1" in err
    assert json.loads(run("drift", *asked, "--json")[0])["new_labels"] == {}
    found = json.loads(run("update", *asked, "--strategy", "replay", "--json")[0])
    assert set(found["per_class"]) == {"0", "1"}


def test_variants_are_named_in_training_and_merged_on_request(workspace: Workspace, tmp_path: Path, run: Any) -> None:
    asked = write(tmp_path / "mixed.csv", MIXED, rows=120)
    out, err = run("train", *asked, *FAST, "--json")
    assert len(json.loads(out)["per_class"]) == 6
    assert "6 labels are spellings of 2: " in err
    assert "--merge-labels" in err
    findings = VersionFolder(workspace.registry.folder("c", 1)).report()["findings"]
    assert "spelling.likely" in {one["key"] for one in findings}
    out, err = run("train", *asked, *FAST, "--merge-labels", "--json")
    assert set(json.loads(out)["per_class"]) == {"neg", "pos"}
    assert "spellings" not in err
    assert "Labels merged, as asked: " in err


def test_variants_of_a_classifiers_labels_are_told_and_can_be_merged(
    workspace: Workspace, tmp_path: Path, run: Any
) -> None:
    run("train", *write(tmp_path / "plain.csv", PLAIN), *FAST)
    asked = write(tmp_path / "capitals.csv", {"negative": ["Neg"], "positive": ["POS", "pos"]}, seed=1)
    out, err = run("evaluate", *asked, "--json")
    assert "look like spellings of labels that the classifier knows: Neg → neg, POS → pos." in err
    assert json.loads(out)["accuracy"] < 0.5
    out, err = run("evaluate", *asked, "--merge-labels", "--json")
    assert (set(json.loads(out)["per_class"]), "spellings" in err) == ({"neg", "pos"}, False)
    assert "Neg" in json.loads(run("drift", *asked, "--json")[0])["new_labels"]
    assert json.loads(run("drift", *asked, "--merge-labels", "--json")[0])["new_labels"] == {}
    found = json.loads(run("update", *asked, "--strategy", "replay", "--merge-labels", "--json")[0])
    assert set(found["per_class"]) == {"neg", "pos"}


def test_a_table_that_shares_no_label_is_refused_instead_of_scored(
    workspace: Workspace, tmp_path: Path, run: Any
) -> None:
    run("train", *write(tmp_path / "plain.csv", PLAIN), *FAST)
    asked = write(tmp_path / "other.csv", {"negative": ["bad"], "positive": ["good"]}, seed=1)
    out, err = run("evaluate", *asked, "--json", code=2)
    assert out == ""
    assert "None of this table's labels (bad, good) is one that the classifier knows (neg, pos)" in err


def test_drift_judges_a_batch_of_new_labels_alone_and_advises_as_update_accepts(
    workspace: Workspace, tmp_path: Path, run: Any
) -> None:
    run("train", *write(tmp_path / "plain.csv", PLAIN, rows=300), *FAST)
    asked = write(tmp_path / "new.csv", {"negative": ["late"], "positive": ["early"]}, seed=1)
    found = json.loads(run("drift", *asked, "--json")[0])
    assert found["new_labels"] == {"early": 30, "late": 30}
    assert found["advice"]["kind"] == "new_labels"
    tests = {one["name"]: one for one in found["tests"]}
    assert {name for name, one in tests.items() if not one["judged"]} == {"accuracy"}
    assert tests["labels"]["verdict"] == "changed"
    assert tests["accuracy"]["reason"].startswith("Of ")
    assert "0 carry a label that the classifier knows; at least 30 are needed." in tests["accuracy"]["reason"]
    assert run("drift", *asked)[0].startswith("New labels: early, late (60 rows).")


def test_a_list_of_one_is_that_one(workspace: Workspace, tmp_path: Path, run: Any) -> None:
    path = tmp_path / "list.jsonl"
    data = reviews(60)
    rows = [{"text": text, "label": [name]} for text, name in zip(data.texts, data.label_names(), strict=True)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = json.loads(run("inspect", "--data", str(path), "--json")[0])
    assert found["labels"] == {"negative": 30, "positive": 30}


def test_inspect_offers_to_merge_and_calls_no_variant_wrong(tmp_path: Path, run: Any, evergreen_home: Path) -> None:
    path = tmp_path / "mixed.csv"
    write(path, MIXED, rows=240)
    found = {one["kind"]: one for one in json.loads(run("inspect", "--data", str(path), "--json")[0])["findings"]}
    (fix,) = found["label_spellings"]["fixes"]
    assert fix["steps"][0]["names"] == {"NEG": "neg", "Neg": "neg", "Pos": "pos", "POS": "pos"}
    assert "label_errors" not in found


def test_a_saved_batch_of_old_is_learned_in_the_classifiers_words(
    workspace: Workspace, tmp_path: Path, run: Any
) -> None:
    run("train", *write(tmp_path / "plain.csv", PLAIN), *FAST)
    data = reviews(60, seed=1)
    old = type(data)(data.texts, data.labels, ("neg\u200b", " pos"))  # as datasets were stored before
    stored = DatasetStore(workspace.home).save(old, name="old", roles=ColumnRoles("text", "label"))
    known = ("neg", "pos")
    assert adopt(workspace, stored.id, known).source["parent"] == stored.id
    assert DatasetStore(workspace.home).load(stored.id).classes == ("neg\u200b", " pos")
    request = UpdateRequest(classifier="c", dataset=stored.id, strategy="replay", settings={"epochs": 1})
    *_, done = update_classifier(request, workspace)
    assert done.report["classes"] == ["neg", "pos"]
    assert "spelling.matched" in {one["key"] for one in done.report["findings"]}


def test_several_datasets_of_a_comparison_write_a_label_in_the_same_way() -> None:
    from core.workflows.compare.streams import make_stream
    from core.workflows.requests import DataConfig

    first, second = reviews(60), reviews(60, seed=1)
    pieces = [
        ("a", type(first)(first.texts, first.labels, ("0", "1"))),
        ("b", type(second)(second.texts, second.labels, ("0.0", "1"))),
    ]
    stream = make_stream(pieces, DataConfig())
    assert stream.classes == ("0", "1")
    assert next(str(finding) for finding in stream.findings).endswith("were taken for its own: 0.0 → 0.")
