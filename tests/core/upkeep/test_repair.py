from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.base.errors import RegistryError
from core.jobs import JobQueue
from core.registry import PromotionDecision, Registry, VersionInfo
from core.upkeep.repair import repair
from core.workflows.workspace import open_workspace

NAME = "Shop 商店"
REPORT = {
    "classifier": NAME,
    "settings": {"epochs": 2},
    "epochs": [
        {
            "epoch": 1,
            "training_loss": 0.5,
            "validation_loss": 0.4,
            "validation_accuracy": 0.75,
            "validation_macro_f1": 0.7,
        }
    ],
}


@pytest.fixture
def registry(evergreen_home: Path, new_store: Path, tmp_path: Path) -> Registry:
    """Versions 1, 2 and 4 (3 was deleted); 2 serves, after 1 did; 4 was kept back; a threshold."""
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    registry = Registry(evergreen_home)
    for number in range(1, 5):
        folder = tmp_path / "made"
        folder.mkdir(exist_ok=True)
        (folder / "labels.json").write_text(f'["{number}"]', encoding="utf-8")
        (folder / "report.json").write_text(json.dumps(REPORT), encoding="utf-8")
        run_id = registry.start_run("train" if number == 1 else "update", NAME, {"epochs": 2})
        parent = None if number == 1 else 1
        registry.register(
            NAME, folder, run_id=run_id, parent=parent, summary={"accuracy": number / 10, "model": "ngrams"}
        )
        registry.finish_run(run_id, "finished")
        if number == 3:
            registry.delete_version(NAME, 3)
    registry.promote(NAME, 1, "first")
    registry.promote(NAME, 2, "better")
    registry.note_decision(NAME, 4, PromotionDecision(promoted=False, reason="weak"))
    registry.set_threshold(NAME, 0.8, version=2)
    return registry


def everything(registry: Registry) -> tuple[list[VersionInfo], object, object, object]:
    classifier = registry.classifiers()[0]
    return registry.versions(NAME), classifier, registry.champion_history(NAME), registry.threshold(NAME)


@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_lost_database_is_made_again_from_the_versions_own_files(registry: Registry, how: str) -> None:
    before, home = everything(registry), registry.home
    database = home / "mlflow.db"
    if how == "cut":
        database.write_bytes(b"no database any more" * 100)
    else:
        database.unlink()
    assert repair(home, dry_run=True).database == "lost"
    done = repair(home)
    assert done.database == "rebuilt"
    assert (done.kept is not None) == (how == "cut")
    assert done.damage == []
    assert everything(Registry(home)) == before
    assert [run.run_id for run in Registry(home).runs(NAME)][:1] == [before[0][-1].run_id]
    run = next(run for run in Registry(home).runs(NAME) if run.version == 1)
    assert (run.kind, run.settings["epochs"], run.metrics["training_loss"]) == ("train", "2", 0.5)
    assert Registry(home).rollback(NAME) == 1
    assert repair(home).database == "whole"


def test_with_the_database_gone_a_question_names_repair(registry: Registry, new_store: Path, tmp_path: Path) -> None:
    home = tmp_path / "copy"  # since this process knows the other: a new one makes an empty database
    shutil.copytree(registry.home, home)
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    for number in (None, 1):
        with pytest.raises(RegistryError, match="core repair") as caught:
            workspace.registry.resolve(NAME, number)
        assert caught.value.message.key == "registry.database_lost"
    repair(home)
    assert open_workspace(home).registry.resolve(NAME).number == 2
    with pytest.raises(RegistryError, match="Train it first"):
        open_workspace(home).registry.resolve("Another")


def test_a_number_is_not_given_again_after_the_database_was_lost(registry: Registry, tmp_path: Path) -> None:
    home = registry.home
    (home / "mlflow.db").unlink()
    repair(home)
    fresh = Registry(home)
    run_id = fresh.start_run("update", NAME, {})
    assert fresh.register(NAME, tmp_path / "made", run_id=run_id, parent=2, summary={"accuracy": 1.0}) == 5


def test_what_could_not_be_recovered_is_said(registry: Registry) -> None:
    home = registry.home
    (home / "mlflow.db").unlink()
    shutil.rmtree(home / "artifacts" / ".classifiers")
    (registry.files.place_of(everything_run(home)) / "report.json").write_text("{", encoding="utf-8")
    done = repair(home)
    told = " ".join(done.not_recovered)
    assert f"Which version of '{NAME}' served, and its threshold; version 1 is taken" in told
    assert "its report cannot be read" in told
    assert [(damage.version, damage.file, damage.mended) for damage in done.damage] == [(1, "report.json", True)]


def everything_run(home: Path) -> str:
    """The run of version 1, from its record."""
    records = (home / "artifacts").glob("*/artifacts/version/version.json")
    return next(record.parents[2].name for record in records if json.loads(record.read_text())["number"] == 1)


def test_versions_of_old_get_a_record_and_damaged_files_are_named(registry: Registry) -> None:
    first, second = registry.folder(NAME, 1), registry.folder(NAME, 2)
    (first / "version.json").unlink()
    (second / "labels.json").write_text("[", encoding="utf-8")
    done = repair(registry.home, dry_run=True)
    assert (done.records, done.versions) == (1, 3)
    assert not (first / "version.json").exists()
    done = repair(registry.home)
    assert [(damage.version, damage.file, damage.mended) for damage in done.damage] == [(2, "labels.json", False)]
    assert json.loads((first / "version.json").read_text(encoding="utf-8"))["number"] == 1
    assert repair(registry.home).records == 0


def test_the_queue_can_be_looked_at_without_starting_anything(evergreen_home: Path) -> None:
    assert JobQueue(evergreen_home).look() == []


def test_a_damaged_record_is_written_again_unless_another_file_is_damaged_too(registry: Registry) -> None:
    folder = registry.folder(NAME, 2)
    (folder / "version.json").write_text("{", encoding="utf-8")
    report = (folder / "report.json").read_text(encoding="utf-8")
    (folder / "report.json").write_text("{", encoding="utf-8")
    damage = {(damaged.version, damaged.file): damaged.mended for damaged in repair(registry.home).damage}
    assert damage[2, "version.json"] is False
    assert {file for _, file in damage} == {"version.json", "report.json"}
    (folder / "report.json").write_text(report, encoding="utf-8")
    assert [(damaged.file, damaged.mended) for damaged in repair(registry.home, dry_run=True).damage] == [
        ("version.json", False)
    ]
    assert [(damaged.version, damaged.mended) for damaged in repair(registry.home).damage] == [(2, True)]
    assert registry.is_whole(NAME, 2)
    assert repair(registry.home).damage == []
