"""Requests made from the API's own description, right ones and wrong ones: no fault, and every answer as it is described.

The same requests each time; ``hypothesis`` prints what to repeat when one fails.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from core.serving.api.schemas import ErrorAnswer

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# A few seconds together; the engines are made up, so that a request costs what the API itself does.
BOUNDED = settings(
    max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
OPERATIONS = [
    ("/predict", "post"), ("/extract", "post"), ("/feedback", "post"),
    ("/classifiers", "get"), ("/classifiers/{name}/versions", "get"),
    ("/healthz", "get"), ("/metrics", "get"),
]  # fmt: skip
ASKED = [
    (path, method, mode)
    for path, method in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or method == "post" or "{" in path  # else nothing is sent that could be wrong
]
NAMES = st.sampled_from(["Reviews", "reviews", "", "a/b", "\x00", "Ω" * 100])


def test_all_addresses_are_asked(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert sorted((path, method) for path, methods in paths.items() for method in methods) == sorted(OPERATIONS)


@pytest.mark.parametrize(("path", "method", "mode"), ASKED)
def test_answers_are_as_described(client: TestClient, path: str, method: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operation = schema[path][method]

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            case.body["classifier"] = "Reviews"  # else nearly no request would come further than the name
        asked = case.as_transport_kwargs(base_url="http://testserver")
        asked["content"] = asked.pop("data", None)
        for unused in ("files", "cookies"):
            asked.pop(unused, None)
        asked["headers"] = {**asked.get("headers", {}), **client.headers}
        case.validate_response(client.request(**asked), checks=CHECKS)

    ask()


def json_values() -> st.SearchStrategy[Any]:
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    return st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def bodies() -> st.SearchStrategy[bytes]:
    """Any bytes, any JSON, and objects that are nearly right."""
    near = st.fixed_dictionaries(
        {"classifier": NAMES | json_values()},
        optional={name: json_values() for name in ("text", "texts", "version", "label", "more")},
    )
    return st.binary() | (json_values() | near).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("path", ["/predict", "/feedback"])
def test_whatever_is_sent_is_answered(client: TestClient, path: str) -> None:
    described = set(client.get("/openapi.json").json()["paths"][path]["post"]["responses"])

    @BOUNDED
    @given(body=bodies())
    def send(body: bytes) -> None:
        answer = client.post(path, content=body)
        assert str(answer.status_code) in described
        if answer.status_code != 200:
            ErrorAnswer.model_validate_json(answer.content)

    send()


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key", "Content-Type", "Content-Length", "Origin"])
def test_whatever_stands_in_a_header_is_answered(client: TestClient, header: str) -> None:
    values = st.binary(max_size=200).map(
        lambda value: value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    )

    @BOUNDED
    @given(value=values)
    def send(value: bytes) -> None:
        answer = client.post("/predict", content=b"{}", headers=[(header.encode(), value)])
        assert answer.status_code in (401, 413, 422)

    send()
