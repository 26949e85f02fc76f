"""The audit log on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.base.audit import FILE, AuditLog
from core.cli import main
from core.workflows.workspace import Workspace


def test_list_verify_export_and_shorten(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = AuditLog(workspace.home)
    log.add("kept_back", model="Shop", version=2)
    log.add("key_created", facts={"key": "web shop"})
    assert main(["audit", "list"]) == 0
    out = capsys.readouterr().out
    assert "kept_back" in out
    assert "web shop" in out
    assert main(["audit", "list", "--classifier", "Shop", "--json"]) == 0
    assert [entry["number"] for entry in json.loads(capsys.readouterr().out)["entries"]] == [1]
    assert main(["audit", "verify", "--json"]) == 0
    last = json.loads(capsys.readouterr().out)["last"]
    assert main(["audit", "export", "--out", str(tmp_path / "log.csv")]) == 0
    assert (tmp_path / "log.csv").read_text(encoding="utf-8").count("\n") == 3
    assert main(["audit", "export", "--out", str(tmp_path / "log.txt")]) == 2
    assert main(["audit", "shorten", "--before", "soon", "--reason", "r"]) == 2
    assert main(["audit", "shorten", "--before", "9999-01-01", "--reason", "kept for a year"]) == 0
    assert main(["audit", "verify", "--last", last]) == 0
    path = workspace.home / FILE
    path.write_text(path.read_text(encoding="utf-8").replace("web", "own"), encoding="utf-8")
    capsys.readouterr()
    assert main(["audit", "verify"]) == 1
    assert "was changed after it was written" in capsys.readouterr().out
