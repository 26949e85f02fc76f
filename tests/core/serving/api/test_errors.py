from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.registry import Registry
from core.serving.api.keys import KeyStore
from core.serving.api.limits import ApiLimits
from core.serving.api.server import standalone
from tests.core.serving.api.conftest import MadeUpEngine


def error_of(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"]
    assert error["message"].endswith((".", "}."))
    return error


@pytest.mark.parametrize(
    "path", ["/healthz", "/metrics", "/docs", "/openapi.json", "/docs-assets/swagger-ui-bundle.js"]
)
def test_health_figures_and_description_need_no_key(client: TestClient, path: str) -> None:
    del client.headers["Authorization"]
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/classifiers", "/classifiers/Reviews/versions", "/nothing", "/docs-assets", "/docs/"]
)
def test_everything_else_needs_one_and_says_how_to_get_it(client: TestClient, path: str) -> None:
    del client.headers["Authorization"]
    answer = client.get(path)
    error = error_of(answer, 401)
    assert error["code"] == "key_absent"
    assert "python -m core keys create" in error["message"]
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_wrong_or_revoked_key_is_refused_at_once(client: TestClient, evergreen_home: Path) -> None:
    assert client.get("/classifiers").status_code == 200
    KeyStore(evergreen_home).revoke("test 0")
    assert error_of(client.get("/classifiers"), 401)["code"] == "key_wrong"


def test_a_key_may_stand_in_either_header_and_its_use_is_noted(client: TestClient, evergreen_home: Path) -> None:
    secret = client.headers.pop("Authorization").removeprefix("Bearer ")
    assert client.get("/classifiers", headers={"X-API-Key": secret}).status_code == 200
    assert client.get("/classifiers", headers={"Authorization": f"bearer {secret}"}).status_code == 200
    assert client.get("/classifiers", headers={"Authorization": f"Basic {secret}"}).status_code == 401
    keys, deadline = KeyStore(evergreen_home), time.monotonic() + 30
    while keys.list()[0].last_used is None:  # written in a thread, which no request waits for
        assert time.monotonic() < deadline
        client.get("/healthz")


