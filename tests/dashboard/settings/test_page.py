"""Settings: what this machine computes with, how large the storage is, and a model that is deleted under its own name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.base.audit import FILE, AuditLog
from core.data.labelling.corrections import Corrections
from core.evolve.ledger import Ledgers
from core.evolve.policy import Policy
from core.registry import Registry
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.store import MonitorStore
from dashboard.settings.page import PARTS, mlflow_command, sizes
from dashboard.shell.i18n import catalogue
from tests.dashboard.overview.test_versions import NAME, home, made, said

__all__ = ["home", "made"]


@pytest.mark.parametrize(
    ("language", "what"), [("en", "Answers with: ONNX Runtime, CPU"), ("zh", "回答使用：ONNX Runtime")]
)
def test_it_says_what_really_answers(open_page: Callable[..., AppTest], language: str, what: str) -> None:
    page = open_page("settings", language=language)
    assert not page.exception
    assert what in said(page)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_storage_is_told_in_words_once_it_is_asked_for(open_page: Callable[..., AppTest], language: str) -> None:
    page = open_page("settings", language=language)
    before = len(page.dataframe)
    page.button(key="settings.measure").click().run()
    assert len(page.dataframe) == before + 1
    named = page.dataframe[0].value.iloc[:, 0].tolist()
    texts = catalogue(language)
    assert {texts["setup.part_versions"], texts["setup.part_tables"]} <= set(named)


@pytest.mark.parametrize(
    ("language", "promoted", "changed"),
    [("en", "Promoted", "was changed after it was written"), ("zh", "发布", "被改动过")],
)
def test_the_audit_log_is_shown_and_a_change_of_it_told(
    home: Path, open_page: Callable[..., AppTest], language: str, promoted: str, changed: str
) -> None:
    log = AuditLog(home)
    log.add("key_created", facts={"key": "shop *x*"})
    page = open_page("settings", language=language)
    assert not page.error
    table = page.dataframe[0].value
    assert table.iloc[0, 4] == "shop *x*"
    assert promoted in table.iloc[:, 3].tolist()
    path = home / FILE
    path.write_text(path.read_text(encoding="utf-8").replace("shop", "bank"), encoding="utf-8")
    page = open_page("settings", language=language)
    assert changed in page.error[0].value


def test_sizes_add_up_and_count_a_file_once(tmp_path: Path) -> None:
    for name, size in (("artifacts/a/b", 300), ("mlflow.db", 100), ("mlflow.db-wal", 50), ("strange/c", 7)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    os.link(tmp_path / "artifacts/a/b", tmp_path / "artifacts/a/again")
    assert list(sizes(tmp_path).items()) == [("versions", 300), ("log", 150), ("other", 7)]


@pytest.mark.parametrize("part", sorted({*PARTS.values(), "other"}))
def test_every_part_has_a_name(part: str) -> None:
    assert f"setup.part_{part}" in catalogue("en")


def test_a_classifier_is_deleted_only_under_its_own_name(home: Path, open_page: Callable[..., AppTest]) -> None:
    Corrections(home).add(NAME, "text", "a", predicted="b", version=1)
    MonitorStore(home).keep(NAME, Keeping(kept_texts="all"))
    with Ledgers(home).alone(NAME) as ledger:
        assert ledger is not None
        ledger.policy = Policy(active=True)
    page = open_page("settings")
    page.text_input(key=f"models.delete_name.{NAME}").set_value("something else")
    page.button(key="models.delete").click().run()
    assert "That is not the name" in page.warning[0].value
    assert len(Registry(home).versions(NAME)) == 2
    page.text_input(key=f"models.delete_name.{NAME}").set_value(f" {NAME} ")
    page.button(key="models.delete").click().run()
    assert not page.exception
    assert Registry(home).classifiers() == []
    assert Corrections(home).list(NAME) == []
    assert MonitorStore(home).keeping(NAME) == Keeping()
    assert Ledgers(home).all() == []
    assert "店铺" not in said(page)


def test_the_command_opens_this_store(evergreen_home: Path) -> None:
    assert f"--backend-store-uri sqlite:///{evergreen_home.resolve() / 'mlflow.db'}" in mlflow_command()
