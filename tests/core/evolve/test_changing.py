"""Rules that a person changes: what is refused changes nothing, and what is changed stands in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base.audit import AuditLog
from core.base.errors import ConfigError, CoreError, DataError
from core.evolve.changing import change_policy, decide_on_file, folder_problem
from core.evolve.ledger import Ledger, Ledgers, Taken
from core.registry import Registry, VersionInfo
from core.workflows.workspace import open_workspace

MODEL = "Things"


def done(home: Path) -> list[tuple[str, dict[str, object]]]:
    return [(entry.did, entry.facts) for entry in AuditLog(home).entries()]


def test_what_is_changed_is_stored_and_written_down(evergreen_home: Path, tmp_path: Path) -> None:
    workspace = open_workspace(evergreen_home)
    values = {"active": True, "folder": str(tmp_path), "then": "wait"}
    policy, changed = change_policy(MODEL, values, workspace)
    assert changed == {"active": True, "folder": str(tmp_path)}
    assert Ledgers(evergreen_home).read(MODEL).policy == policy
    assert done(evergreen_home) == [("policy_set", {"changed": changed})]
    assert change_policy(MODEL, values, workspace) == (policy, {})
    assert len(done(evergreen_home)) == 1  # nothing was changed, so there is nothing to tell


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"least_rows": 3}, None),
        ({"folder": "incoming"}, "evolve.folder_relative"),
        ({"folder": "/no/such/folder"}, "evolve.folder_missing"),
        ({"folder": "~/no such folder of mine"}, "evolve.folder_missing"),
        ({"strategy": "no such way"}, "config.strategy"),
    ],
)
def test_what_cannot_be_followed_is_refused_and_changes_nothing(
    evergreen_home: Path, values: dict[str, object], key: str | None
) -> None:
    with pytest.raises(CoreError) as refused:
        change_policy(MODEL, {"active": True, **values}, open_workspace(evergreen_home))
    assert key is None or refused.value.message.key == key
    assert not Ledgers(evergreen_home).read(MODEL).policy.active
    assert done(evergreen_home) == []


def test_a_strategy_that_does_not_suit_the_model_is_refused(
    evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = VersionInfo(MODEL, 1, None, "2026", "run", {"task": "token_classification", "model": "crf"})
    monkeypatch.setattr(Registry, "resolve", lambda self, name: tagger)
    with pytest.raises(ConfigError, match="does not suit this model"):
        change_policy(MODEL, {"strategy": "ridge"}, open_workspace(evergreen_home))


def test_a_policy_whose_folder_has_gone_can_be_switched_off(evergreen_home: Path, tmp_path: Path) -> None:
    workspace, folder = open_workspace(evergreen_home), tmp_path / "incoming"
    folder.mkdir()
    change_policy(MODEL, {"active": True, "folder": str(folder)}, workspace)
    folder.rmdir()
    policy, _ = change_policy(MODEL, {"active": False}, workspace)
    assert not policy.active
    with pytest.raises(ConfigError, match="There is no folder"):
        change_policy(MODEL, {"active": True}, workspace)


def test_a_home_folder_is_understood_and_a_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "incoming").mkdir()
    (tmp_path / "table.csv").touch()
    assert folder_problem("~/incoming") is None
    assert folder_problem("") is None
    for wrong in ("~/table.csv", "~nobody-of-this-name/x", "/a\0b", "/" + "x" * 5000):
        assert folder_problem(wrong) is not None


def test_rules_that_are_followed_just_now_are_left_alone(evergreen_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Ledgers.alone
    monkeypatch.setattr(Ledgers, "alone", lambda self, model: alone(self, model, seconds=0.05))
    with Ledgers(evergreen_home).alone(MODEL), pytest.raises(DataError, match="being followed just now"):
        change_policy(MODEL, {"active": True}, open_workspace(evergreen_home))


@pytest.mark.parametrize(("enter", "verdict"), [(True, "entered"), (False, "aside")])
def test_a_file_that_waits_is_decided_on_once(evergreen_home: Path, enter: bool, verdict: str) -> None:
    ledgers = Ledgers(evergreen_home)
    files = [Taken(mark * 64, f"{mark}.csv", "2026-01-01", "waiting", 10, "data") for mark in "ab"]
    ledgers.write(Ledger(MODEL, files=files))
    assert decide_on_file(MODEL, "aa", evergreen_home, enter=enter) == "a" * 64
    assert [taken.verdict for taken in ledgers.read(MODEL).files] == [verdict, "waiting"]
    assert done(evergreen_home) == [("rows_decided", {"file": "a" * 12, "enter": enter})]
    for beginning in ("aa", "", "c"):
        with pytest.raises(DataError):
            decide_on_file(MODEL, beginning, evergreen_home, enter=enter)
    assert len(done(evergreen_home)) == 1
