"""Attacks on tiny versions of several architectures: what is measured, stopped, resumed and refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import DataError, ModelError, RegistryError
from core.base.events import Advanced, CheckpointDue
from core.cli import main
from core.registry.records import MembershipStore
from core.workflows.membership import run as module
from core.workflows.membership.request import MembershipRequest
from core.workflows.membership.run import MembershipDone, attack_membership, confidence
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.encoders import tiny_encoder

BY_HEART = {"epochs": 12, "patience": 0, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.03, "batch_size": 8}
# Name → model, strategy, settings
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Shop": ("ngrams", "finetune", BY_HEART),
    "Linear": ("linear", "finetune", {}),
    "Hashed": ("hashed", "ridge", {}),
    "Encoder": ("encoder", "ridge", {"tuning": "frozen", "max_length": 24}),
}


@pytest.fixture(scope="module")
def shop(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shop")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    stored = save(workspace, reviews(100))
    encoder = f"folder:{tiny_encoder(tmp_path_factory.mktemp('encoder'))}"
    for name, (model, strategy, settings) in KINDS.items():
        own = settings | ({"encoder": encoder} if model == "encoder" else {})
        request = TrainRequest(classifier=name, dataset=stored.id, model=model, strategy=strategy, settings=own)
        list(train_classifier(request, workspace))
    return home


@pytest.fixture
def trained(shop: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(shop, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def asked(classifier: str = "Shop", **changed: Any) -> MembershipRequest:
    return MembershipRequest(classifier=classifier, **{"audit_shadows": 8, "audit_canaries": 24, **changed})


@pytest.fixture(scope="module")
def events(shop: Path) -> list[Any]:
    """All that an attack on the version that learned by heart tells."""
    return list(attack_membership(asked(), open_workspace(shop)))


def test_a_version_that_learned_by_heart_gives_its_rows_away(events: list[Any], shop: Path) -> None:
    record = events[-1].record
    assert record["attack"]["auc"]["low"] > 0.5
    assert record["exposure"]["inserted"]["value"] > record["exposure"]["absent"]["value"] + 1
    assert record["epsilon"]["value"] > 0
    assert record["verdict"]["key"] == "membership.no_promise"
    assert (record["shadows"], record["asked"], record["promised"]) == (8, 8, None)
    workspace = open_workspace(shop)
    version = workspace.registry.version("Shop", 1)
    assert MembershipStore(shop).load("Shop", 1, version.created) == json.loads(json.dumps(record))
    assert MembershipStore(shop).load("Shop", 1, "another time") is None
    assert len(workspace.registry.versions("Shop")) == 1
    fractions = [event.fraction for event in events if isinstance(event, Advanced)]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] <= 1


def test_no_text_is_kept_of_an_attack(events: list[Any]) -> None:
    told = json.dumps(events[-1].record)
    assert not any(text in told for text in reviews(100).texts)


def test_a_stopped_attack_goes_on_with_the_shadows_it_had(trained: Workspace, events: list[Any]) -> None:
    states = [event.state for event in events if isinstance(event, CheckpointDue)]
    assert [shadow["shadow"] for shadow in states[6]["shadows"]] == list(range(7))
    resumed = list(attack_membership(asked(), trained, resume=states[6]))
    whole, again = events[-1].record, resumed[-1].record
    assert {**again, "created": "", "seconds": 0} == {**whole, "created": "", "seconds": 0}
    assert min(event.fraction for event in resumed if isinstance(event, Advanced)) > 0.8
    stopped = list(attack_membership(asked(), trained, should_stop=lambda: True))
    assert not any(isinstance(event, CheckpointDue | MembershipDone) for event in stopped)


@pytest.mark.parametrize("name", ["Hashed", "Encoder"])
def test_every_architecture_can_be_attacked(trained: Workspace, name: str) -> None:
    *_, done = attack_membership(asked(name, audit_canaries=0), trained)
    assert 0.3 < done.record["attack"]["auc"]["value"] <= 1
    assert done.record["canaries"] is None
    assert done.record["exposure"] is None


def test_time_that_is_over_ends_after_eight_shadows(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "monotonic", iter(range(0, 10**6, 100)).__next__)
    of_other_rows = {"rows": "others", "seconds": 5.0, "shadows": [{}]}  # is not gone on with
    *_, done = attack_membership(asked("Linear", audit_shadows=20, audit_minutes=1), trained, resume=of_other_rows)
    assert done.record["shadows"] == 8
    assert done.record["remarks"][0]["key"] == "membership.out_of_time"


def test_a_promise_of_the_version_stands_beside_the_bound(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    report = VersionFolder(trained.registry.folder("Linear", 1)).report()
    promised = report | {"privacy": {"epsilon": 2.5, "delta": 1e-3, "spent": 2.5}}
    monkeypatch.setattr(VersionFolder, "report", lambda folder: promised)
    plan = module._plan(asked("Linear"), trained.registry.version("Linear", 1), trained)
    assert plan.promised == {"epsilon": 3.0, "delta": 1e-3}  # the settings' own ε is larger, and shadows may spend it
    assert plan.settings.privacy.delta == 1e-3


def test_what_cannot_be_attacked_is_refused_in_a_sentence(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RegistryError, match="Nobody"):
        list(attack_membership(asked("Nobody"), trained))
    with monkeypatch.context() as patch:
        patch.setattr(VersionFolder, "report", lambda folder: {"overall": {}})
        with pytest.raises(ModelError, match="does not give each text one label"):
            list(attack_membership(asked(), trained))
    trained.datasets.delete(VersionFolder(trained.registry.folder("Shop", 1)).experiences()[0].dataset)
    with pytest.raises(DataError, match="was deleted: reviews"):
        list(attack_membership(asked(), trained))


def test_the_command_prints_what_it_proves(trained: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["membership", "--classifier", "Linear", "--shadows", "8", "--canaries", "0", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["classifier"] == "Linear"
    assert isinstance(record["verdict"], str)
    assert main(["membership", "--classifier", "Linear", "--shadows", "3"]) == 2
    assert "8 … 32" in capsys.readouterr().err


def test_the_confidence_is_the_logit_of_the_label() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]]))
    sure = confidence(logits, np.array([0, 1]), ("a", "b", "c"))
    assert sure == pytest.approx([np.log(0.7 / 0.3), np.log(0.2 / 0.8)])
    tree = confidence(logits, np.array([0, 2]), ("Food", "Food > Pizza", "Toys"))
    assert tree == pytest.approx([np.log(0.9 / 0.1), np.log(0.7 / 0.3)])  # above stands for all below it
    assert confidence(np.array([[900.0, 0.0]]), np.array([0]), ("a", "b")) == 50.0


def test_shadows_of_a_version_that_protects_groups_keep_to_its_promise(workspace: Workspace) -> None:
    made = reviews(600)
    grouped = replace(made, groups=tuple(str(row // 2) for row in range(600)))
    stored = save(workspace, grouped)
    private = {"private": True, "epsilon": 2.0, "privacy_unit": "group", "epochs": 1, "batch_size": 128}
    request = TrainRequest(classifier="Private", dataset=stored.id, model="ngrams", settings={**BY_HEART, **private})
    list(train_classifier(request, workspace))
    *_, done = attack_membership(asked("Private"), workspace)
    record = done.record
    assert record["promised"]["epsilon"] == pytest.approx(2.0, abs=0.01)
    assert record["verdict"]["key"] == "membership.kept"
    assert record["attack"]["rows"] <= 0.6 * 600  # one row of each group
    assert record["epsilon"]["value"] <= 2.0