def test_no_such_address_and_no_such_method(client: TestClient) -> None:
    assert error_of(client.get("/nothing"), 404)["code"] == "no_such_address"
    answer = client.get("/predict")
    assert error_of(answer, 405)["code"] == "wrong_method"
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        (b"", 400, "not_json", "not valid JSON"),
        (b'{"classifier": "Reviews", "text": "a"', 400, "not_json", "not valid JSON"),
        (b'{"classifier": "Reviews", "text": "\xff"}', 400, "not_json", "not valid JSON"),
        (b"[" * 500_000, 400, "not_json", "not valid JSON"),
        (b'{"classifier":' * 100_000, 400, "not_json", "not valid JSON"),
        (b'["a"]', 422, "not_object", 'such as {"classifier": "…", "text": "…"}'),
        (b"{}", 422, "field_missing", "'classifier' is missing"),
        (b'{"classifier": "Reviews"}', 422, "text_or_texts", "Send either 'text'"),
        (b'{"classifier": "Reviews", "text": "a", "texts": ["b"]}', 422, "text_or_texts", "not both"),
        (b'{"classifier": "Reviews", "text": 3}', 422, "field_not_text", "'text' must be a text in quotes"),
        (b'{"classifier": "Reviews", "texts": "a"}', 422, "field_not_list", "'texts' must be a list"),
        (b'{"classifier": "Reviews", "texts": ["a", null]}', 422, "field_not_text", "'texts[1]' must be a text"),
        (b'{"classifier": "Reviews", "texts": []}', 422, "texts_count", "'texts' holds 0 texts"),
        (
            b'{"classifier": "Reviews", "text": "a", "version": "1"}',
            422,
            "field_not_number",
            "'version' must be a whole",
        ),
        (b'{"classifier": "Reviews", "text": "a", "version": 0}', 422, "field_not_number", "from 1 up"),
        (
            b'{"classifier": "Reviews", "text": "a", "inputs": {"price": true}}',
            422,
            "field_not_columns",
            "'inputs.price' cannot",
        ),
        (
            b'{"classifier": "Reviews", "texts": ["a"], "inputs": [{"price": []}]}',
            422,
            "field_not_columns",
            "'inputs[0].price' cannot",
        ),
        (b'{"classifier": "Reviews", "text": "a", "inputs": 5}', 422, "field_not_columns", "'inputs' cannot"),
        (b'{"classifier": "Reviews", "text": "a", "top": 1}', 422, "field_unknown", "no field 'top'"),
        (b'{"classifier": "Shop", "text": "a"}', 404, "classifier_missing", "The classifiers are: Reviews"),
        (b'{"classifier": "Reviews", "text": "a", "version": 7}', 404, "version_missing", "Its versions are: 1"),
        (b'{"classifier": "a/b", "text": "a"}', 422, "bad_name", "cannot be called 'a/b'"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_in_plain_words(
    client: TestClient, body: bytes, status: int, code: str, said: str
) -> None:
    error = error_of(client.post("/predict", content=body), status)
    assert error["code"] == code
    assert said in error["message"]


def test_all_wrong_fields_are_named(client: TestClient) -> None:
    error = error_of(client.post("/feedback", json={"classifier": 1, "label": "x"}), 422)
    assert [one["field"] for one in error["fields"]] == ["classifier", "text"]


def test_no_champion_is_said_with_the_versions_there_are(
    make_client: Callable[..., TestClient], add_version: Callable[..., int]
) -> None:
    add_version()
    error = error_of(make_client().post("/predict", json={"classifier": "Reviews", "text": "a"}), 409)
    assert (error["code"], error["known"]) == ("nobody_serves", [1])


def test_too_many_and_too_long_texts_are_refused_with_the_limit(client: TestClient) -> None:
    error = error_of(client.post("/predict", json={"classifier": "Reviews", "texts": ["a"] * 1001}), 422)
    assert (error["code"], error["most"]) == ("texts_count", 1000)
    assert "1,001" in error["message"]
    assert client.post("/predict", json={"classifier": "Reviews", "texts": ["a"] * 1000}).status_code == 200
    error = error_of(client.post("/predict", json={"classifier": "Reviews", "texts": ["a", "x" * 20_001]}), 422)
    assert (error["code"], error["field"]) == ("text_too_long", "texts[1]")
    assert "at most 20,000" in error["message"]
    assert client.post("/predict", json={"classifier": "Reviews", "text": "字" * 20_000}).status_code == 200


def test_a_large_body_is_refused_by_its_announcement(client: TestClient) -> None:
    answer = client.post("/predict", content=b"x" * (2 * 1024**2 + 1))
    assert error_of(answer, 413)["code"] == "body_too_large"
    assert "2 MB" in answer.json()["error"]["message"]
    assert answer.headers["connection"] == "close"


@pytest.mark.anyio
async def test_a_body_in_pieces_is_read_no_further_than_the_limit(
    make_client: Callable[..., TestClient], evergreen_home: Path
) -> None:
    app = make_client(ApiLimits(body_bytes=1000)).app
    secret = KeyStore(evergreen_home).create("pieces")
    read, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 300
        return {"type": "http.request", "body": b"x" * 300, "more_body": True}  # without end

    async def send(part: dict[str, Any]) -> None:
        sent.append(part)

    scope = {
        "type": "http", "method": "POST", "path": "/predict", "root_path": "", "query_string": b"", "scheme": "http",
        "headers": [(b"x-api-key", secret.encode()), (b"transfer-encoding", b"chunked")], "server": ("x", 1),
    }  # fmt: skip
    await app(scope, receive, send)
    assert read == 1200
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["error"]["code"] == "body_too_large"


def test_a_wrong_key_is_refused_before_the_body_is_read(client: TestClient) -> None:
    del client.headers["Authorization"]

    def endless() -> Iterator[bytes]:
        yield b"x"
        raise AssertionError("the body was read")

    assert client.get("/classifiers").status_code == 401
    assert client.post("/predict", content=b"x" * (3 * 1024**2)).status_code == 401


def test_a_full_waiting_room_answers_503(
    make_client: Callable[..., TestClient],
    registry: Registry,
    add_version: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.promote("Reviews", add_version())
    client = make_client(ApiLimits(waiting=1))
    working, may_go_on = threading.Event(), threading.Event()
    at_once = MadeUpEngine.answer

    def slowly(self: MadeUpEngine, texts: list[str], progress: None = None) -> object:
        if "slow" in texts:
            working.set()
            assert may_go_on.wait(30)
        return at_once(self, texts)

    monkeypatch.setattr(MadeUpEngine, "answer", slowly)
    answers = []
    body = {"classifier": "Reviews", "text": "slow"}
    caller = threading.Thread(target=lambda: answers.append(client.post("/predict", json=body)))
    caller.start()
    assert working.wait(30)
    refused = client.post("/predict", json={"classifier": "Reviews", "text": "a"})
    assert error_of(refused, 503)["code"] == "too_busy"
    assert refused.headers["retry-after"] == "1"
    may_go_on.set()
    caller.join(30)
    assert answers[0].status_code == 200
    assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).status_code == 200


def test_a_fault_is_logged_under_the_number_that_is_told(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "evergreen.api"):
        answer = client.post("/predict", json={"classifier": "Reviews", "text": "break"})
    error = error_of(answer, 500)
    assert error["code"] == "unexpected"
    assert "broke" not in answer.text
    assert f"error {error['number']} in the API" in caplog.text
    assert "the engine broke" in caplog.text
    assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).status_code == 200


