from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.shell import compressed
from dashboard.shell.compressed import CompressedFiles, takes_gzip

CONTENT = b"export const words = ['a', 'b'];\n" * 200


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """A server that says "passed on" to whatever the middleware leaves alone."""
    files = tmp_path / "static"
    (files / "js").mkdir(parents=True)
    (files / "js" / "index.abc.js").write_bytes(CONTENT)
    (files / "js" / "small.js").write_bytes(b"1;")
    (files / "font.woff2").write_bytes(CONTENT)
    (tmp_path / "secret.js").write_bytes(CONTENT)

    async def passed_on(request: object) -> PlainTextResponse:
        return PlainTextResponse("passed on")

    routes = [Route("/{path:path}", passed_on, methods=["GET", "HEAD", "POST"])]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(CompressedFiles, files=files)]))


def test_javascript_comes_compressed_with_its_length(client: TestClient) -> None:
    with client.stream("GET", "/static/js/index.abc.js", headers={"Accept-Encoding": "gzip, br"}) as answer:
        body = b"".join(answer.iter_raw())
    assert gzip.decompress(body) == CONTENT
    assert int(answer.headers["content-length"]) == len(body) < len(CONTENT) / 10
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "application/javascript"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]


def test_a_browser_that_has_the_file_gets_it_not_again(client: TestClient) -> None:
    tag = client.get("/static/js/index.abc.js").headers["etag"]
    again = client.get("/static/js/index.abc.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_each_file_is_compressed_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    original = compressed._compressed
    monkeypatch.setattr(compressed, "_compressed", lambda path: made.append(path.name) or original(path))
    for _ in range(3):
        assert client.get("/static/js/index.abc.js").content == CONTENT
    assert made == ["index.abc.js"]


PASSED_ON = """/ /train /static/ /static/js/small.js /static/font.woff2 /static/js/none.js /media/index.abc.js
/static/../secret.js /static/..%2Fsecret.js /static//secret.js /api/v1/static/js/index.abc.js"""


@pytest.mark.parametrize("path", PASSED_ON.split())
def test_everything_else_passes(client: TestClient, path: str) -> None:
    assert client.get(path).text == "passed on"


@pytest.mark.parametrize(
    "headers",
    [{"Accept-Encoding": "identity"}, {"Accept-Encoding": "br, gzip;q=0"}, {"Range": "bytes=0-9"}],
    ids=["no gzip", "gzip refused", "a range"],
)
def test_who_cannot_use_the_compressed_form_does_not_get_it(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/static/js/index.abc.js", headers=headers).text == "passed on"


def test_only_reading_is_answered(client: TestClient) -> None:
    assert client.post("/static/js/index.abc.js").text == "passed on"


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=1.0, *;q=0.5", "GZIP", "*", "gzip;q=0.5"])
def test_a_header_that_allows_it(accepted: str) -> None:
    assert takes_gzip(accepted)


@pytest.mark.parametrize("accepted", ["", "br", "gzip; q=0", "gzip;q=0.000"])
def test_a_header_that_does_not_allow_it(accepted: str) -> None:
    assert not takes_gzip(accepted)
