"""A model that marks entities goes all the way: file, training, ONNX, update with a type that comes later, API, bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from core.base.errors import ConfigError, DataError
from core.cli import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.store import StoredDataset
from core.data.loading.load import dataset_of
from core.data.recipe import DropRepeats, Redact
from core.data.spans.targets import Span, spans_of, target_of
from core.networks.pretrained import EncoderInfo
from core.serving.api.app import create_app
from core.serving.api.keys import KeyStore
from core.tasks import TASKS
from core.workflows.bundle import write_bundle
from core.workflows.learn.candidate import Completed
from core.workflows.recipes import save_cleaned
from core.workflows.requests import DataConfig, TrainRequest, UpdateRequest, strategies_for
from core.workflows.train import encoders
from core.workflows.train.auto import Climbed, train
from core.workflows.train.estimate import estimate
from core.workflows.train.expected import expect
from core.workflows.train.run import train_classifier
from core.workflows.update.run import compare_batch, update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace
from tests.encoders import tiny_encoder

PEOPLE = ("Anna", "Tim Cook", "Max", "小明", "Ola Nordmann")
PLACES = ("Rome", "New York", "Oslo", "北京")
FAST = {"epochs": 6, "embedding_size": 20, "hidden_size": 20, "dropout": 0.1, "learning_rate": 0.02, "memory_size": 40}


@pytest.fixture
def workspace(evergreen_home: Path, new_store: Path) -> Workspace:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return open_workspace(evergreen_home)


def rows(count: int, seed: int, *, marked: tuple[str, ...] = ("PER", "LOC")) -> TextDataset:
    """Made-up sentences; only entities of some types are marked."""
    generator = np.random.default_rng(seed)
    texts, targets = [], []
    for number in range(count):
        person, place = generator.choice(PEOPLE), generator.choice(PLACES)
        before = f"Note {seed}x{number} : "
        text = f"{before}{person} lives in {place} ."
        start = len(before)
        spans = [
            Span(start, start + len(person), "PER"),
            Span(start + len(person) + 10, start + len(person) + 10 + len(place), "LOC"),
        ]
        assert text[spans[1].start : spans[1].end] == place
        texts.append(text)
        targets.append(target_of(span for span in spans if span.type in marked))
    classes = tuple(sorted(set(targets)))
    return TextDataset(tuple(texts), np.array([classes.index(target) for target in targets]), classes)


def saved(workspace: Workspace, dataset: TextDataset, name: str) -> StoredDataset:
    roles = ColumnRoles(text="text", label="entities", spans=True)
    return workspace.datasets.save(dataset, name=name, roles=roles)


def trained(workspace: Workspace, dataset: TextDataset, *, model: str = "bilstm_crf", **settings: Any) -> Completed:
    request = TrainRequest(
        classifier="Names",
        dataset=saved(workspace, dataset, "first").id,
        model=model,
        task="token_classification",
        settings=(FAST if model == "bilstm_crf" else {}) | settings,
    )
    *_, completed = train_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def updated(workspace: Workspace, dataset: TextDataset, strategy: str = "auto", **asked: Any) -> Completed:
    request = UpdateRequest(
        classifier="Names", dataset=saved(workspace, dataset, f"batch {len(dataset)}").id, strategy=strategy, **asked
    )
    *_, completed = update_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def test_it_learns_answers_alike_in_onnx_and_stands_beside_a_strong_baseline(workspace: Workspace) -> None:
    report = trained(workspace, rows(200, 0)).report
    assert report["overall"]["micro_f1"]["value"] > 0.9
    assert report["baseline"]["method"] == "crfsuite"
    assert report["baseline"]["report"]["micro_f1"]["value"] > 0.9
    assert report["parity"]["max_abs_diff"] < 1e-4
    assert report["parity"]["label_agreement"] == 1
    assert report["overall"]["per_type"].keys() == {"PER", "LOC"}
    assert report["classes"] == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    folder = VersionFolder(workspace.registry.folder("Names", 1))
    table = folder.predictions(1)
    assert not [name for name in table if name.startswith("p_")]
    score = TASKS["token_classification"].report(table["truth"].tolist(), table["predicted"].tolist(), folder.outputs)
    assert score.scores["micro_f1"].value == pytest.approx(report["overall"]["micro_f1"]["value"])


def test_a_solved_field_answers_as_crfsuite_and_learns_on(workspace: Workspace) -> None:
    report = trained(workspace, rows(60, 0, marked=("PER",)), model="crf").report
    assert report["parity"]["max_abs_diff"] < 1e-4
    assert report["overall"]["micro_f1"]["value"] >= report["baseline"]["report"]["micro_f1"]["value"]
    assert report["end"]["key"] == "training.solved_field"
    later = updated(workspace, rows(80, 1, marked=("LOC",)), settings={"epochs": 6}).report
    assert later["parity"]["max_abs_diff"] < 1e-4
    assert min(later["micro_f1_matrix"][1]) > 0.7


@pytest.mark.parametrize("settings", [{}, {"chain": True, "tuning": "lora"}, {"max_length": 16, "windows": 3}])
def test_a_pretrained_encoder_marks_alike_in_its_file(
    workspace: Workspace, tmp_path: Path, settings: dict[str, Any]
) -> None:
    encoder = f"folder:{tiny_encoder(tmp_path)}"
    request = TrainRequest(
        classifier="Names",
        dataset=saved(workspace, rows(80, 0), "first").id,
        model="encoder",
        task="token_classification",
        settings={"encoder": encoder, "epochs": 2, "trim_pieces": False, "max_length": 60, **settings},
    )
    *_, completed = train_classifier(request, workspace)
    assert isinstance(completed, Completed)
    assert completed.report["parity"]["max_abs_diff"] < 1e-4
    assert completed.report["parity"]["label_agreement"] == 1
    assert completed.report["segmentation"] == "pieces"
    report = updated(workspace, rows(60, 2), settings={"epochs": 1}).report
    assert len(report["micro_f1_matrix"]) == 2


def test_auto_climbs_from_what_is_solved(workspace: Workspace) -> None:
    request = TrainRequest(
        classifier="Names",
        dataset=saved(workspace, rows(120, 0), "first").id,
        task="token_classification",
        settings={"minutes": 0.5, "epochs": 2},
    )
    *_, climbed = train(request, workspace)
    assert isinstance(climbed, Climbed)
    assert climbed.ladder[0].rung == "crf"
    assert climbed.ladder[0].serves


def test_a_long_document_is_read_to_its_end(workspace: Workspace) -> None:
    trained(workspace, rows(120, 0), max_length=64)
    engine = TASKS["token_classification"].engine(workspace.registry.folder("Names", 1))
    text = "😀 e\u0301 nothing here . " * 4000 + "Note 0x1 : Tim Cook lives in Rome ."
    assert len(text) > 80_000
    answers = engine.answer([text, ""])
    found = [text[entity.start : entity.end] for entity in answers.values[0, 0] if entity.start > len(text) - 40]
    assert found == ["Tim Cook", "Rome"]
    assert not answers.truncated.any()
    assert answers.values[1, 0] == []


def test_a_type_that_comes_later_is_learned_and_the_old_one_kept(workspace: Workspace) -> None:
    trained(workspace, rows(200, 0, marked=("PER",)))
    batch = rows(240, 1, marked=("LOC",))
    forgetful = updated(workspace, batch, "finetune").report
    keeping = updated(workspace, batch).report
    assert keeping["strategy"] == "self_training"
    assert keeping["classes"] == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    matrix = keeping["micro_f1_matrix"]
    assert matrix[1][0] > 0.9
    assert matrix[1][1] > 0.7
    assert matrix[1][0] > forgetful["micro_f1_matrix"][1][0] + 0.2
    assert {change["name"] for change in keeping["gate_evidence"]["labels"]} == {"PER"}
    distilled = updated(workspace, batch, "lwf").report
    assert distilled["micro_f1_matrix"][1][0] > forgetful["micro_f1_matrix"][1][0] + 0.2
    assert distilled["micro_f1_matrix"][1][1] > 0.7
    engine = TASKS["token_classification"].engine(workspace.registry.folder("Names", 3))
    text = "Note : Anna lives in Oslo ."
    (entities,) = engine.entities([text])
    assert [(text[each.start : each.end], each.type) for each in entities] == [("Anna", "PER"), ("Oslo", "LOC")]


@pytest.mark.parametrize("strategy", sorted(strategies_for(TASKS["token_classification"])))
def test_every_strategy_that_is_offered_makes_a_version(workspace: Workspace, strategy: str) -> None:
    trained(workspace, rows(60, 0), epochs=1)
    report = updated(workspace, rows(50, 2), strategy, settings={"epochs": 1}).report
    assert report["updates_by"] == strategy
    assert len(report["micro_f1_matrix"]) == 2


def test_tables_of_another_kind_are_refused_either_way(workspace: Workspace) -> None:
    labels = TextDataset(("a b", "c d") * 20, np.array([0, 1] * 20), ("x", "y"))
    plain = workspace.datasets.save(labels, name="labels", roles=ColumnRoles("text", "label"))
    asked = {"classifier": "Names", "model": "bilstm_crf", "task": "token_classification"}
    with pytest.raises(DataError, match="no entities are marked"):
        list(train_classifier(TrainRequest(dataset=plain.id, **asked), workspace))
    spans = saved(workspace, rows(40, 0), "spans")
    with pytest.raises(DataError, match="here each text needs labels"):
        list(train_classifier(TrainRequest(classifier="L", dataset=spans.id, model="linear"), workspace))
    with pytest.raises(ConfigError, match="does not suit this model: it solves for one answer a text"):
        list(train_classifier(TrainRequest(dataset=spans.id, strategy="slda", **asked), workspace))


@pytest.mark.parametrize(
    ("model", "pasted"),
    [("crf", "Zylphonette lives in Oslo ."), ("bilstm_crf", "[Zylphonette](PER) lives in [Oslo](LOC) .")],
)
def test_a_forgotten_text_leaves_neither_itself_nor_its_words(
    workspace: Workspace, tmp_path: Path, model: str, pasted: str
) -> None:
    made = rows(60, 0)
    secret = "Zylphonette lives in Oslo ."
    texts = (secret, *made.texts[1:])
    targets = (target_of([Span(0, 11, "PER"), Span(21, 25, "LOC")]), *made.label_names()[1:])
    classes = tuple(sorted(set(targets)))
    splits = ("train", *(("train", "train", "train", "validation", "test")[row % 5] for row in range(59)))
    numbers = np.array([classes.index(target) for target in targets])
    trained(workspace, TextDataset(texts, numbers, classes, splits), model=model, epochs=2)
    folder = VersionFolder(workspace.registry.folder("Names", 1))
    assert "zylphonette" in folder.load_pipeline().tokenizer.get_vocab()
    asked = tmp_path / "forget.txt"
    asked.write_text(pasted + "\n", encoding="utf-8")
    assert main(["forget", "--classifier", "Names", "--texts", str(asked)]) == 0
    left = [
        path
        for path in workspace.home.rglob("*")
        if path.is_file() and any(word in path.read_bytes().lower() for word in (b"zylphon", b"=zyl", b"nette"))
    ]
    assert left == []
    answers = folder.task.engine(folder.path).entities(["Note : Anna lives in Rome ."])
    assert len(answers) == 1


def test_what_is_to_be_expected_is_measured_before_a_training(workspace: Workspace) -> None:
    dataset = saved(workspace, rows(120, 0), "first").id
    request = TrainRequest(classifier="Names", dataset=dataset, task="token_classification")
    expected = expect(request, workspace)
    assert expected.name == "micro_f1"
    assert expected.score.value > 0.9
    solved = estimate(request.model_copy(update={"model": "crf"}), workspace)
    assert solved.epochs == 1
    assert solved.seconds < 30


def test_where_several_encoders_are_at_hand_the_usual_one_is_taken(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Auto asks from ten minutes on; trying them takes a head on whole texts, which says nothing of entities."""
    several = [EncoderInfo(f"folder:{name}", name, "folder", installed=True) for name in ("one", "two")]
    monkeypatch.setattr(encoders, "at_hand", lambda *_: several)
    dataset, task = rows(60, 0), TASKS["token_classification"]
    (*_, advice) = encoders.recommend(dataset, "en", task, DataConfig(), 10, workspace.sources)
    assert isinstance(advice, encoders.Advice)
    assert advice.reason.key == "recommend.usual"
    assert advice.best == "folder:one"