def test_figures_count_requests_texts_and_engines(client: TestClient) -> None:
    client.post("/predict", json={"classifier": "Reviews", "texts": ["a", "b", ""]})
    client.post("/predict", json={"classifier": "Shop", "text": "a"})
    client.get("/made/up")
    figures = client.get("/metrics").text
    assert 'evergreen_api_requests_total{method="POST",route="/predict",status="200"} 1.0' in figures
    assert 'evergreen_api_requests_total{method="POST",route="/predict",status="404"} 1.0' in figures
    assert 'evergreen_api_requests_total{method="GET",route="other",status="404"} 1.0' in figures
    assert "evergreen_api_texts_total 2.0" in figures
    assert 'evergreen_api_seconds_count{route="/predict"} 2.0' in figures
    assert "evergreen_api_engines_loaded 1.0" in figures
    assert "evergreen_api_requests_waiting 0.0" in figures
    assert "/made/up" not in figures


def test_the_description_names_bodies_keys_and_errors(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    predict = found["paths"]["/predict"]["post"]
    assert set(predict["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {
        "classifier", "texts", "text", "inputs", "version",
    }  # fmt: skip
    assert predict["security"] == [{"key": []}]
    assert {"200", "401", "404", "413", "422", "503"} <= set(predict["responses"])
    assert "security" not in found["paths"]["/healthz"]["get"]


def test_every_reference_of_the_description_leads_somewhere(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(found))
    assert references
    for reference in references:
        place = found
        for name in reference.split("/"):
            place = place[name]
    assert set(found["paths"]["/classifiers/{name}/versions"]["get"]["responses"]) == {
        "200", "401", "403", "404", "422", "503",
    }  # fmt: skip


def test_the_description_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "/docs-assets/swagger-ui-bundle.js" in page
    assert "http://" not in page
    assert "https://" not in page


def test_mounted_under_its_prefix_it_knows_its_own_addresses(evergreen_home: Path) -> None:
    with TestClient(standalone(evergreen_home), base_url="http://localhost") as client:
        assert client.get("/", follow_redirects=False).headers["location"] == "/api/v1/docs"
        assert "'/api/v1/openapi.json'" in client.get("/api/v1/docs").text
        assert client.get("/api/v1/docs-assets/swagger-ui.css").status_code == 200
        assert error_of(client.get("/api/v1/classifiers"), 401)["code"] == "key_absent"
        assert error_of(client.get("/elsewhere"), 404)["code"] == "no_such_address"
        figures = client.get("/api/v1/metrics").text
    assert 'evergreen_api_requests_total{method="GET",route="other",status="401"} 1.0' in figures
    assert 'evergreen_api_requests_total{method="GET",route="/docs",status="200"} 1.0' in figures
