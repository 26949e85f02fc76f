from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLEAN: dict[str, Any] = {"name": "numpy", "version": "2.4.6", "vulns": []}
FLAWED = {"name": "torch", "version": "2.13.0", "vulns": [{"id": "CVE-1", "fix_versions": ["2.14.0"]}]}
UNKNOWN = {"name": "scipy", "skip_reason": "Dependency not found"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_known_against_packages_that_were_all_looked_up(audit: ModuleType) -> None:
    assert audit.verdict([CLEAN], "") == (["1 packages looked up, no known vulnerability."], 0)


def test_a_vulnerability_is_named_with_the_version_that_mends_it(audit: ModuleType) -> None:
    lines, status = audit.verdict([CLEAN, FLAWED, UNKNOWN], "")
    assert status == 1
    assert lines[0] == "torch 2.13.0: CVE-1, mended in 2.14.0"


@pytest.mark.parametrize("dependencies", [[], [CLEAN, UNKNOWN]])
def test_what_could_not_be_looked_up_is_not_called_safe(audit: ModuleType, dependencies: list[dict[str, Any]]) -> None:
    lines, status = audit.verdict(dependencies, "no network")
    assert status == 2
    assert "could not be looked up" in lines[0]


def test_every_requirement_is_locked_with_hashes() -> None:
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = {
        name.lower()
        for name in re.findall(r"^([A-Za-z0-9_.-]+)==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}", locked, re.M)
    }
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {re.split(r"[=~<>]", line)[0].strip().lower() for line in lines if line and not line.startswith("#")}
    assert wanted <= pins
    assert pins.isdisjoint({"gensim", "psycopg"})  # LGPL: a choice, not a part of the product
