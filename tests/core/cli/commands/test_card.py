"""What the owner states is set and shown by a command, stands in report and bundle; two people by the command line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.registry import Registry, Statements
from tests.core.cli.test_cli import run, table, trained, write

__all__ = ["run", "trained"]

SET = ("card", "set", "--classifier", "Shop")
SHOW = ("card", "show", "--classifier", "Shop")


def champion(home: Path) -> int | None:
    found = Registry(home).champion("Shop")
    return found.number if found is not None else None


@pytest.mark.usefixtures("trained")
def test_what_is_stated_is_shown_and_stands_in_report_and_bundle(
    evergreen_home: Path, tmp_path: Path, run: Any
) -> None:
    assert "Owner: not stated" in run(*SHOW)[0]
    told = json.loads(run(*SET, "--owner", "Ann | Li", "--intended-use", "mails of the shop", "--json")[0])
    assert told["changed"] == ["intended_use", "owner"]
    assert "changed: nothing" in "".join(run(*SET, "--owner", "Ann | Li"))
    shown = run(*SHOW)[0]
    assert "Owner: Ann | Li" in shown
    assert "Incidents: not stated" in shown
    assert json.loads(run(*SHOW, "--json")[0]) == {
        "classifier": "Shop",
        **Statements(owner="Ann | Li", intended_use="mails of the shop").model_dump(),
    }
    for language, title, nothing in (("en", "Stated by its owner", "not stated"), ("zh", "负责人的声明", "未声明")):
        for ending in ("md", "html"):
            out = tmp_path / f"report-{language}.{ending}"
            run("report", "--classifier", "Shop", "--out", str(out), "--language", language)
            content = out.read_text(encoding="utf-8")
            assert title in content
            assert nothing in content
            assert ("Ann \\| Li" if ending == "md" else "Ann | Li") in content
    run("export", "--classifier", "Shop", "--out", str(tmp_path / "shop.zip"))
    with zipfile.ZipFile(tmp_path / "shop.zip") as archive:
        card = archive.read("model_card.md").decode("utf-8")
    assert "| Owner | Ann \\| Li |" in card
    assert "| Retention | not stated |" in card
    run(*SET, "--owner", "")
    assert Registry(evergreen_home).statements("Shop") == Statements(intended_use="mails of the shop")


def test_a_model_that_is_not_there_or_too_many_words_are_refused(
    trained: dict[str, Any], evergreen_home: Path, run: Any
) -> None:
    assert trained["version"] == 1
    assert "no classifier 'Other'" in run("card", "show", "--classifier", "Other", code=2)[1]
    assert "no classifier 'Other'" in run("card", "set", "--classifier", "Other", "--owner", "Ann", code=2)[1]
    assert "2,001 characters" in run(*SET, "--incidents", "x" * 2001, code=2)[1]
    assert Registry(evergreen_home).statements("Shop") == Statements()


@pytest.mark.usefixtures("trained")
def test_against_the_gate_one_asks_and_another_confirms(evergreen_home: Path, tmp_path: Path, run: Any) -> None:
    run(*SET, "--two-people")
    batch = table(write(tmp_path / "batch.csv", 300, seed=1))
    against = ("--gate", "minimum_gain=100", "check_newest_test=true", "--promote", "always")
    out, told = run("update", *batch, "--strategy", "replay", *against, "--json")
    assert json.loads(out)["promoted"] is False
    assert "takes two people" in told
    registry = Registry(evergreen_home)
    assert registry.version("Shop", 2).decision is None
    assert champion(evergreen_home) == 1

    promote = ("promote", "--classifier", "Shop", "--version", "2")
    assert "say why" in run(*promote, "--by", "Ann", code=2)[1]
    assert "takes two people" in run(*promote, "--reason", "the shop has moved", code=2)[1]
    assert "nothing to confirm" in run(*promote, "--confirm", "Bo", code=2)[1]
    assert "never served" in run("rollback", "--classifier", "Shop", "--version", "2", code=2)[1]
    asked = json.loads(run(*promote, "--reason", "the shop has moved", "--by", "Ann", "--json")[0])
    assert (asked["champion"], asked["waiting"]["by"], asked["waiting"]["version"]) == (1, "Ann", 2)
    assert "somebody else" in run(*promote, "--confirm", "ANN ", code=2)[1]
    assert "Leave --reason and --by out" in run(*promote, "--confirm", "Bo", "--reason", "x", code=2)[1]
    assert champion(evergreen_home) == 1
    told = "".join(run("promote", "--classifier", "Shop", "--confirm", "Bo"))
    assert "Ann asked for it, Bo confirmed it." in told
    assert champion(evergreen_home) == 2
    (version,) = [
        each
        for each in json.loads(run("versions", "--classifier", "Shop", "--json")[0])["versions"]
        if each["champion"]
    ]
    assert (version["decision"]["asked_by"], version["decision"]["confirmed_by"]) == ("Ann", "Bo")
    run("report", "--classifier", "Shop", "--out", str(tmp_path / "report.md"))
    assert "asked for by Ann, confirmed by Bo" in (tmp_path / "report.md").read_text(encoding="utf-8")
    run("rollback", "--classifier", "Shop")
    assert champion(evergreen_home) == 1


@pytest.mark.usefixtures("trained")
def test_with_one_person_always_promotes_as_before(evergreen_home: Path, tmp_path: Path, run: Any) -> None:
    batch = table(write(tmp_path / "batch.csv", 300, seed=1))
    against = ("--gate", "minimum_gain=100", "check_newest_test=true", "--promote", "always")
    run("update", *batch, "--strategy", "replay", *against)
    assert champion(evergreen_home) == 2
    decision = Registry(evergreen_home).version("Shop", 2).decision
    assert decision is not None
    assert decision.against_gate
