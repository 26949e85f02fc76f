from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import RegistryError
from core.registry import Registry
from core.registry.files import VersionFiles

ROOT = Path(__file__).resolve().parents[3]
AddVersion = Callable[..., int]


def test_an_empty_registry_lists_nothing(registry: Registry) -> None:
    assert registry.classifiers() == []
    assert registry.versions("Reviews") == []
    assert registry.champion("Reviews") is None
    assert registry.runs() == []


def test_a_version_keeps_files_parent_and_summary(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    (folder / "predictions").mkdir(parents=True)
    (folder / "labels.json").write_text('["差", "好"]', encoding="utf-8")
    (folder / "predictions" / "test_1.parquet").write_bytes(b"rows")
    run_id = registry.start_run("update", "商店 评论", {})
    summary = {"model": "bilstm", "accuracy": np.float32(0.8125), "dataset": "外卖"}
    assert registry.register("商店 评论", folder, run_id=run_id, parent=7, summary=summary) == 1
    version = registry.version("商店 评论", 1)
    assert (version.number, version.parent, version.run_id, version.summary) == (1, 7, run_id, summary)
    kept = registry.folder("商店 评论", 1)
    assert json.loads((kept / "labels.json").read_text(encoding="utf-8")) == ["差", "好"]
    assert (kept / "predictions" / "test_1.parquet").read_bytes() == b"rows"
    assert registry.runs("商店 评论")[0].version == 1


def test_versions_are_numbered_and_listed_oldest_first(registry: Registry, add_version: AddVersion) -> None:
    assert [add_version(), add_version(parent=1), add_version("Tom's"), add_version(parent=2)] == [1, 2, 1, 3]
    assert [(version.number, version.parent) for version in registry.versions("Reviews")] == [(1, None), (2, 1), (3, 2)]
    assert [(found.name, found.versions, found.champion) for found in registry.classifiers()] == [
        ("Reviews", 3, None),
        ("Tom's", 1, None),
    ]


def test_local_files_are_not_copied_on_the_way_out(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    assert registry.folder("Reviews", 1) == registry.folder("Reviews", 1)
    assert not (registry.folder("Reviews", 1).parents[3] / "cache").exists()


def test_a_moved_workspace_still_finds_its_files(registry: Registry, add_version: AddVersion, tmp_path: Path) -> None:
    add_version(content='["a"]')
    moved = shutil.move(tmp_path / "workspace", tmp_path / "moved")
    folder = Registry(Path(moved)).folder("Reviews", 1)
    assert folder.is_relative_to(tmp_path / "moved")
    assert (folder / "labels.json").read_text(encoding="utf-8") == '["a"]'


def test_lost_files_are_reported_with_their_place(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    shutil.rmtree(registry.folder("Reviews", 1))
    with pytest.raises(RegistryError, match=r"no longer in .*artifacts"):
        registry.folder("Reviews", 1)


def test_missing_things_are_named_with_what_there_is(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    with pytest.raises(RegistryError, match=r"no classifier 'Revews'. The classifiers are: Reviews\."):
        registry.version("Revews", 1)
    with pytest.raises(RegistryError, match=r"no version 9. Its versions are: 1\."):
        registry.promote("Reviews", 9)
    assert registry.champion("Reviews") is None


def test_a_version_without_files_is_refused(registry: Registry, tmp_path: Path) -> None:
    run_id = registry.start_run("train", "Reviews", {})
    with pytest.raises(RegistryError, match="no files in"):
        registry.register("Reviews", tmp_path / "nowhere", run_id=run_id, parent=None, summary={})
    assert registry.classifiers() == []


def test_dying_while_copying_leaves_no_version_and_the_run_can_register_again(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "labels.json").write_text("[]", encoding="utf-8")
    run_id = registry.start_run("train", "Reviews", {})
    keep = VersionFiles.keep

    def die_after_copying(files: VersionFiles, source: Path, run: str, facts: dict[str, Any]) -> Path:
        keep(files, source, run, facts)
        raise KeyboardInterrupt

    monkeypatch.setattr(VersionFiles, "keep", die_after_copying)
    with pytest.raises(KeyboardInterrupt):
        registry.register("Reviews", folder, run_id=run_id, parent=None, summary={})
    assert registry.classifiers() == []
    assert registry.versions("Reviews") == []
    monkeypatch.undo()
    assert registry.register("Reviews", folder, run_id=run_id, parent=None, summary={}) == 1


def test_a_run_makes_one_version_however_often_it_registers(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "labels.json").write_text("[]", encoding="utf-8")
    run_id = registry.start_run("train", "Reviews", {})
    numbers = [
        registry.register("Reviews", tmp_path / "made", run_id=run_id, parent=None, summary={}) for _ in range(2)
    ]
    assert numbers == [1, 1]
    assert len(registry.versions("Reviews")) == 1


def test_promotions_and_rollbacks_move_one_champion(registry: Registry, add_version: AddVersion) -> None:
    for _ in range(3):
        add_version()
    registry.promote("Reviews", 1)
    registry.promote("Reviews", 2, reason="gate passed")
    registry.promote("Reviews", 2)
    assert [(move["version"], move["reason"]) for move in registry.champion_history("Reviews")] == [
        (1, ""),
        (2, "gate passed"),
    ]
    assert registry.rollback("Reviews") == 1
    champion = registry.champion("Reviews")
    assert champion is not None
    assert champion.number == 1
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        registry.rollback("Reviews")
    assert registry.rollback("Reviews", 3) == 3
    assert [move["version"] for move in registry.champion_history("Reviews")] == [1, 2, 1, 3]


def test_a_champion_set_in_mlflow_itself_joins_the_history(registry: Registry, add_version: AddVersion) -> None:
    from mlflow.tracking import MlflowClient

    add_version()
    add_version()
    registry.promote("Reviews", 1)
    client = MlflowClient(registry._address, registry._address)
    assert int(client.get_model_version_by_alias("Reviews", "champion").version) == 1
    client.set_registered_model_alias("Reviews", "champion", "2")
    assert [move["version"] for move in registry.champion_history("Reviews")] == [1, 2]
    assert registry.rollback("Reviews") == 1


def test_rollback_passes_over_versions_deleted_in_mlflow(registry: Registry, add_version: AddVersion) -> None:
    from mlflow.tracking import MlflowClient

    for number in (1, 2, 3):
        add_version()
        registry.promote("Reviews", number)
    MlflowClient(registry._address, registry._address).delete_model_version("Reviews", "2")
    assert registry.rollback("Reviews") == 1


def test_models_of_others_on_the_same_store_stay_untouched(registry: Registry, add_version: AddVersion) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(registry._address, registry._address)
    client.create_registered_model("forecast")
    client.create_model_version("forecast", "/elsewhere")
    assert registry.classifiers() == []
    with pytest.raises(RegistryError, match="something else called 'forecast'"):
        add_version("forecast")
    with pytest.raises(RegistryError, match="no classifier 'forecast'"):
        registry.delete("forecast")


def test_deleting_a_classifier_removes_versions_runs_and_files(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    add_version("Other")
    folder = registry.folder("Reviews", 1)
    registry.delete("Reviews")
    assert [classifier.name for classifier in registry.classifiers()] == ["Other"]
    assert {run.classifier for run in registry.runs()} == {"Other"}
    assert not folder.exists()


def test_a_run_keeps_settings_curves_and_how_it_ended(registry: Registry) -> None:
    run_id = registry.start_run("train", "Reviews", {"model": "ngrams", "training": {"epochs": 3, "seed": 0}})
    assert registry.runs("Reviews")[0].state == "running"
    registry.log_metrics(run_id, {"validation_macro_f1": 0.25, "training_loss": float("nan")}, step=1)
    registry.log_metrics(run_id, {"validation_macro_f1": 0.75}, step=2)
    registry.finish_run(run_id, "stopped")
    run = registry.runs("Reviews")[0]
    assert (run.kind, run.classifier, run.state, run.version) == ("train", "Reviews", "stopped", None)
    assert run.settings == {"model": "ngrams", "training.epochs": "3", "training.seed": "0"}
    assert run.metrics == {"validation_macro_f1": 0.75}
    assert registry.runs("Other") == []


def test_a_database_that_is_none_is_reported_at_once(evergreen_home: Path) -> None:
    (evergreen_home / "mlflow.db").write_text("not a database at all", encoding="utf-8")
    with pytest.raises(RegistryError, match="not a database any more"):
        Registry(evergreen_home).classifiers()


def test_a_failing_store_is_named_without_its_password(evergreen_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nosuchstore://ann:secret@registry.example/team")
    with pytest.raises(RegistryError) as caught:
        Registry(evergreen_home).classifiers()
    assert "registry.example/team" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_store_is_opened_once(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    client = registry._client
    registry.classifiers()
    assert registry._client is client
    assert Registry(registry.home)._client is client


OPEN_AND_START = """
import sys
from pathlib import Path
from core.registry import Registry
registry = Registry(Path(sys.argv[1]))
registry.start_run("train", "Reviews", {})
"""


def test_processes_that_open_a_new_store_together_all_succeed_without_a_word(evergreen_home: Path) -> None:
    command = [sys.executable, "-c", OPEN_AND_START, str(evergreen_home)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    spoken = [process.communicate(timeout=60)[0] for process in processes]
    assert spoken == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(Registry(evergreen_home).runs()) == 2


def test_importing_the_registry_does_not_import_mlflow() -> None:
    code = "import core.registry, sys; sys.exit('mlflow' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_folder_of_a_version_that_was_read_is_the_one_that_the_store_names(
    registry: Registry, add_version: Callable[..., int]
) -> None:
    number = add_version()
    (version,) = registry.versions("Reviews")
    assert registry.folder_of(version) == registry.folder("Reviews", number)
    kept = registry.folder_of(version)
    elsewhere = kept.with_name("elsewhere")
    kept.rename(elsewhere)
    with pytest.raises(RegistryError):
        registry.folder_of(version)
