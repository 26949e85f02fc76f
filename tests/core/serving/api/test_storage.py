from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from core.base.integrity import check, check_serving, read_record, write_record
from core.data.labelling.corrections import Corrections
from core.registry import Registry
from tests.core.registry.test_glance import settle
from tests.core.serving.api.conftest import MadeUpPool


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


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json", "labels.json", "version.json"])
def test_whatever_file_answers_come_from_its_damage_is_503_and_no_folder_is_told(
    client: TestClient, registry: Registry, pool: MadeUpPool, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = registry.folder("Reviews", 1)
    if not (folder / name).exists():
        (folder / name).write_text("{}", encoding="utf-8")
        write_record(folder, read_record(folder))
    (folder / name).write_text('{"cut', encoding="utf-8")
    get = MadeUpPool.get
    monkeypatch.setattr(MadeUpPool, "get", lambda self, folder: (check_serving(folder), get(self, folder))[1])
    for path, body in (("/predict", {"text": "fine"}), ("/feedback", {"text": "fine", "label": "negative"})):
        answer = client.post(path, json={"classifier": "Reviews", **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "file_damaged")
        assert answer.json()["error"]["message"].startswith(f"The file {name} of version 1 of 'Reviews' is damaged")
        assert str(folder) not in answer.text


def test_a_full_disk_is_503_in_words_and_one_line_in_the_log(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/workspace/corrections")

    monkeypatch.setattr(Corrections, "add", full)
    answer = client.post("/feedback", json={"classifier": "Reviews", "text": "fine", "label": "negative"})
    (logged,) = [record for record in caplog.records if record.name.startswith(("evergreen", "uvicorn", "asyncio"))]
    assert (logged.levelname, logged.exc_info) == ("WARNING", None)
    assert "\n" not in logged.getMessage()
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


def test_unknown_names_leave_nothing_behind(client: TestClient, registry: Registry) -> None:
    def written() -> dict[str, bytes]:
        return {
            str(path.relative_to(registry.home)): path.read_bytes()
            for path in registry.home.rglob("*.json")
            if path.name != "api_keys.json"  # when the key was last used
        }

    settle(registry.home)
    client.post("/predict", json={"classifier": "Reviews", "text": "fine"})
    before = written()
    assert "registry.json" in before
    for number in range(3):
        name = f"nobody {number}"
        assert client.post("/predict", json={"classifier": name, "text": "fine"}).status_code == 404
        assert client.post("/predict", json={"classifier": name, "text": "fine", "version": 1}).status_code == 404
        assert client.get(f"/classifiers/{name}/versions").status_code == 404
    assert written() == before
