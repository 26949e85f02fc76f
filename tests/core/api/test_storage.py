from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from core.data.corrections import Corrections
from core.integrity import check
from core.registry import Registry
from tests.core.api.conftest import MadeUpPool


def test_a_damaged_version_is_named_and_after_a_roll_back_the_one_before_answers(
    client: TestClient,
    registry: Registry,
    add_version: Callable[..., int],
    pool: MadeUpPool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.promote("Reviews", add_version(favours="negative"))
    get = MadeUpPool.get
    monkeypatch.setattr(MadeUpPool, "get", lambda self, folder: (check(folder), get(self, folder))[1])
    (registry.folder("Reviews", 2) / "labels.json").write_text('["neg', encoding="utf-8")
    answer = client.post("/predict", json={"classifier": "Reviews", "text": "fine"})
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert error["code"] == "file_damaged"
    assert error["message"].startswith("The file labels.json of version 2 of 'Reviews' is damaged")
    assert client.get("/classifiers/Reviews/versions").status_code == 200
    assert registry.rollback("Reviews") == 1
    answer = client.post("/predict", json={"classifier": "Reviews", "text": "fine"})
    assert (answer.status_code, answer.json()["version"]) == (200, 1)


def test_a_full_disk_is_503_and_in_words(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/workspace/corrections")

    monkeypatch.setattr(Corrections, "add", full)
    answer = client.post("/feedback", json={"classifier": "Reviews", "text": "fine", "label": "negative"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "full"
    assert answer.json()["error"]["message"].startswith("No space is left on the disk")
    assert answer.headers["retry-after"]


def test_a_damaged_database_is_503_without_a_statement_of_it(client: TestClient, registry: Registry) -> None:
    (registry.home / "mlflow.db").write_bytes(b"no database any more" * 100)
    answer = client.get("/classifiers")
    assert answer.status_code == 503
    assert "core repair" in answer.json()["error"]["message"]
    assert "SELECT" not in answer.text
