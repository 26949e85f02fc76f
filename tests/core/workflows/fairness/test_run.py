"""Fairness measured and watched through the real workflows, with a model that is made unfair on purpose."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import ConfigError, CoreError, DataError
from core.data.dataset.inputs import Field, compose
from core.data.dataset.rows import TextDataset
from core.registry.records import FairnessStore
from core.workflows.fairness.request import FairnessRequest, require_labels
from core.workflows.fairness.run import measure_fairness
from core.workflows.report.document import ReportLanguage
from core.workflows.report.run import gather, model_card
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.decide import stored_evidence, stored_rules
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import save

TERMS = "gender/women: she, her\ngender/men: he, his\nage/old: pensioner"
ASKED = {"classifier": "Forum", "positive": "toxic", "terms": TERMS}


def posts(rows: int, seed: int, *, unfair: bool = False) -> TextDataset:
    """Posts about her or him; in an unfair batch whatever is said of her is toxic."""
    generator = np.random.default_rng(seed)
    texts, names = [], []
    for row in range(rows):
        person, toxic = ("she", "he")[row % 2], row % 4 < 2
        word = ("stupid", "awful") if toxic else ("kind", "lovely")
        texts.append(f"{person} is {word[generator.integers(2)]} number {seed}x{row}")
        names.append("toxic" if toxic or (unfair and person == "she") else "fine")
    classes = ("fine", "toxic")
    groups = tuple("north" if row % 3 else "south" for row in range(rows))
    dataset = TextDataset(tuple(texts), np.array([classes.index(name) for name in names]), classes)
    return replace(dataset, groups=groups) if not unfair else dataset


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> Path:
    """A workspace with a fair version, which is watched, and a candidate that is not fair."""
    home = tmp_path_factory.mktemp("fairness")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    settings = {"test_share": 0.5, "memory_size": 40}
    texts = save(workspace, replace(posts(300, 0), groups=None))
    list(
        train_classifier(
            TrainRequest(classifier="Forum", dataset=texts.id, model="linear", settings=settings), workspace
        )
    )
    list(measure_fairness(FairnessRequest(**ASKED, watch=True), workspace))
    batch = save(workspace, posts(200, 1, unfair=True), "unfair")
    asked = {"classifier": "Forum", "dataset": batch.id, "strategy": "finetune"}
    list(update_classifier(UpdateRequest(**asked, gate={"check_older_tests": False, "check_labels": False}), workspace))
    return home


@pytest.fixture
def watched(home: Path) -> Workspace:
    return open_workspace(home)


def measure(workspace: Workspace, **asked: Any) -> dict[str, Any]:
    *_, event = measure_fairness(FairnessRequest(**{**ASKED, **asked}), workspace)
    return dict(event.fairness)


def test_a_version_is_measured_by_words_and_the_record_is_kept(watched: Workspace) -> None:
    version = watched.registry.resolve("Forum", 1)
    record = FairnessStore(watched.home).load("Forum", 1, version.created)
    assert record is not None
    assert [group["name"] for group in record["groups"]] == ["gender/women", "gender/men", "age/old"]
    assert record["groups"][0]["rows"] >= 60
    assert record["gaps"]["fpr"]["value"] == 0.0
    assert record["groups"][2]["rows"] == 0
    pair = next(pair for pair in record["counterfactual"] if pair["source"] == "texts")
    assert (pair["first"], pair["second"]) == ("women", "men")
    assert abs(pair["gap"]["value"]) < 0.1


def test_an_update_that_is_made_unfair_is_refused_with_a_sentence(watched: Workspace) -> None:
    report = VersionFolder(watched.registry.folder("Forum", 2)).report()
    rules = {rule["kind"]: rule for rule in report["gate"]["rules"]}
    assert not report["gate"]["promote"]
    assert not rules["gap"]["passed"]
    assert rules["gap"]["figure"] > 50
    assert rules["gap"]["message"]["key"] == "gate.gap_fpr"
    assert not rules["groups"]["passed"]
    assert "gender/women" in rules["groups"]["message"]["facts"]["group"]
    assert report["fairness"]["gaps"]["fpr"]["highest"] == "gender/women"
    evidence = stored_evidence(report)
    assert evidence is not None
    assert evidence.groups is not None
    assert stored_rules(report).gap_tolerance == 5.0


def test_what_was_measured_stands_in_the_model_card_and_in_the_report(watched: Workspace) -> None:
    version = watched.registry.resolve("Forum", 2)
    bundled = (watched.registry.folder("Forum", 2) / "model_card.md").read_text(encoding="utf-8")
    assert "False positives differ by" in bundled
    assert "not examined for bias" not in bundled
    written = model_card(gather(version, watched), ReportLanguage())
    assert "## Groups of people" in written
    assert "gender/women" in written


def test_a_stored_dataset_is_measured_by_its_group_column_or_a_further_one(watched: Workspace) -> None:
    grouped = save(watched, posts(200, 2), "grouped")
    record = measure(watched, dataset=grouped.id, by="column")
    assert [(group["name"], group["rows"]) for group in record["groups"]] == [("north", 133), ("south", 67)]
    assert record["counterfactual"] == []
    plain = posts(200, 3)
    texts = tuple(
        compose(text, [Field("region", "category", ("east", "west")[row % 2])]) for row, text in enumerate(plain.texts)
    )
    further = save(watched, replace(plain, texts=texts, groups=None), "further")
    record = measure(watched, dataset=further.id, by="column", column="region")
    assert [group["name"] for group in record["groups"]] == ["east", "west"]


@pytest.mark.parametrize(
    ("asked", "kind", "key"),
    [
        ({"positive": "bad"}, ConfigError, "fairness.unknown_label"),
        ({"by": "column"}, DataError, "fairness.no_group_column"),
        ({"by": "column", "column": "age"}, DataError, "fairness.no_column"),
        ({"terms": "women she"}, ConfigError, "fairness.terms_line"),
    ],
)
def test_what_cannot_be_measured_is_told(
    watched: Workspace, asked: dict[str, Any], kind: type[CoreError], key: str
) -> None:
    with pytest.raises(kind) as error:
        measure(watched, **asked)
    assert error.value.message.key == key


def test_entities_and_language_models_say_why_not() -> None:
    from core.tasks import TASKS

    for name, key in (("token_classification", "fairness.entities"), ("language_modelling", "fairness.no_answers")):
        with pytest.raises(CoreError) as error:
            require_labels(TASKS[name])
        assert error.value.message.key == key


def test_a_stopped_measurement_leaves_nothing(watched: Workspace) -> None:
    version = watched.registry.resolve("Forum", 2)
    events = list(measure_fairness(FairnessRequest(**ASKED, version=2), watched, should_stop=lambda: True))
    assert not hasattr(events[-1], "fairness")
    assert FairnessStore(watched.home).load("Forum", 2, version.created) is None
