"""`delete`, `tidy` and `repair`, and the way back from a damaged version on the command line."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.base.integrity import read_record, write_record
from core.cli import main
from core.data.dataset.store import DatasetStore
from core.workflows.learn.running import parts_of
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


@pytest.fixture
def shop(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Three versions made of small files; the third serves, the second did before."""
    for number in range(1, 4):
        folder = tmp_path / "made"
        folder.mkdir(exist_ok=True)
        (folder / "labels.json").write_text(f'["{number}"]', encoding="utf-8")
        (folder / "report.json").write_text(json.dumps({"n": number}), encoding="utf-8")
        run_id = workspace.registry.start_run("train", "Shop", {})
        summary: dict[str, float | str] = {"accuracy": 0.5, "macro_f1": 0.5, "strategy": "train"}
        workspace.registry.register("Shop", folder, run_id=run_id, parent=None, summary=summary)
        workspace.registry.finish_run(run_id, "finished")
    workspace.registry.promote("Shop", 2)
    workspace.registry.promote("Shop", 3)
    return workspace


def test_versions_and_rollback_work_while_the_champion_is_damaged(shop: Workspace, run: Any) -> None:
    (shop.registry.folder("Shop", 3) / "report.json").write_text('{"n"', encoding="utf-8")
    out, _ = run("versions", "--classifier", "Shop", "--json")
    assert [(one["version"], one["champion"]) for one in json.loads(out)["versions"]] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    _, err = run("rollback", "--classifier", "Shop")
    assert err == "Version 2 of 'Shop' is the champion again.\n"
    _, err = run("promote", "--classifier", "Shop", "--version", "3", code=1)
    assert err.startswith("The file report.json of version 3 of 'Shop' is damaged")


def test_a_roll_back_passes_over_versions_that_are_damaged_themselves(shop: Workspace, run: Any) -> None:
    shop.registry.promote("Shop", 1)
    (shop.registry.folder("Shop", 3) / "labels.json").unlink()
    _, err = run("rollback", "--classifier", "Shop")
    assert err == "Version 2 of 'Shop' is the champion again.\n"


def test_repair_names_what_is_damaged_and_ends_with_one(shop: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.registry.folder("Shop", 3) / "labels.json").write_text("[", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["repair", "--json"])
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert told["damage"] == [{"classifier": "Shop", "version": 3, "file": "labels.json", "mended": False}]


def test_delete_takes_one_version(shop: Workspace, run: Any) -> None:
    out, _ = run("delete", "--classifier", "Shop", "--version", "1", "--json")
    assert json.loads(out) == {"classifier": "Shop", "deleted": 1}
    assert [version.number for version in shop.registry.versions("Shop")] == [2, 3]
    _, err = run("delete", "--classifier", "Shop", "--version", "3", code=2)
    assert "serves, so it cannot be deleted" in err


def test_tidy_says_what_it_would_remove(shop: Workspace, run: Any) -> None:
    run_id = shop.registry.start_run("train", "Shop", {})
    shop.registry.files.place_of(run_id).mkdir(parents=True)
    (shop.registry.files.place_of(run_id) / "model.onnx").write_bytes(b"0" * 1_500_000)
    shop.registry.finish_run(run_id, "failed")
    out, _ = run("tidy", "--dry-run", "--json")
    found = json.loads(out)
    assert (found["dry_run"], found["bytes"]) == (True, 1_500_000)
    assert found["removed"] == [{"what": "artifacts", "name": run_id, "bytes": 1_500_000}]
    out, _ = run("tidy")
    assert out == "    1 × files of runs without a version, 1.5 MB\n1.5 MB are free now.\n"
    out, _ = run("tidy")
    assert out == "Nothing to tidy.\n"


def test_a_full_disk_is_one_line_and_code_two(
    workspace: Workspace, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/workspace/datasets")

    monkeypatch.setattr(DatasetStore, "save", full)
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f"word {n},{n % 2}\n" for n in range(40)), encoding="utf-8")
    columns = ("--data", str(path), "--text", "text", "--label", "label", "--classifier", "New", "--model", "ngrams")
    _, err = run("train", *columns, code=2)
    assert err.startswith("No space is left on the disk (/workspace/datasets).")
    assert err.count("\n") == 1


def test_a_workspace_that_can_only_be_read_lists_and_refuses_to_change(shop: Workspace, tmp_path: Path) -> None:
    save(shop, reviews(20))
    home = tmp_path / "read only"
    shutil.copytree(shop.home, home)
    for path in [*home.rglob("*"), home]:
        path.chmod(path.stat().st_mode & ~0o222)
    without = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if without and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to give that up")
    environment = {**os.environ, "EVERGREEN_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*without, sys.executable, "-m", "core", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    listed = ask("versions", "--classifier", "Shop", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [one["version"] for one in json.loads(listed.stdout)["versions"]] == [1, 2, 3]
    refused = ask("rollback", "--classifier", "Shop")
    assert refused.returncode == 2
    assert refused.stderr.startswith("This workspace can only be read")
    for path in [home, *home.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def test_what_a_workflow_is_resumed_with_has_two_parts() -> None:
    assert parts_of(None) == (None, None)
    assert parts_of({"run_id": "a"}) == ("a", None)
    assert parts_of({"run_id": "a", "loop": 1}) == ("a", {"loop": 1})
    assert parts_of({"loop": 1}) == (None, {"loop": 1})


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json", "labels.json", "version.json"])
def test_a_damaged_file_of_the_champion_ends_with_one_sentence_and_code_1(
    shop: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = shop.registry.folder("Shop", 3)
    if not (folder / name).exists():
        (folder / name).write_text("{}", encoding="utf-8")
        write_record(folder, read_record(folder))
    (folder / name).write_text("{", encoding="utf-8")
    table = tmp_path / "rows.csv"
    table.write_text("text\nfine\n", encoding="utf-8")
    asked = [
        "predict",
        "--classifier",
        "Shop",
        "--data",
        str(table),
        "--text",
        "text",
        "--out",
        str(tmp_path / "o.csv"),
    ]
    assert main(asked) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"The file {name} ")
    assert (told.count("\n"), "core repair" in told) == (1, True)
    assert not (tmp_path / "o.csv").exists()
