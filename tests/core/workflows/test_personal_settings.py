"""Groups with settings of their own from training to every answer: page, API, bundle, table; updated, and refused where there are
no groups.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from core.base.errors import ConfigError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.inputs import row_of
from core.data.dataset.rows import build_dataset
from core.networks.standalone.personal import personal_of, shared_by_all
from core.networks.standalone.predict import Classifier
from core.serving.api.app import create_app
from core.serving.api.keys import KeyStore
from core.serving.engines import predict_table
from core.serving.engines.pool import EnginePool
from core.serving.onnx import Scaling, measure_parity
from core.workflows.bundle import write_bundle
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.estimate import check_request
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.explaining import exactly_explained, explain_answer
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.personal import groups_on_tests
from core.workflows.workspace import Workspace, open_workspace

SETTINGS = {
    "epochs": 6,
    "buckets": 1024,
    "embedding_size": 16,
    "learning_rate": 0.05,
    "batch_size": 16,
    "longest_ngram": 1,
}
SETTINGS |= {"validation_share": 0.3, "personal_by": "shop", "personal_rows": 20}
SHOPS = ("North", "South", "Rare")


def table(rows: int = 300, first: int = 0) -> pd.DataFrame:
    """A long word is good in most shops, and bad in the South: no sum of words says that."""
    numbers = np.arange(first, first + rows)
    shop = [SHOPS[2] if number % 40 == 0 else SHOPS[int(number % 3 == 0)] for number in numbers]
    word = [("long", "short")[number // 2 % 2] for number in numbers]
    good = [(text == "long") != (name == "South") for text, name in zip(word, shop, strict=True)]
    texts = [f"{text} {text} number {number}" for text, number in zip(word, numbers, strict=True)]
    labels = ["good" if each else "bad" for each in good]
    return pd.DataFrame({"text": texts, "label": labels, "shop": shop}).astype("str")


def save(workspace: Workspace, frame: pd.DataFrame, *, inputs: Any = (("shop", "category"),)) -> str:
    roles = ColumnRoles("text", "label", inputs=inputs)
    dataset, _ = build_dataset(frame, roles, batch=True)
    return workspace.datasets.save(dataset, name="shops", roles=roles).id


def request(workspace: Workspace, frame: pd.DataFrame, model: str = "ngrams", **settings: Any) -> TrainRequest:
    asked = {**(SETTINGS if model == "ngrams" else {}), "personal_by": "shop", **settings}
    inputs = settings.pop("inputs", (("shop", "category"),) if "shop" in frame else ())
    asked.pop("inputs", None)
    return TrainRequest(classifier="Shop", dataset=save(workspace, frame, inputs=inputs), model=model, settings=asked)


@pytest.fixture(scope="module")
def learned_once(make_home: Callable[[str], Path]) -> Path:
    home = make_home("personal")
    workspace = open_workspace(home)
    list(train_classifier(request(workspace, table(), personal_kind="head"), workspace))
    return home


@pytest.fixture
def workspace(learned_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(learned_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def folder_of(workspace: Workspace, number: int = 1) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", number))


def rows_for(engine: Classifier, shop: str) -> list[str]:
    return [row_of(engine.pipeline.inputs, text, {"shop": shop}) for text in ("long long", "short short")]


def test_a_group_gets_a_head_and_all_others_the_shared_one(workspace: Workspace) -> None:
    folder = folder_of(workspace)
    report = folder.report()
    kept = {group["name"]: group["kept"] for group in report["personal"]["groups"]}
    assert kept["South"]
    assert "Rare" not in kept
    assert report["personal"]["few"]["groups"] == 1
    engine = Classifier(folder.path)
    assert engine.predict(rows_for(engine, "South")) == ["bad", "good"]
    assert engine.predict(rows_for(engine, " south")) == ["bad", "good"]
    shared = shared_by_all(engine)
    for shop in ("Rare", "never met", ""):
        assert personal_of(engine).group_of(rows_for(engine, shop)[0]) is None  # type: ignore[union-attr]
        assert (engine.compute(rows_for(engine, shop)) == shared.compute(rows_for(engine, shop))).all()
    assert engine.compute(rows_for(engine, "South")).sum(axis=1) == pytest.approx(1.0)


def test_the_file_that_heads_read_says_the_same_as_the_network(workspace: Workspace) -> None:
    folder = folder_of(workspace)
    learner = folder.load_learner()
    engine = shared_by_all(Classifier(folder.path))
    scaling = Scaling(*folder.scaling)
    parity = measure_parity(learner.model, engine, ["long long", "short"], activation="softmax", scaling=scaling)
    assert parity.max_abs_diff < 1e-4


def test_the_report_and_the_card_say_what_it_is_worth(workspace: Workspace) -> None:
    folder = folder_of(workspace)
    (south,) = [group for group in groups_on_tests(folder, [1]) if group.name == "South"]
    assert south.difference.value > 0
    table = folder.predictions(1)
    own = table["text"].str.contains("South")
    assert south.rows == own.sum()
    assert south.personal.value == pytest.approx((table["predicted"] == table["truth"])[own].mean())
    card = (folder.path / "model_card.md").read_text("utf-8")
    assert "## Groups" in card
    assert "the law may forbid" in card
    keys = {finding["key"] for finding in folder.report()["findings"]}
    assert {"personal.summary", "personal.few", "personal.law"} <= keys


def test_page_table_api_and_bundle_answer_alike_and_say_whose_settings_answered(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = folder_of(workspace)
    engine = Classifier(folder.path)
    frame = pd.DataFrame({"text": ["long long", "long long", "long long"], "shop": ["South", "Rare", ""]})
    rows = [row_of(engine.pipeline.inputs, "long long", {"shop": shop}) for shop in frame["shop"]]
    expected = engine.compute(rows)
    told = predict_table(engine, frame, "text")
    assert told["settings_of"].tolist() == ["South", "", ""]
    assert told["p: bad"].to_numpy() == pytest.approx(expected[:, 0], abs=1e-6)
    app = create_app(workspace.home, EnginePool())
    headers = {"Authorization": f"Bearer {KeyStore(workspace.home).create('test')}"}
    with TestClient(app, headers=headers) as client:
        asked = {"classifier": "Shop", "texts": ["long long"] * 3, "inputs": [{"shop": shop} for shop in frame["shop"]]}
        answer = client.post("/predict", json=asked)
        assert answer.status_code == 200, answer.text
        predictions = answer.json()["predictions"]
        client.portal.call(app.state.service.close)  # type: ignore[union-attr]
    assert [each["settings_of"] for each in predictions] == ["South", None, None]
    assert [each["probabilities"]["bad"] for each in predictions] == pytest.approx(expected[:, 0], abs=1e-6)
    write_bundle(folder.path, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    lines = "\n".join(json.dumps({"text": "long long", "inputs": {"shop": shop}}) for shop in frame["shop"])
    run = subprocess.run(
        [sys.executable, str(tmp_path / "bundle" / "predict.py")],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [float(line.split("\t")[1]) for line in run.stdout.splitlines()] == pytest.approx(
        expected.max(axis=1), abs=2e-6
    )
    assert "settings of shop: South (1), shared by all (2)" in run.stderr


def test_words_of_a_group_with_a_head_are_explained_by_asking_the_whole(workspace: Workspace) -> None:
    path = folder_of(workspace).path
    engine = Classifier(path)
    (south, _), (north, _) = rows_for(engine, "South"), rows_for(engine, "never met")
    exact = exactly_explained(path)
    assert exact is not None
    assert exact(south, 0) is None
    assert exact(north, 0) is not None
    assert explain_answer(path, engine, south).method == "occlusion"


def test_an_update_fits_them_again_and_the_gate_goes_through_them(workspace: Workspace) -> None:
    batch = save(workspace, table(160, first=1000))
    update = UpdateRequest(classifier="Shop", dataset=batch, strategy="replay", settings={"epochs": 3})
    *_, ended = update_classifier(update, workspace)
    report = ended.report
    assert report["personal"]["rows"] > folder_of(workspace).report()["personal"]["rows"]
    assert {group["name"]: group["kept"] for group in report["personal"]["groups"]}["South"]
    table_of = folder_of(workspace, 2).predictions(1)
    right = (table_of["predicted"] == table_of["truth"]).mean()
    assert report["accuracy_matrix"][1][0] == pytest.approx(right)
    assert report["gate"] is not None


def test_an_update_by_a_column_that_the_version_does_not_read_is_refused(workspace: Workspace) -> None:
    batch = save(workspace, table(80, first=2000))
    asked = UpdateRequest(classifier="Shop", dataset=batch, settings={"personal_by": "city"})
    with pytest.raises(ConfigError, match=r"no further column 'city'.*shop"):
        list(update_classifier(asked, workspace))


def test_a_version_without_them_answers_as_before(workspace: Workspace) -> None:
    engine = Classifier(folder_of(workspace).path)
    (folder_of(workspace).path / "personal.json").unlink()
    old = Classifier(folder_of(workspace).path)
    assert old.personal is None
    assert (old.compute(rows_for(old, "South")) == shared_by_all(engine).compute(rows_for(old, "South"))).all()


@pytest.mark.parametrize(
    ("settings", "frame", "key"),
    [
        ({"personal_by": "city"}, table(60), "personal.no_column"),
        ({}, table(60).drop(columns="shop"), "personal.no_inputs"),
        ({"use_inputs": False}, table(60), "personal.no_inputs"),
        ({}, table(60).assign(shop="South"), "personal.one_value"),
        ({"personal_aim": "equal_false_positives", "personal_label": "ugly"}, table(60), "personal.no_label"),
        ({"personal_aim": "equal_false_positives", "personal_kind": "head"}, table(60), "personal.head_aim"),
    ],
)
def test_what_cannot_be_grouped_is_refused_before_anything_is_learned(
    evergreen_home: Path, new_store: Path, settings: dict[str, Any], frame: pd.DataFrame, key: str
) -> None:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    workspace = open_workspace(evergreen_home)
    asked = request(workspace, frame, **{"personal_kind": "threshold", **settings})
    with pytest.raises(ConfigError) as raised:
        list(train_classifier(asked, workspace))
    assert raised.value.message.key == key


def test_a_model_without_features_is_refused_a_head_at_the_button(evergreen_home: Path, new_store: Path) -> None:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    workspace = open_workspace(evergreen_home)
    with pytest.raises(ConfigError, match="no small set of features"):
        check_request(request(workspace, table(60), "linear", personal_kind="head"), workspace)


def test_a_column_of_names_leaves_everything_to_what_all_share(evergreen_home: Path, new_store: Path) -> None:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    workspace = open_workspace(evergreen_home)
    frame = table(120)
    frame["shop"] = [f"customer {number}" for number in range(len(frame))]
    *_, ended = train_classifier(request(workspace, frame, "linear", personal_kind="threshold"), workspace)
    assert ended.report["personal"]["groups"] == []
    assert ended.report["personal"]["note"]["key"] == "personal.none_large"
    folder = folder_of(workspace)
    assert not (folder.path / "personal.json").exists()
    assert groups_on_tests(folder, [1]) == []


def test_false_positives_on_frozen_tests_stand_beside_accuracy(workspace: Workspace) -> None:
    folder = folder_of(workspace)
    stored = json.loads((folder.path / "personal.json").read_text("utf-8"))
    (folder.path / "personal.json").write_text(json.dumps({**stored, "output": "good"}), encoding="utf-8")
    (south,) = [group for group in groups_on_tests(folder, [1]) if group.name == "South"]
    assert south.false_positives is not None
    rows = folder.predictions(1)
    negative = rows[rows["text"].str.contains("South") & (rows["truth"] == "bad")]
    shared, own, difference = south.false_positives
    assert own.value == pytest.approx((negative["predicted"] == "good").mean())
    assert shared.value == pytest.approx((negative["shared"] == "good").mean())
    assert difference.value == pytest.approx(own.value - shared.value)
