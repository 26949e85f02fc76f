from __future__ import annotations

import base64
import hashlib
import re

import pytest
from starlette.testclient import TestClient

from core.serving.api.headers import own_scripts


@pytest.mark.parametrize(
    "path", ["/healthz", "/metrics", "/openapi.json", "/classifiers", "/nothing", "/docs-assets/swagger-ui.css"]
)
def test_every_answer_of_the_api_is_framed_guessed_and_kept_by_nobody(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_refusals_have_them_too(client: TestClient) -> None:
    del client.headers["Authorization"]
    answer = client.get("/classifiers")
    assert answer.status_code == 401
    assert answer.headers["x-frame-options"] == "DENY"


def test_the_page_of_the_api_runs_its_own_script_and_no_other(client: TestClient) -> None:
    answer = client.get("/docs")
    scripts = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "frame-ancestors 'none'" in policy
    assert re.search(r"script-src[^;]*unsafe", policy) is None


def test_a_script_is_known_by_its_content_alone() -> None:
    assert own_scripts("<script>a()</script><script src='x'></script>") == own_scripts("", ["a()"])
    assert own_scripts("<p>") == "'self'"