def test_texts_in_which_places_count_are_not_changed(workspace: Workspace) -> None:
    texts = ("Write to Tim at tim@example.org", "Write to Anna", "Write to Anna")
    targets = ('[[9, 12, "PER"]]', '[[9, 13, "PER"]]', '[[9, 13, "PER"]]')
    classes = tuple(sorted(set(targets)))
    stored = saved(workspace, TextDataset(texts, np.array([classes.index(each) for each in targets]), classes), "mail")
    with pytest.raises(DataError, match="by their places"):
        save_cleaned(workspace, stored.id, [Redact()])
    assert save_cleaned(workspace, stored.id, [DropRepeats()]).rows == 2
    table = pd.DataFrame({"text": texts, "entities": targets, "price": ["1", "2", "3"]})
    with pytest.raises(DataError, match=r"read the text alone.*price"):
        build_dataset(table, ColumnRoles("text", "entities", spans=True, inputs=(("price", "number"),)))


def test_command_line_api_and_bundle_mark_the_same(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = rows(120, 0)
    file = tmp_path / "rows.jsonl"
    lines = [
        json.dumps({"text": text, "label": json.loads(target)}, ensure_ascii=False)
        for text, target in zip(dataset.texts, dataset.label_names(), strict=True)
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    settings = [f"{name}={value}" for name, value in FAST.items()]
    command = ["train", "--classifier", "Names", "--data", str(file), "--text", "text", "--label", "label"]
    assert (
        main([*command, "--task", "token_classification", "--model", "bilstm_crf", "--set", *settings, "--json"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == 1

    tags = tmp_path / "tags.tsv"
    tags.write_text("\n".join(f"Anna{number}\tB-PER\nsleeps\tO\n" for number in range(30)), encoding="utf-8")
    plain = ["train", "--classifier", "Tags", "--data", str(tags), "--task", "token_classification", "--model", "crf"]
    assert main([*plain, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1

    asked = tmp_path / "ask.csv"
    text = "Note 9x9 : Tim Cook lives in New York ."
    asked.write_text(f'text\n"{text}"\n', encoding="utf-8")
    out = tmp_path / "out.csv"
    assert main(["predict", "--classifier", "Names", "--data", str(asked), "--text", "text", "--out", str(out)]) == 0
    answered = out.read_text(encoding="utf-8-sig")
    assert "Tim Cook (PER), New York (LOC)" in answered
    out = tmp_path / "out.jsonl"
    assert main(["predict", "--classifier", "Names", "--data", str(asked), "--text", "text", "--out", str(out)]) == 0
    (row,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (row["text"], row["predicted"], row["truncated"]) == (text, "Tim Cook (PER), New York (LOC)", False)
    assert [(each["start"], each["end"], each["type"]) for each in row["entities"]] == [
        (11, 19, "PER"),
        (29, 37, "LOC"),
    ]

    secret = KeyStore(workspace.home).create("test")
    with TestClient(create_app(workspace.home), headers={"X-API-Key": getattr(secret, "secret", secret)}) as client:
        body = {"classifier": "Names", "texts": [text, ""]}
        extracted = client.post("/extract", json=body).json()["predictions"]
        assert extracted == client.post("/predict", json=body).json()["predictions"]
        assert [(each["text"], each["type"]) for each in extracted[0]["entities"]] == [
            ("Tim Cook", "PER"),
            ("New York", "LOC"),
        ]
        assert extracted[1]["entities"] == []
        document = "nothing here . " * 7000 + text
        (read,) = client.post("/extract", json={"classifier": "Names", "text": document}).json()["predictions"]
        assert len(document) > 100_000
        assert [entity["text"] for entity in read["entities"]] == [
            entity["text"] for entity in extracted[0]["entities"]
        ]
        assert client.post("/extract", json={"classifier": "Names", "text": "a" * 200_001}).status_code == 422
        right = json.dumps([[11, 14, "PER"]])
        queued = client.post("/feedback", json={"classifier": "Names", "text": text, "label": right}).json()
        assert queued["queued"]
        assert spans_of(queued["label"]) == (Span(11, 14, "PER"),)
        wrong = client.post("/feedback", json={"classifier": "Names", "text": text, "label": '[[0, 900, "PER"]]'})
        assert wrong.status_code == 422

    bundle, folder = tmp_path / "bundle.zip", tmp_path / "bundle"
    write_bundle(workspace.registry.folder("Names", 1), bundle)
    zipfile.ZipFile(bundle).extractall(folder)
    for program in ("extract.py", "predict.py"):
        ran = subprocess.run(
            [sys.executable, folder / program, text], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        (line,) = ran.stdout.splitlines()
        assert json.loads(line)["entities"] == extracted[0]["entities"]
        asks = [sys.executable, folder / program]
        helped = subprocess.run([*asks, "--help"], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert helped.stdout.startswith("Find entities in texts")
        missing = subprocess.run([*asks, "--csv", "missing.csv"], capture_output=True, text=True, cwd=tmp_path)
        assert (missing.returncode, missing.stdout) == (2, "")
        assert missing.stderr == "The table missing.csv cannot be read: No such file or directory.\n"


def test_labels_in_place_of_entities_are_refused_in_words() -> None:
    with pytest.raises(DataError, match="the model marks entities in texts"):
        TASKS["token_classification"].check(["positive", "negative"])


def test_what_is_said_of_a_batch_speaks_of_entities(workspace: Workspace, tmp_path: Path) -> None:
    first = rows(120, 0)
    trained(workspace, first, epochs=1)
    past = read_past(VersionFolder(workspace.registry.folder("Names", 1)), workspace)
    batch = TextDataset(first.texts[:20], np.zeros(20, dtype=np.int64), ("[]",))
    told = [str(finding.message) for finding in compare_batch(batch, past).findings]
    assert any("something else was marked before" in sentence for sentence in told)
    assert not [sentence for sentence in told if "label" in sentence]
    with pytest.raises(DataError, match="texts with each type of entities"):
        updated(workspace, rows(2, 7))
    table = pd.DataFrame({"text": ["Tim sleeps", "Anna wakes", "Max"], "entities": ['[[0, 3, "PER"]]', "", "[]"]})
    loaded = dataset_of(table, ColumnRoles("text", "entities", spans=True), name="few")
    assert [str(part.message) for part in loaded.left_out] == [
        "1 of 3 rows was left out: row 2 has nothing in the column of entities."
    ]
